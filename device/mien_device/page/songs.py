"""The library over HTTP: songs, and what a person says of them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mien_device.page import Backstage, Json, Reply
from mien_device.page.reading import BadRequest, as_answer, read_body


class SongsApi:
    """What may take a while is done in threads beside the event loop."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage

    async def songs(self, request: Request) -> Response:
        return await _answer(self._backstage.songs)

    async def place(self, request: Request) -> Response:
        song = request.path_params["song"]
        wanted = await _read(request, "valence", "arousal")
        valence, arousal = (_within_one(wanted[name], name) for name in ("valence", "arousal"))
        return await _answer(lambda: self._backstage.place(song, valence, arousal))

    async def displace(self, request: Request) -> Response:
        song = request.path_params["song"]
        return await _answer(lambda: self._backstage.displace(song))

    async def like(self, request: Request) -> Response:
        song = request.path_params["song"]
        liked = (await _read(request, "liked"))["liked"]
        if not isinstance(liked, bool):
            raise BadRequest("liked is true or false")
        return await _answer(lambda: self._backstage.like(song, liked=liked))


async def _answer(question: Callable[[], Reply]) -> Response:
    return as_answer(await run_in_threadpool(question))


async def _read(request: Request, *names: str) -> dict[str, Json]:
    wanted = await read_body(request)
    if set(wanted) != set(names):
        raise BadRequest(f"the object has the keys {' and '.join(names)}")
    return wanted


def _within_one(value: Json, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise BadRequest(f"{name} is a number from -1 to 1")
    return float(value)
