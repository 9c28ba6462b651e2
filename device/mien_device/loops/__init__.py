"""The threads of the daemon: capture, vision, music, updates and the warden, each a loop, and the crew that starts and stops them."""

from __future__ import annotations

from typing import Protocol


class Loop(Protocol):
    """What one of the daemon's threads does."""

    def greet(self) -> None:
        """Tell the home the state to begin with, before the publisher starts."""

    def run(self) -> None:
        """Go on until told to stop."""
