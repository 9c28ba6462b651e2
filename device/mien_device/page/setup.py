"""Setting mien up over HTTP. What works in the network is done for one at a time, and only for who may give commands too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mien_device.page import Backstage, Json, Reply
from mien_device.page.reading import BadRequest, as_answer, as_json, read_body

LONGEST = 255
"""Characters of a host's name (RFC 1035), and of a user's and a password."""


class SetupApi:
    """What may take a while is done in threads beside the event loop."""

    def __init__(self, backstage: Backstage) -> None:
        self._workshop = backstage.workshop
        self._busy: set[str] = set()

    async def checks(self, request: Request) -> Response:
        await _read_nothing(request)
        return await self._alone("checks", self._workshop.checks)

    async def nearby(self, request: Request) -> Response:
        await _read_nothing(request)
        return await self._alone("nearby", self._workshop.nearby)

    async def framing(self, request: Request) -> Response:
        return as_answer(await run_in_threadpool(self._workshop.framing))

    async def music(self, request: Request) -> Response:
        return as_answer(await run_in_threadpool(self._workshop.music))

    async def broker(self, request: Request) -> Response:
        wanted = await read_body(request)
        if not {"host"} <= set(wanted) <= set(BROKER["properties"]):
            raise BadRequest("a broker is an object with host, and if need be port, tls, username and password")
        host, username, password = (_words(wanted.get(name, ""), name) for name in ("host", "username", "password"))
        if not host:
            raise BadRequest("host is the broker's name or address")
        port, tls = wanted.get("port", 0), wanted.get("tls", False)
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
            raise BadRequest("port is a number from 0 to 65535; 0: the usual one")
        if not isinstance(tls, bool):
            raise BadRequest("tls is true or false")
        try_broker = self._workshop.try_broker
        return await self._alone(
            "broker", lambda: try_broker(host, port, tls=tls, username=username, password=password)
        )

    async def _alone(self, name: str, question: Callable[[], Reply]) -> Response:
        if name in self._busy:
            return as_json({"status": "error", "error": "somebody has asked for this already; wait a moment"}, 429)
        self._busy.add(name)
        try:
            return as_answer(await run_in_threadpool(question))
        finally:
            self._busy.discard(name)


async def _read_nothing(request: Request) -> None:
    if await read_body(request):
        raise BadRequest("the object has no keys")


def _words(value: Json, name: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        raise BadRequest(f"{name} is a text of at most {LONGEST} printable signs")
    return value


BROKER: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "host": {"type": "string", "minLength": 1, "maxLength": LONGEST},
        "port": {"type": "integer", "minimum": 0, "maximum": 65535, "default": 0, "description": "0: the usual one."},
        "tls": {"type": "boolean", "default": False},
        "username": {"type": "string", "maxLength": LONGEST},
        "password": {"type": "string", "maxLength": LONGEST, "description": "Is tried, and kept nowhere."},
    },
    "required": ["host"],
    "additionalProperties": False,
}
OPERATIONS: Mapping[str, tuple[str, str, str, Mapping[str, Json] | None]] = {
    "/api/setup/checks": ("post", "checks", "What mien check finds, by the running mien.", {}),
    "/api/setup/framing": ("get", "framing", "Where faces lie in the camera's picture, and what to do about it.", None),
    "/api/setup/music": ("get", "music", "Where music is looked for, and how much there is for each mood.", None),
    "/api/setup/nearby": ("post", "nearby", "Brokers and Home Assistants that announce themselves.", {}),
    "/api/setup/broker": ("post", "try_broker", "Connect to a broker once, and hang up.", BROKER),
}
"""For the API's description: method, name, words and body of each address."""
