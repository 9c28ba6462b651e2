"""Who may use the page, and under which name it may be called. Pure: a request is its headers and where it came from."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mien_device.config import PageConfig
from mien_models.errors import ConfigError

SHORTEST_TOKEN = 16
COOKIE = "mien_page"
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""A request with one of these was passed on by a proxy: where it really came from nobody knows."""
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

Headers = Mapping[str, str]
"""By lower-case name."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rules."""

    token: str | None
    names: frozenset[str]
    any_address: bool
    """Whether every IP address is a good name for this device: no page in the internet can make its own name of one."""

    @classmethod
    def of(cls, config: PageConfig, token: str | None) -> Access:
        """As configured.

        Raises:
            ConfigError: others could come in without a token, or the token is too easy.

        """
        check_settings(config, has_token=token is not None)
        if token is not None and not (len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable()):
            raise ConfigError(
                f"page token: {SHORTEST_TOKEN} plain signs are the least; `openssl rand -hex 16` makes a good one"
            )
        loopback = is_loopback(config.host)
        own = socket.gethostname().lower().partition(".")[0]
        others = set() if loopback else {own, f"{own}.local"}
        return cls(token, _LOCAL_NAMES | others | {name.lower() for name in config.names}, not loopback)

    def knows(self, host: str) -> bool:
        """Whether `host`, a header, is a name of this device. A page that names its own server with our address is refused."""
        name = _host_name(host)
        if name is None:
            return False
        return name in self.names or (self.any_address and _is_address(name))

    def lets_in(self, peer: str, headers: Headers, cookie: str | None) -> bool:
        """Whether a request from the address `peer` may be answered: this device's own, or one with the token."""
        if is_loopback(peer) and not any(name in headers for name in FORWARDED):
            return True
        if self.token is None:
            return False
        scheme, _, word = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(word.strip()):
            return True
        return cookie is not None and hmac.compare_digest(cookie.encode(), self.pass_.encode())

    def is_token(self, word: str) -> bool:
        """In a time that does not depend on how much of it is right."""
        return self.token is not None and hmac.compare_digest(word.encode(), self.token.encode())

    @property
    def pass_(self) -> str:
        """What a browser keeps instead of the token."""
        return hmac.new((self.token or "").encode(), b"mien page", hashlib.sha256).hexdigest()


def check_settings(config: PageConfig, *, has_token: bool) -> None:
    """Whether the settings fit together.

    Raises:
        ConfigError: they do not: others could come in without a token.

    """
    if not _is_address(config.host):
        raise ConfigError(f"'page.host': {config.host} is not an IP address; 127.0.0.1 is this device alone")
    if not is_loopback(config.host) and not has_token:
        raise ConfigError(
            f"'page.host': {config.host} lets other devices in, which wants a token: "
            "`openssl rand -hex 16` into a file that page.token_file names, or back to 127.0.0.1"
        )


def comes_from_elsewhere(method: str, headers: Headers) -> bool:
    """Whether another site made the browser send this (CSRF), or wants to show it within itself.

    By the headers that browsers set and pages cannot: Sec-Fetch-Site (W3C Fetch Metadata), else Origin. A person who
    follows a link to the page comes from elsewhere too, and may. What is no browser sends neither.
    """
    site = headers.get("sec-fetch-site")
    is_visit = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if site not in {None, "same-origin", "none"} and not (is_visit and method == "GET"):
        return True
    origin = headers.get("origin")
    if origin is None or method in {"GET", "HEAD"}:
        return False
    return _place_of(origin) != headers.get("host", "").lower()


def _place_of(origin: str) -> str | None:
    """Its host and port, as in a Host header; None if it is none: `null`, or nonsense that no browser sends."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _host_name(host: str) -> str | None:
    """Without port, brackets and a last dot; None if it is no host."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port  # the port is only read: one that is none is a mistake
    except ValueError:
        return None
    if not name or any(sign in host for sign in "/@?#\\ "):
        return None
    return name.removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(peer: str) -> bool:
    """Whether the address `peer` is this device itself, however it is written."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
