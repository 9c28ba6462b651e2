"""The camera's picture, one request each: who is slow asks seldom, and nobody is sent what is old."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mien_device.page import Backstage, Picture
from mien_device.page.reading import BadRequest, as_json

LOOKERS = 6
"""So many wait for a picture at once; each may hold up a thread for seconds."""
LARGEST_NUMBER = 2**53
_FRESH = {"Cache-Control": "no-store"}


class LiveApi:
    """Answers with `multipart/form-data` (RFC 7578), which browsers read by themselves: what was found, the picture, the crops."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._looking = 0

    async def picture(self, request: Request) -> Response:
        after = _number(request.query_params.get("after", "0"))
        if self._looking >= LOOKERS:
            return as_json({"status": "error", "error": f"{LOOKERS} look already"}, 429)
        self._looking += 1
        try:
            picture = await run_in_threadpool(self._backstage.picture, after)
        finally:
            self._looking -= 1
        if picture is None:
            return Response(status_code=204, headers=_FRESH)
        boundary = secrets.token_hex(16)
        kind = f"multipart/form-data; boundary={boundary}"
        return Response(b"".join(_parts(picture, boundary)), media_type=kind, headers=_FRESH)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < LARGEST_NUMBER):
        raise BadRequest("after is the number of a picture")
    return int(text)


def _parts(picture: Picture, boundary: str) -> Iterator[bytes]:
    yield _part(boundary, "found", "application/json", json.dumps(dict(picture.found)).encode())
    yield _part(boundary, "picture", "image/jpeg", picture.jpeg)
    for face, crop in picture.crops.items():
        yield _part(boundary, f"crop-{face}", "image/png", crop)
    yield f"--{boundary}--\r\n".encode()


def _part(boundary: str, name: str, kind: str, content: bytes) -> bytes:
    named = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
    return f"--{boundary}\r\n{named}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
