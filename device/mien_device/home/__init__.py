"""What the home hears of mien and what it may ask: messages, their topics, and who delivers them."""

from __future__ import annotations

from typing import Protocol

from mien_device.home.messages import Event, Info, MoodMessage, NowPlaying, Probabilities, Settings, Stats


class Publisher(Protocol):
    """Delivers messages. Every call returns at once, whatever the network does.

    States are kept and sent again on every connect; events are delivered now or never.
    """

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    def start(self, info: Info) -> None:
        """Begin to deliver, in the background."""

    def mood(self, message: MoodMessage) -> None:
        """The retained mood and presence."""

    def probabilities(self, message: Probabilities) -> None:
        """What is behind the mood; not retained, lost if nobody listens."""

    def now_playing(self, message: NowPlaying) -> None:
        """The retained track."""

    def settings(self, message: Settings) -> None:
        """The retained echo of what the home may set."""

    def stats(self, message: Stats) -> None:
        """Figures of the last minute, not retained."""

    def event(self, message: Event) -> None:
        """Something that happened just now; lost if nobody listens."""

    def close(self) -> None:
        """Say `offline`, wait shortly for it to be delivered, disconnect. May be called twice."""
