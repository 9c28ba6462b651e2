"""Two paces: the whole picture now and then, the surroundings of known faces in every frame."""

from __future__ import annotations

from collections.abc import Sequence

from mien_device.faces import FaceFinder, distinct
from mien_models.preprocess import Box, Image

_SAME = 0.3
"""Boxes that overlap by more (IoU) are one face."""

_HURRY = 3
"""So much sooner it is searched for a face that is not where it was; not in every frame, for it may stay away."""

_CROWD = 8
"""More faces than this are found in the whole picture alone, frame by frame: looking for each would take many times as long."""


class PacedSearch:
    """Searches everywhere every `interval_s` seconds, and sooner when a known face is not where it was."""

    def __init__(self, finder: FaceFinder, interval_s: float = 0.5) -> None:
        self._finder = finder
        self.interval_s = interval_s
        """May be set at any time."""
        self._searched_at = -float("inf")
        self.searches = 0
        """Whole pictures searched so far."""

    def find(self, image: Image, at: float, known: Sequence[Box] = ()) -> list[Box]:
        """The faces of a picture taken at `at` (seconds), given where they were a moment before."""
        if len(known) > _CROWD:
            return self._find_everywhere(image, at)
        near = [(box, self._finder.find_near(image, box)) for box in known]
        found = [box for _, box in near if box is not None]
        lost = len(found) < len(near)
        if at - self._searched_at >= (self.interval_s / _HURRY if lost else self.interval_s):
            # What was found where a face was known comes first: it moves less from frame to frame.
            everywhere = self._find_everywhere(image, at)
            found += [box for box in everywhere if all(box.iou(other) <= _SAME for other in found)]
        return distinct(found)

    def _find_everywhere(self, image: Image, at: float) -> list[Box]:
        self._searched_at = at
        self.searches += 1
        return self._finder.find(image)
