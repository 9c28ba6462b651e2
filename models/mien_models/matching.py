"""Which found face is which true one: how finders are judged, in training, after conversion and on footage alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mien_models.preprocess import Box

FOUND = 0.5
"""Overlap (IoU) from which a box covers a face."""
FALSE = 0.2
"""A box that overlaps every face and everything doubtful by less is false."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is to be found in a picture."""

    faces: tuple[Box, ...] = ()
    doubtful: tuple[Box, ...] = ()
    """Neither rewarded nor held against who finds it."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was found."""

    hits: tuple[Box | None, ...]
    """By face of the truth, the box that found it."""
    false: tuple[Box, ...]


def match(boxes: Sequence[Box], truth: Truth) -> Match:
    """Match `boxes`, best first, with the truth: each finds at most one face, the one it covers best."""
    hits: list[Box | None] = [None] * len(truth.faces)
    false = []
    everything = (*truth.faces, *truth.doubtful)
    for box in boxes:
        overlaps = [(box.iou(face), i) for i, face in enumerate(truth.faces) if hits[i] is None]
        best, index = max(overlaps, default=(0.0, -1))
        if best >= FOUND:
            hits[index] = box
        elif all(box.iou(other) < FALSE for other in everything):
            false.append(box)
    return Match(tuple(hits), tuple(false))
