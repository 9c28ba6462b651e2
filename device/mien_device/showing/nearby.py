"""Who announces itself in the network: brokers and Home Assistants, by mDNS (RFC 6762, 6763)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from mien_models.errors import MissingDependencyError

LISTEN_S = 3.0
"""Answers come within a second; a network without cables loses some, and the question is repeated."""
RESOLVE_MS = 800
MOST = 20
LONGEST = 100
"""Characters of a name that are shown."""
Kind = Literal["broker", "home-assistant"]
KINDS: dict[str, tuple[Kind, bool]] = {
    "_mqtt._tcp.local.": ("broker", False),
    "_secure-mqtt._tcp.local.": ("broker", True),
    "_home-assistant._tcp.local.": ("home-assistant", False),
}
"""Service types (IANA registry; Home Assistant's own), with what they are and whether they speak TLS."""
HOME_ASSISTANT_BROKER_PORT = 1883
"""Of the Mosquitto add-on, which does not announce itself."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Something that announced itself. All of it is what it says of itself."""

    kind: Kind
    name: str
    host: str
    """An address."""
    port: int
    """Of its broker."""
    tls: bool


def look_around() -> list[Neighbour]:
    """Ask for some seconds.

    Raises:
        MissingDependencyError: zeroconf is not installed.
        OSError: there is no network to ask in.

    """
    try:
        from zeroconf import ServiceBrowser, ServiceStateChange, Zeroconf
    except ImportError:
        raise MissingDependencyError(
            "zeroconf is not installed, so nobody can be looked for; `pip install zeroconf`, or type the broker's name"
        ) from None

    found: dict[tuple[str, str], None] = {}

    def note(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Added and len(found) < MOST:
            found[service_type, name] = None

    asker = Zeroconf()
    try:
        browser = ServiceBrowser(asker, list(KINDS), handlers=[note])
        threading.Event().wait(LISTEN_S)
        browser.cancel()
        known = [_neighbour(asker, service, name) for service, name in found]
    finally:
        asker.close()
    return sorted((each for each in known if each is not None), key=lambda each: (each.kind, each.name))


def _neighbour(asker: object, service: str, name: str) -> Neighbour | None:
    from zeroconf import IPVersion, ServiceInfo, Zeroconf

    assert isinstance(asker, Zeroconf)  # noqa: S101
    info = ServiceInfo(service, name)
    if not info.request(asker, RESOLVE_MS) or info.port is None:
        return None
    addresses = [*info.parsed_addresses(IPVersion.V4Only), *info.parsed_scoped_addresses(IPVersion.V6Only)]
    if not addresses:
        return None
    kind, tls = KINDS[service]
    port = HOME_ASSISTANT_BROKER_PORT if kind == "home-assistant" else info.port
    shown = "".join(sign for sign in name.removesuffix(f".{service}") if sign.isprintable())[:LONGEST]
    return Neighbour(kind, shown, addresses[0], port, tls)
