"""Two models side by side on the same faces: how often they say the same. Pure: time is an argument."""

from __future__ import annotations

from mien_models.runner import LEAST_READABLE, Answer

LONGEST_STEP_S = 10.0
"""Time without faces counts no longer than this: nobody was there to compare."""


class Shadow:
    """Counts. `seconds` and `faces` must both be reached before it is `done`."""

    def __init__(self, seconds: float, faces: int) -> None:
        """Begin."""
        self._seconds, self._faces = seconds, faces
        self.watched_s, self.compared, self.agreed = 0.0, 0, 0
        self._last: float | None = None

    def add(self, answering: Answer, beside: Answer, now: float) -> None:
        """One face that both have read, at a monotonic second."""
        if self._last is not None:
            self.watched_s += min(max(0.0, now - self._last), LONGEST_STEP_S)
        self._last = now
        if answering.readable >= LEAST_READABLE:
            self.compared += 1
            self.agreed += bool(answering.probabilities.argmax() == beside.probabilities.argmax())

    @property
    def agreement(self) -> float | None:
        """Share of the faces that both read alike; None: none was read."""
        return self.agreed / self.compared if self.compared else None

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.watched_s / self._seconds, self.compared / self._faces)

    @property
    def done(self) -> bool:
        """Whether enough was seen to decide."""
        return self.progress >= 1.0
