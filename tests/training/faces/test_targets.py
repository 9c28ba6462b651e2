from __future__ import annotations

import numpy as np
import pytest

from mien_models.cells import LEVELS, faces, middles
from mien_training.faces.targets import COUNTS, IS_FACE, ROW, SCORE, TargetMaker
from tests.training.faces.conftest import FACE

NOTHING = np.zeros((0, 7, 2), np.float32)


def face_of(height: float, at: tuple[float, float] = (77, 61)) -> np.ndarray:
    face = (FACE - FACE[0]) * height / 80 + [at]
    face[1] = FACE[1] * height / 80
    return face.astype(np.float32)


def as_outputs(table: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """What a network would answer that has learned its targets by heart."""
    outputs, first = [], 0
    for level in LEVELS:
        rows, columns = middles(level, 128, 160).shape[:2]
        part = table[first : first + rows * columns].reshape(rows, columns, ROW)
        outputs.append((np.where(part[..., :1] > 0, 5.0, -10.0).astype(np.float32), part[..., 3:]))
        first += rows * columns
    return outputs


@pytest.mark.parametrize("height", [7, 10, 15, 23, 28, 40, 59, 70, 90, 120])
def test_every_height_has_cells_that_find_it(height: float) -> None:
    table = TargetMaker(128, 160).make(face_of(height)[None], NOTHING)

    assert table[:, SCORE].sum() >= 1
    (found,) = faces(LEVELS, as_outputs(table), 128, 160, 0.5)
    assert found.centre == pytest.approx((77, 61), abs=0.05)
    assert found.height == pytest.approx(height, rel=1e-3)
    assert np.allclose(found.landmarks, face_of(height)[2:], atol=0.05)


def test_what_is_ignored_does_not_count() -> None:
    table = TargetMaker(128, 160).make(NOTHING, face_of(60)[None])
    assert table[:, SCORE].sum() == 0
    assert 0 < (table[:, COUNTS] == 0).sum() < len(table) / 2


def test_cells_about_the_middle_may_but_need_not() -> None:
    table = TargetMaker(128, 160).make(face_of(70)[None], NOTHING)
    neither = (table[:, COUNTS] == 0).sum()
    assert neither > 0
    assert (table[table[:, SCORE] == 1, COUNTS] == 1).all()
    assert (table[:, IS_FACE] == table[:, SCORE]).all()


def test_an_empty_scene_is_all_negative() -> None:
    table = TargetMaker(128, 160).make(NOTHING, NOTHING)
    assert table.shape == (16 * 20 + 8 * 10 + 4 * 5, ROW)
    assert (table[:, COUNTS] == 1).all()
    assert table[:, SCORE].sum() == 0


def test_where_faces_meet_the_smaller_has_the_cell() -> None:
    both = np.stack([face_of(30), face_of(26, at=(80, 62))])
    table = TargetMaker(128, 160).make(both, NOTHING)
    found = faces(LEVELS, as_outputs(table), 128, 160, 0.5)
    assert min(box.height for box in found) < 29
