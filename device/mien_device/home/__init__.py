"""What the home hears of mien and what it may ask: messages, their topics, and who delivers them.

`messages.py` and `commands.py` declare what there is, `entities.py` what Home Assistant shows of it; discovery, reading,
`docs/mqtt.md` and the JSON Schemas follow from these three. `mqtt.py` keeps the connection.
"""

from __future__ import annotations

from typing import Protocol

from mien_device.home.messages import Info, Message


class Publisher(Protocol):
    """Delivers messages. Every call returns at once, whatever the network does.

    States are kept and sent again on every connect; what is momentary is delivered now or never.
    """

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    def start(self, info: Info) -> None:
        """Begin to deliver, in the background."""

    def publish(self, message: Message) -> None:
        """Deliver it."""

    def close(self, reason: str = "stopped") -> None:
        """Say why, then `offline`, wait shortly for it to be delivered, disconnect. May be called twice."""
