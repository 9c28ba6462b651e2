"""The kinds of payload that the home may send, and their strict reading: anything may arrive on a topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mien_device.home.messages import OFF, ON

PRESS = "PRESS"
_SHOWN = 40
_WHOLE_NUMBER = re.compile("[0-9]{1,9}", re.ASCII)


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

    def read_json(self, value: object) -> Any:
        if not isinstance(value, str):
            raise CommandError(f"{_told(value)} is not a string")
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
    def example(self) -> str:
        return str((self.least + self.most) // 2)

    def read(self, text: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or not self.least <= int(text) <= self.most:
            raise CommandError(f"{shown(text)} is not a whole number from {self.least} to {self.most}")
        return int(text)

    def read_json(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise CommandError(f"{_told(value)} is not a whole number")
        return self.read(str(value))


@dataclass(frozen=True, slots=True)
class OnOff(_Word):
    """ON or OFF."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"enum": [ON, OFF]}

    @property
    def example(self) -> str:
        return OFF

    def read(self, text: str) -> bool:
        if text not in {ON, OFF}:
            raise CommandError(f"{shown(text)} is neither {ON} nor {OFF}")
        return text == ON


@dataclass(frozen=True, slots=True)
class Choice(_Word):
    """One of a few words."""

    options: Sequence[str]

    @property
    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)}

    @property
    def example(self) -> str:
        return self.options[0]

    def read(self, text: str) -> str:
        if text not in self.options:
            raise CommandError(f"{shown(text)} is none of {', '.join(self.options)}")
        return text


@dataclass(frozen=True, slots=True)
class Press(_Word):
    """A button: PRESS. In a request the value may be left out."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"const": PRESS}

    @property
    def example(self) -> str:
        return PRESS

    def read(self, text: str) -> None:
        if text != PRESS:
            raise CommandError(f"{shown(text)} is not {PRESS}")

    def read_json(self, value: object) -> None:
        if value is not None and value != PRESS:
            raise CommandError(f"{_told(value)} is not {PRESS}")


@dataclass(frozen=True, slots=True)
class Words(_Word):
    """Any printable text of at most `most` characters; lines may be broken."""

    most: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.most}

    @property
    def example(self) -> str:
        return "Dinner is ready"

    def read(self, text: str) -> str:
        if len(text) > self.most:
            raise CommandError(f"{len(text)} characters are too many, {self.most} are the most")
        if not all(line.isprintable() for line in text.split("\n")):
            raise CommandError(f"{shown(text)} holds characters that cannot be shown")
        return text


def shown(payload: str | bytes) -> str:
    """A payload for the log and for answers: no control characters, not much of it."""
    return ascii(payload[:_SHOWN]) + ("…" if len(payload) > _SHOWN else "")


def _told(value: object) -> str:
    """A value of JSON for an answer."""
    return shown(value) if isinstance(value, str) else shown(repr(value))[1:-1]
