"""What is sent to the API, and what it sends: JSON."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from mien_device.page import Json, Outcome, Reply

LARGEST_BODY = 8192
"""Bytes; as much as a command may have over MQTT."""


class BadRequest(Exception):  # noqa: N818 - it is the answer, not an error of ours
    """The text says what is wrong with a request."""


async def read_body(request: Request) -> dict[str, Json]:
    """The JSON object that was sent.

    Raises:
        BadRequest: it is none, or too long.

    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise BadRequest(f"more than {LARGEST_BODY} bytes")
    try:
        wanted = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        raise BadRequest("this is not JSON") from None
    if not isinstance(wanted, dict):
        raise BadRequest("this is not a JSON object")
    return wanted


def as_json(value: Json, status: int = 200) -> Response:
    """Everything beyond ASCII is escaped: any text of any file can be sent so."""
    return Response(json.dumps(value), status, media_type="application/json", headers={"Cache-Control": "no-store"})


def as_answer(reply: Reply) -> Response:
    """What became of a request."""
    if reply.outcome is Outcome.DONE:
        return as_json({"status": "ok", "data": dict(reply.data)})
    return as_json({"status": "error", "error": reply.error}, reply.outcome.value)
