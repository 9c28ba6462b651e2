"""A home that only remembers what it was told."""

from __future__ import annotations

from typing import TypeVar

from mien_device.home.messages import Info, Message

M = TypeVar("M", bound=Message)


class Recorder:
    """A `Publisher`."""

    name = "a recorder"

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def start(self, info: Info) -> None:
        self.publish(info)

    def publish(self, message: Message) -> None:
        self.messages.append(message)

    def close(self, reason: str = "stopped") -> None:
        pass

    def of(self, kind: type[M]) -> list[M]:
        """The messages of one kind, in order."""
        return [message for message in self.messages if isinstance(message, kind)]
