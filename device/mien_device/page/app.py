"""The page's addresses, as an ASGI application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mien_device.page import Backstage, NotAllowedError
from mien_device.page.access import Access
from mien_device.page.feed import Feed
from mien_device.page.guard import Guard
from mien_device.page.history import HistoryApi
from mien_device.page.live import LiveApi
from mien_device.page.openapi import document
from mien_device.page.reading import BadRequest, as_answer, as_json, read_body
from mien_device.page.setup import SetupApi
from mien_device.page.songs import SongsApi
from mien_models.errors import DataError

STATIC = Path(__file__).with_name("static")
COVER_KEPT_S = 86_400


def make_app(backstage: Backstage, feed: Feed, access: Access) -> Starlette:
    """Everything behind its guard."""
    api, songs, history = Api(backstage, feed), SongsApi(backstage), HistoryApi(backstage)
    routes = [
        Route("/", lambda request: FileResponse(STATIC / "index.html", media_type="text/html")),
        Route("/api/openapi.json", api.document),
        Route("/api/state", api.state),
        Route("/api/events", api.events),
        Route("/api/commands/{thing}", api.command, methods=["POST"]),
        Route("/api/covers/{key}", api.cover),
        Route("/api/history", history.show),
        Route("/api/history", history.erase, methods=["DELETE"]),
        Route("/api/history/moods.csv", history.moods),
        Route("/api/history/songs.csv", history.songs),
        Route("/api/live", LiveApi(backstage).picture),
        Route("/api/songs", songs.songs),
        Route("/api/songs/{song}/place", songs.place, methods=["PUT"]),
        Route("/api/songs/{song}/place", songs.displace, methods=["DELETE"]),
        Route("/api/songs/{song}/liked", songs.like, methods=["PUT"]),
        *_setup_routes(SetupApi(backstage)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    handlers: Any = {BadRequest: _say_bad, NotAllowedError: _say_not_allowed, DataError: _say_failing}
    return Starlette(routes=routes, middleware=[Middleware(Guard, access=access)], exception_handlers=handlers)


def _setup_routes(setup: SetupApi) -> list[Route]:
    return [
        Route("/api/setup/checks", setup.checks, methods=["POST"]),
        Route("/api/setup/framing", setup.framing),
        Route("/api/setup/music", setup.music),
        Route("/api/setup/nearby", setup.nearby, methods=["POST"]),
        Route("/api/setup/broker", setup.broker, methods=["POST"]),
    ]


class Api:
    """What is answered. What may take a while is done in threads beside the event loop."""

    def __init__(self, backstage: Backstage, feed: Feed) -> None:
        self._backstage = backstage
        self._feed = feed

    async def document(self, request: Request) -> Response:
        return as_json(document(self._backstage))

    async def state(self, request: Request) -> Response:
        return as_json(self._feed.state)

    async def events(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._feed.watch(), media_type="text/event-stream", headers=headers)

    async def command(self, request: Request) -> Response:
        wanted = await read_body(request)
        if set(wanted) - {"value"}:
            raise BadRequest("a command is an object with the key value, or without any")
        reply = await run_in_threadpool(self._backstage.ask, request.path_params["thing"], wanted.get("value"))
        return as_answer(reply)

    async def cover(self, request: Request) -> Response:
        cover = await run_in_threadpool(self._backstage.cover, request.path_params["key"])
        if cover is None:
            return as_json({"status": "error", "error": "there is no such cover"}, 404)
        headers = {
            "Cache-Control": f"private, max-age={COVER_KEPT_S}",
            # An SVG that somebody put into a song's folder is a picture here, and never a page.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        }
        return Response(cover.content, media_type=cover.mime, headers=headers)


async def _say_bad(request: Request, error: Exception) -> Response:
    return as_json({"status": "error", "error": str(error)}, 400)


async def _say_failing(request: Request, error: Exception) -> Response:
    return as_json({"status": "error", "error": str(error)}, 507)


async def _say_not_allowed(request: Request, error: Exception) -> Response:
    return as_json({"status": "error", "error": str(error)}, 403)
