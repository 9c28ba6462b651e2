"""Which cell is to say what: the truth of a scene in the network's own terms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_models.cells import LEVELS, NUMBERS, Level, encode, middles
from mien_training.faces.material import Faces

_HEIGHTS = ((0.0, 32.0), (24.0, 80.0), (60.0, np.inf))
"""Which faces each of `LEVELS` is to find, in pixels. Where two overlap both grids are to find the face."""
_NEAR, _NEAREST, _AROUND = 0.22, 0.75, 0.5
"""How far from a face's middle cells are to find it, in its heights, but at least so many strides (one to four cells); and how
far they may, in its box's sides."""

SCORE, COUNTS, IS_FACE = 0, 1, 2
"""Places in a cell's row: 1 where it is to find a face, 1 where its score counts, 1 where its numbers do; those follow."""
ROW = 3 + NUMBERS

Targets = npt.NDArray[np.float32]
"""(cells, 17), the cells of all grids one after the other."""


class TargetMaker:
    """Targets for scenes of one size."""

    def __init__(self, height: int, width: int) -> None:
        self._cells = [middles(level, height, width).reshape(-1, 2) for level in LEVELS]

    def make(self, faces: Faces, ignored: Faces) -> Targets:
        """The targets of a scene with these faces (n, 7, 2), and what is neither face nor nothing (m, 7, 2)."""
        tables = [
            _level_targets(cells, level, reach, faces, ignored)
            for cells, level, reach in zip(self._cells, LEVELS, _HEIGHTS, strict=True)
        ]
        return np.concatenate(tables)


def _level_targets(
    cells: npt.NDArray[np.float32], level: Level, heights: tuple[float, float], faces: Faces, ignored: Faces
) -> Targets:
    table = np.zeros((len(cells), ROW), np.float32)
    table[:, COUNTS] = 1
    for face in ignored:
        table[_within(cells, face, 0.5), COUNTS] = 0
    chosen = faces[(faces[:, 1, 1] >= heights[0]) & (faces[:, 1, 1] < heights[1])]
    for face in chosen:
        table[_within(cells, face, _AROUND), COUNTS] = 0
    # The largest first: where faces meet, the cell is the smaller one's, which is in front or has no other.
    for face in chosen[np.argsort(-chosen[:, 1, 1])]:
        reach = max(_NEAREST * level.stride, _NEAR * float(face[1, 1]))
        near = (np.abs(cells - face[0]) <= reach).all(axis=1)
        table[near, SCORE] = table[near, COUNTS] = table[near, IS_FACE] = 1
        table[near, 3:] = encode(cells[near], level.base, face)
    return table


def _within(cells: npt.NDArray[np.float32], face: Faces, share: float) -> npt.NDArray[np.bool_]:
    result: npt.NDArray[np.bool_] = (np.abs(cells - face[0]) <= share * face[1]).all(axis=1)
    return result
