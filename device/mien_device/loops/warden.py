"""The thread that asks every part how it is, tells the home what changed, and slows the work down when the board is hot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from mien_device.health.heat import Cooling
from mien_device.home import Publisher
from mien_device.home.messages import Health, PartName

log = logging.getLogger(__name__)

TURN_S = 0.5

Trouble = Callable[[], str | None]
"""Why a part does less than it should, in a sentence; None while it does all."""


class Warden:
    """Looks until told to stop. Parts say what is wrong with them and do not know who asks."""

    def __init__(
        self,
        parts: Mapping[PartName, Trouble],
        publisher: Publisher,
        stop: threading.Event,
        temperature: Callable[[], float | None],
        then: Callable[[], object] = lambda: None,
    ) -> None:
        """`then` is called after every look."""
        self._parts = parts
        self._publisher = publisher
        self._stop = stop
        self._temperature = temperature
        self._then = then
        self._cooling = Cooling()
        self._told: Health | None = None

    @property
    def stride(self) -> int:
        """Of so many frames one is to be looked at."""
        return self._cooling.stride

    def greet(self) -> None:
        """Give the publisher a state to begin with."""
        self.look()

    def run(self) -> None:
        """The loop."""
        while not self._stop.wait(TURN_S):
            self.look()

    def look(self) -> None:
        """Ask everyone once."""
        self._ask()
        self._then()

    def _ask(self) -> None:
        self._cooling.update(self._temperature(), time.monotonic())
        reasons = {name: reason for name, ask in self._parts.items() if (reason := ask()) is not None}
        if (reason := self._cooling.trouble) is not None:
            reasons["heat"] = reason
        health = Health(state="degraded" if reasons else "ok", reasons=reasons)
        if health == self._told:
            return
        before = self._told.reasons if self._told else {}
        self._told = health
        for name in reasons.keys() - before.keys():
            log.warning("degraded: %s: %s", name, reasons[name])
        for name in before.keys() - reasons.keys():
            log.info("%s: as it should be again", name)
        self._publisher.publish(health)
