"""Where the faces are in a picture, which face is which from one picture to the next, and how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mien_models.preprocess import Box, Image
from mien_models.runner import Answer


class FaceFinder(Protocol):
    """Finds faces. Boxes follow one convention: hairline to chin (YuNet's), so that `crop_face` fits them all."""

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    @property
    def sure(self) -> float:
        """The score of a box from which it speaks for a face; one below is good enough to hold a face that is known."""

    def find(self, image: Image) -> list[Box]:
        """The faces in a picture (height, width[, 3]), best first; every score is `sure` or more."""

    def find_near(self, image: Image, box: Box) -> Box | None:
        """The face that was at `box` a moment ago: about there, of about that size. Far cheaper than `find`."""


class Reader(Protocol):
    """What is wanted of a network."""

    def read(self, face: Image) -> Answer:
        """What it makes of a grey face (48, 48)."""


def distinct(boxes: Sequence[Box], overlap: float = 0.4) -> list[Box]:
    """Each face once: of boxes that overlap by more than `overlap` (IoU) the first is kept."""
    kept: list[Box] = []
    for box in boxes:
        if all(box.iou(other) <= overlap for other in kept):
            kept.append(box)
    return kept
