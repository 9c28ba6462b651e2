"""The geometry of the face finder: what the numbers in its grids of cells mean. Shared by training and the device.

Each cell may hold a face whose centre is near. Its 14 numbers, in units of its grid's `base` (pixels) from the cell's middle:
the box's centre (right, down), the natural logarithm of its width and height, and five landmarks (right, down).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Box

NUMBERS = 14
"""Of a cell: box and landmarks, beside its score."""
MERGED = 0.4
"""Boxes that overlap by more (IoU) are one face."""
_MOST = 300
"""Candidates that are looked at; far more than there are faces in any picture."""
_LARGEST_LOG = 4.0

Floats = npt.NDArray[np.float32]


class Grid(Protocol):
    """Where the cells of a level lie."""

    @property
    def stride(self) -> int: ...
    @property
    def base(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a network that is no file yet."""

    stride: int
    base: float


LEVELS = (Level(8, 16.0), Level(16, 44.0), Level(32, 100.0))
"""The grids of mien's own finders. A base lies in the middle of the heights that its grid answers for."""


def middles(grid: Grid, height: int, width: int) -> Floats:
    """The cells' middles (rows, columns, 2), x and y in pixels of an input of `height` and `width`."""
    rows, columns = -(-height // grid.stride), -(-width // grid.stride)
    xs, ys = np.meshgrid(np.arange(columns), np.arange(rows))
    return ((np.stack([xs, ys], axis=-1) + 0.5) * grid.stride).astype(np.float32)


def encode(cells: Floats, base: float, face: Floats) -> Floats:
    """The numbers (n, 14) by which cells with these middles (n, 2) tell of one `face`: centre, size, landmarks (7, 2), in pixels."""
    places = (face[[0, 2, 3, 4, 5, 6]][None] - cells[:, None]) / base  # (n, 6, 2)
    sizes = np.broadcast_to(np.log(face[1] / base), (len(cells), 2))
    return np.concatenate([places[:, 0], sizes, places[:, 1:].reshape(-1, 10)], axis=1).astype(np.float32)


def decode(cells: Floats, base: float, numbers: Floats) -> Floats:
    """The inverse of `encode` for cells (n, 2) with their numbers (n, 14): faces (n, 7, 2)."""
    places = np.concatenate([numbers[:, :2], numbers[:, 4:]], axis=1).reshape(-1, 6, 2) * base + cells[:, None]
    sizes = base * np.exp(np.clip(numbers[:, 2:4], -_LARGEST_LOG, _LARGEST_LOG))
    return np.concatenate([places[:, :1], sizes[:, None], places[:, 1:]], axis=1).astype(np.float32)


def faces(
    grids: Sequence[Grid], outputs: Sequence[tuple[Floats, Floats]], height: int, width: int, least: float
) -> list[Box]:
    """The faces that a network's outputs tell of, best first, in pixels of its input.

    Of each grid (rows, columns, 1) logits and (rows, columns, 14) numbers; `least` is the lowest score in (0, 1). What is no
    number tells of nothing: a network that is out of its mind must not take the device down.
    """
    logit = np.log(least / (1 - least))
    scores, found = [], []
    for grid, (logits, numbers) in zip(grids, outputs, strict=True):
        where = (logits[..., 0] >= logit) & np.isfinite(numbers).all(axis=-1)
        if where.any():
            scores.append(logits[where][:, 0])
            found.append(decode(middles(grid, height, width)[where], grid.base, numbers[where]))
    if not scores:
        return []
    logits, candidates = np.concatenate(scores), np.concatenate(found)
    best = np.argsort(-logits, kind="stable")[:_MOST]
    return _merged((1 / (1 + np.exp(-logits[best]))).astype(np.float32), candidates[best])


def _merged(scores: Floats, candidates: Floats) -> list[Box]:
    """Each face once: of those that overlap, the mean weighed by score (Bazarevsky et al. 2019, BlazeFace, section 3.5).

    The best alone would jump between neighbouring cells from frame to frame.
    """
    overlaps = _overlaps(candidates)
    left = np.ones(len(scores), bool)
    boxes = []
    while left.any():
        first = int(np.argmax(left))  # they come best first
        same = left & (overlaps[first] > MERGED)
        same[first] = True
        left &= ~same
        mean = np.average(candidates[same], axis=0, weights=scores[same])
        (x, y), (wide, high), *points = mean.tolist()
        boxes.append(
            Box(x - wide / 2, y - high / 2, wide, high, float(scores[first]), tuple((px, py) for px, py in points))
        )
    return boxes


def _overlaps(candidates: Floats) -> Floats:
    """Intersection over union of all pairs (n, n)."""
    low, high = candidates[:, 0] - candidates[:, 1] / 2, candidates[:, 0] + candidates[:, 1] / 2
    sides = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    areas = np.prod(candidates[:, 1], axis=-1)
    result: Floats = shared / (areas[:, None] + areas[None] - shared)
    return result
