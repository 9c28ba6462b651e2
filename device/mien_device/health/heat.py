"""Slower before the kernel is: a board that grows hot is given less to do. Pure: the temperature is an argument."""

from __future__ import annotations

HOT_C = 75.0
"""A Raspberry Pi is throttled at 80 °C (Raspberry Pi documentation, "Frequency management and thermal control")."""
COOL_C = 68.0
"""Below it more is done again. The gap keeps a board on the edge from changing its pace all the time."""
SETTLE_S = 20.0
"""A board answers to less work this slowly; before, no further step is taken."""
SLOWEST = 8
"""Of so many frames one is looked at, at the most."""


class Cooling:
    """How many frames come to one that is looked at: doubled while the board is hot, halved when it is cool."""

    def __init__(self) -> None:
        self.stride = 1
        self._stepped_at = -float("inf")

    def update(self, temperature_c: float | None, at: float) -> int:
        """Take in the temperature at this monotonic second (None: unknown, then nothing is slowed down)."""
        wanted = self.stride
        if temperature_c is None:
            wanted = 1
        elif temperature_c >= HOT_C:
            wanted = min(2 * self.stride, SLOWEST)
        elif temperature_c <= COOL_C:
            wanted = max(self.stride // 2, 1)
        if wanted != self.stride and at - self._stepped_at >= SETTLE_S:
            self.stride, self._stepped_at = wanted, at
        return self.stride

    @property
    def trouble(self) -> str | None:
        """What the home is told; the figure itself is among the statistics."""
        if self.stride == 1:
            return None
        return (
            f"the processor is hot (above {COOL_C:.0f} °C), so fewer frames are looked at; give it air or a heat sink"
        )
