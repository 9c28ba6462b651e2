"""The kinds of payload that the home may send, and their strict reading: anything may arrive on a topic."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from mien_device.home.messages import OFF, ON

PRESS = "PRESS"
_SHOWN = 40
_CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff"
"""Unicode's control characters (Cc) but tab and line breaks, and lone surrogates (Cs), as regular expressions say it."""
_SONG_ID = re.compile("[0-9a-f]{32}")
_WHOLE_NUMBER = re.compile("[0-9]{1,9}", re.ASCII)
_FURTHEST_S = 999_999
"""No song is longer than eleven days."""
_SECONDS = r"[0-9]{1,6}(\.[0-9]{1,3})?"
_PER_CENT = r"(100|[0-9]{1,2}(\.[0-9]{1,3})?)%"
_SPOT = re.compile(f"[+-]?{_SECONDS}|{_PER_CENT}")


class CommandError(ValueError):
    """A payload that means nothing on its topic, or a command that cannot be carried out; the text says why."""


class Payload(Protocol):
    """One kind. The text form is for `<thing>/set`, the JSON form for `value` of `request/<thing>`."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the JSON form; the text form is the same without quotation marks."""

    @property
    def example(self) -> str:
        """In text form."""

    def read(self, text: str) -> Any:
        """What the text form means.

        Raises:
            CommandError: nothing.

        """

    def read_json(self, value: object) -> Any:
        """What the JSON form means.

        Raises:
            CommandError: nothing.

        """


class _Word:
    """A kind whose JSON form is its text form as a string."""

    def read(self, text: str) -> Any:
        raise NotImplementedError

    @property
    def wanted(self) -> str:
        raise NotImplementedError

    def read_json(self, value: object) -> Any:
        if not isinstance(value, str):
            raise CommandError(f"{_told(value)} is not {self.wanted}")
        return self.read(value)


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number from `least` to `most`."""

    least: int
    most: int
    unit: str

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    @property
    def wanted(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    @property
    def example(self) -> str:
        return str((self.least + self.most) // 2)

    def read(self, text: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or not self.least <= int(text) <= self.most:
            raise CommandError(f"{shown(text)} is not {self.wanted}")
        return int(text)

    def read_json(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise CommandError(f"{_told(value)} is not {self.wanted}")
        return self.read(str(value))


@dataclass(frozen=True, slots=True)
class OnOff(_Word):
    """ON or OFF."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"enum": [ON, OFF]}

    @property
    def wanted(self) -> str:
        return f"{ON} or {OFF}"

    @property
    def example(self) -> str:
        return OFF

    def read(self, text: str) -> bool:
        if text not in {ON, OFF}:
            raise CommandError(f"{shown(text)} is not {self.wanted}")
        return text == ON


@dataclass(frozen=True, slots=True)
class Choice(_Word):
    """One of a few words."""

    options: Sequence[str]

    @property
    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)}

    @property
    def wanted(self) -> str:
        return f"one of {', '.join(self.options)}"

    @property
    def example(self) -> str:
        return self.options[0]

    def read(self, text: str) -> str:
        if text not in self.options:
            raise CommandError(f"{shown(text)} is not {self.wanted}")
        return text


@dataclass(frozen=True, slots=True)
class Press(_Word):
    """A button: PRESS. In a request the value may be left out."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"const": PRESS}

    @property
    def wanted(self) -> str:
        return PRESS

    @property
    def example(self) -> str:
        return PRESS

    def read(self, text: str) -> None:
        if text != PRESS:
            raise CommandError(f"{shown(text)} is not {self.wanted}")

    def read_json(self, value: object) -> None:
        if value is not None and value != PRESS:
            raise CommandError(f"{_told(value)} is not {self.wanted}")


class Measure(StrEnum):
    """What the number of a `Spot` means."""

    SECONDS = "seconds"
    """From the song's beginning."""
    ON = "on"
    """Seconds from where it is now; back if negative."""
    SHARE = "share"
    """Of the song's length, 0 … 1."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the song that plays."""

    amount: float
    measure: Measure


@dataclass(frozen=True, slots=True)
class SongSpot:
    """A `Spot`: seconds, `+` or `-` seconds from here, or per cent of the song."""

    @property
    def schema(self) -> dict[str, Any]:
        number = {"type": "number", "minimum": 0, "maximum": _FURTHEST_S}
        return {"anyOf": [number, {"type": "string", "pattern": f"^({_SPOT.pattern})$"}]}

    @property
    def wanted(self) -> str:
        return "a place in a song: seconds such as 90, +15 or -15 seconds from here, or 50%"

    @property
    def example(self) -> str:
        return "90"

    def read(self, text: str) -> Spot:
        if not _SPOT.fullmatch(text):
            raise CommandError(f"{shown(text)} is not {self.wanted}")
        if text.endswith("%"):
            return Spot(float(text[:-1]) / 100, Measure.SHARE)
        return Spot(float(text), Measure.ON if text[0] in "+-" else Measure.SECONDS)

    def read_json(self, value: object) -> Spot:
        if isinstance(value, str):
            return self.read(value)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _FURTHEST_S:
            raise CommandError(f"{_told(value)} is not {self.wanted}")
        return Spot(float(value), Measure.SECONDS)


@dataclass(frozen=True, slots=True)
class SongId(_Word):
    """What a song of the library is known by."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_SONG_ID.pattern}$"}

    @property
    def wanted(self) -> str:
        return "a song's id, 32 hex digits"

    @property
    def example(self) -> str:
        return "5f1d7a84db00d2fce00b31a7fc73224f"

    def read(self, text: str) -> str:
        if not _SONG_ID.fullmatch(text):
            raise CommandError(f"{shown(text)} is not {self.wanted}")
        return text


@dataclass(frozen=True, slots=True)
class Words(_Word):
    """Any text of at most `most` characters without control characters; lines may be broken."""

    most: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.most, "pattern": f"^[^{_CONTROL}]*$"}

    @property
    def wanted(self) -> str:
        return f"a text of at most {self.most} characters without control characters"

    @property
    def example(self) -> str:
        return "Dinner is ready"

    def read(self, text: str) -> str:
        if len(text) > self.most:
            raise CommandError(f"{len(text)} characters are too many, {self.most} are the most")
        # Joiners and special spaces are no control characters: emoji, Persian and French are written with them.
        if re.search(f"[{_CONTROL}]", text):
            raise CommandError(f"{shown(text)} is not {self.wanted}")
        return text.replace("\r\n", "\n")


def shown(payload: str | bytes) -> str:
    """A payload for the log and for answers: no control characters, not much of it."""
    return ascii(payload[:_SHOWN]) + ("…" if len(payload) > _SHOWN else "")


def _told(value: object) -> str:
    """A value of JSON for an answer, in JSON's own words."""
    if isinstance(value, list | dict):  # which may be deep, too deep to be written down
        return "a list" if isinstance(value, list) else "an object"
    return "nothing" if value is None else shown(json.dumps(value))[1:-1]
