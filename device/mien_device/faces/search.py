"""Two paces: the whole picture now and then, the surroundings of known faces in every frame."""

from __future__ import annotations

from collections.abc import Sequence

from mien_device.faces import FaceFinder, distinct
from mien_models.preprocess import Box, Image

_SAME = 0.3
"""Boxes that overlap by more (IoU) are one face."""


class PacedSearch:
    """Searches everywhere every `interval_s` seconds, and sooner when a known face is not where it was."""

    def __init__(self, finder: FaceFinder, interval_s: float = 0.5) -> None:
        self._finder = finder
        self._interval_s = interval_s
        self._hurry_s = interval_s / 3
        """A face that stays away must not bring back a search of the whole picture in every frame."""
        self._searched_at = -float("inf")
        self.searches = 0
        """Whole pictures searched so far."""

    def find(self, image: Image, at: float, known: Sequence[Box] = ()) -> list[Box]:
        """The faces of a picture taken at `at` (seconds), given where they were a moment before."""
        near = [(box, self._finder.find_near(image, box)) for box in known]
        found = [box for _, box in near if box is not None]
        lost = len(found) < len(near)
        if at - self._searched_at >= (self._hurry_s if lost else self._interval_s):
            self._searched_at = at
            self.searches += 1
            # What was found where a face was known comes first: it moves less from frame to frame.
            found += [box for box in self._finder.find(image) if all(box.iou(other) <= _SAME for other in found)]
        return distinct(found)
