"""Stands before everything else: who is not let in gets 401 or 403 and nothing of mien."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from importlib.resources import files
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien_device.page.access import COOKIE, Access, comes_from_elsewhere, is_loopback

LOGIN = "/login"
LARGEST_LOGIN = 4096
"""Bytes."""
WRITES = {"POST", "PUT", "DELETE", "PATCH"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "worker-src 'self'; require-trusted-types-for 'script'; trusted-types mien-worker"
)
"""Of everything that is answered (W3C Content Security Policy 3): only files of ours, no text that becomes script but the address
of the worker that listens for all tabs (js/feed.js)."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser says that its login comes from `null`
    "X-Content-Type-Options": "nosniff",
}
OVER_THE_NETWORK = {"Cross-Origin-Opener-Policy": ""}
"""Over plain HTTP browsers pass over this one, and complain of it on the console."""

_FORM = files(__package__).joinpath("login.html").read_text(encoding="utf-8")
_STYLE = _FORM.partition("<style>")[2].partition("</style>")[0]
_FORM_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        own = HEADERS if is_loopback(_peer(scope)) else HEADERS | OVER_THE_NETWORK

        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in own.items():
                    if value:
                        headers.setdefault(name, value)
            await send(message)

        try:
            refusal = await self._refusal(scope, receive)
            await (refusal or self._app)(scope, receive, send_guarded)
        except ClientDisconnect:
            pass  # in the middle of a request; a traceback for each would let others fill the journal
        except asyncio.CancelledError:  # the server ends, and nothing runs after this answer
            if not begun:
                await PlainTextResponse("mien stops.\n", 503)(scope, receive, send_guarded)

    async def _refusal(self, scope: Scope, receive: Receive) -> Response | None:
        """What is answered in place of what was asked for; None lets it pass."""
        headers = {name.lower(): value for name, value in Headers(scope=scope).items()}
        method, path = scope["method"], scope["path"]
        if not self._access.knows(headers.get("host", "")):
            return _refuse("This device is not known by that name. Add it to page.names in mien's configuration.")
        if comes_from_elsewhere(method, headers):
            return _refuse("Another site asked for this.")
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        is_in = self._access.lets_in(_peer(scope), headers, cookie)
        if path == LOGIN and (is_in or method == "POST"):
            # Who is in already sends it from another tab, or presses its button twice.
            return RedirectResponse("/", 303) if is_in else await self._login(Request(scope, receive))
        if not is_in:
            return _ask(401)
        if method in WRITES and not headers.get("content-type", "").startswith("application/json"):
            # A form of another site can send anything but this without asking us first.
            return PlainTextResponse("Only application/json is taken.\n", 415)
        return None

    async def _login(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_LOGIN:
                return _ask(403)
        words = parse_qs(body.decode("utf-8", "replace")).get("token", [""])
        if not self._access.is_token(words[0].strip()):
            return _ask(403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, self._access.pass_, max_age=365 * 86400, httponly=True, samesite="strict")
        return answer


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])


def _refuse(words: str) -> Response:
    return PlainTextResponse(f"{words}\n", 403)


def _ask(status: int) -> Response:
    headers = {"Content-Security-Policy": _FORM_POLICY, "WWW-Authenticate": 'Bearer realm="mien"'}
    return HTMLResponse(_FORM, status, headers=headers)
