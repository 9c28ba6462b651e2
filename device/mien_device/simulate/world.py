"""What is broken at this moment. Faults are functions of time: a daemon that is started again finds the world as it is."""

from __future__ import annotations

import time
from pathlib import Path

from mien_device import clock
from mien_device.simulate.trace import Kind, Trace

COOL_C, HOT_C = 50.0, 79.0
TURN_S = 0.05


class World:
    """As the trace says, from the moment that stands in the file `begun` (seconds of the monotonic clock); before, all is well."""

    def __init__(self, trace: Trace, begun: Path) -> None:
        self._trace = trace
        self._path = begun
        self._begun: float | None = None

    def broken(self, kind: Kind) -> bool:
        """Whether this is so now."""
        at = self.at()
        return any(fault.kind is kind and fault.at_s <= at < fault.end_s for fault in self._trace.fault)

    def wait_out(self, kind: Kind) -> None:
        """Return when that is over."""
        while self.broken(kind):
            time.sleep(TURN_S)

    def at(self) -> float:
        """Seconds since the beginning; below zero before it."""
        if self._begun is None:
            try:
                self._begun = float(self._path.read_text(encoding="ascii"))
            except (OSError, ValueError):  # it is not there yet
                return -1.0
        return time.monotonic() - self._begun

    def set_clock(self) -> None:
        """Let the time of day be as wrong as it is now."""
        at = self.at()
        jumps = [f for f in self._trace.fault if f.kind is Kind.CLOCK_JUMP and f.at_s <= at < f.end_s]
        clock.set_ahead(sum(fault.ahead_s for fault in jumps))

    def temperature_c(self) -> float:
        """Of the processor."""
        return HOT_C if self.broken(Kind.BOARD_HOT) else COOL_C

    def power_trouble(self) -> str | None:
        """What the home is told of the power supply."""
        return "the simulated power supply gives too little voltage" if self.broken(Kind.POWER_LOW) else None
