"""What the home may ask of mien, and the strict reading of it: anything may arrive on a `set` topic."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from mien_device.home.messages import OFF, ON

log = logging.getLogger(__name__)

MAX_PAYLOAD = 1024
"""Bytes. The longest command that means anything has five."""
COMPLAINT_INTERVAL_S = 10.0
"""Rejected commands are logged this often at most."""

PRESS = "PRESS"
_SHOWN = 40
_WHOLE_NUMBER = re.compile("[0-9]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Topic `volume/set`, payload 0 … 100 as text."""

    volume: int
    """Per cent."""


@dataclass(frozen=True, slots=True)
class NextTrack:
    """Topic `next/set`, payload PRESS."""


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Topic `pause/set`, payload ON or OFF."""

    paused: bool


Command = SetVolume | NextTrack | SetPaused


class CommandError(ValueError):
    """A payload that means nothing on its topic."""


def parse_command(thing: str, payload: bytes) -> Command:
    """The command that `payload` is on the topic `<thing>/set`.

    Raises:
        CommandError: the thing is not known, or the payload is not one of those it takes.

    """
    if len(payload) > MAX_PAYLOAD:
        raise CommandError(f"{len(payload)} bytes are too long")
    parser = _PARSERS.get(thing)
    if parser is None:
        raise CommandError("there is no such command")
    try:
        text = payload.decode("ascii")
    except UnicodeDecodeError:
        raise CommandError(f"{_show(payload)} is not plain text") from None
    return parser(text)


def _volume(text: str) -> Command:
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > 100:
        raise CommandError(f"{_show(text)} is not a whole number from 0 to 100")
    return SetVolume(int(text))


def _next(text: str) -> Command:
    if text != PRESS:
        raise CommandError(f"{_show(text)} is not {PRESS}")
    return NextTrack()


def _pause(text: str) -> Command:
    if text not in {ON, OFF}:
        raise CommandError(f"{_show(text)} is neither {ON} nor {OFF}")
    return SetPaused(text == ON)


_PARSERS: dict[str, Callable[[str], Command]] = {"volume": _volume, "next": _next, "pause": _pause}
THINGS = tuple(_PARSERS)
"""Each of them is commanded on `<thing>/set`."""


def _show(payload: str | bytes) -> str:
    """The payload for a log: no control characters, not much of it."""
    return ascii(payload[:_SHOWN]) + ("…" if len(payload) > _SHOWN else "")


class CommandInbox:
    """Hands good commands on and complains of the others, seldom. Never raises."""

    def __init__(self, on_command: Callable[[Command], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._on_command = on_command
        self._clock = clock
        self._quiet_until = -float("inf")
        self._unsaid = 0

    def receive(self, thing: str, payload: bytes, *, retained: bool) -> None:
        """A message came on `<thing>/set`. A retained one is an order from long ago, which must not be carried out now."""
        if retained:
            self._complain(thing, "was retained and is ignored; publish commands without the retain flag")
            return
        try:
            command = parse_command(thing, payload)
        except CommandError as error:
            self._complain(thing, str(error))
            return
        try:
            self._on_command(command)
        except Exception:
            log.exception("%s/set: the command failed", thing)

    def _complain(self, thing: str, reason: str) -> None:
        now = self._clock()
        if now < self._quiet_until:
            self._unsaid += 1
            return
        more = f" (and {self._unsaid} more commands were rejected before)" if self._unsaid else ""
        log.warning("MQTT command %s/set: %s%s", thing, reason, more)
        self._quiet_until, self._unsaid = now + COMPLAINT_INTERVAL_S, 0
