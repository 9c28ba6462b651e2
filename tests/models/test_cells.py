"""What the numbers in a face finder's grids mean, and how candidates become faces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_models.cells import LEVELS, Level, decode, encode, faces, middles

FACE = np.array([[40, 50], [30, 40], [34, 44], [46, 44], [40, 52], [35, 60], [45, 60]], np.float32)


def test_cells_lie_a_stride_apart_from_half_a_stride_on() -> None:
    cells = middles(Level(8, 16), 128, 160)

    assert cells.shape == (16, 20, 2)
    assert cells[0, 0].tolist() == [4, 4]
    assert cells[2, 5].tolist() == [44, 20]


def test_a_size_that_the_stride_does_not_divide_has_a_last_cell_for_the_rest() -> None:
    assert middles(Level(32, 100), 240, 320).shape == (8, 10, 2)


@given(st.floats(0, 160), st.floats(0, 128), st.floats(6, 120), st.sampled_from(LEVELS))
def test_what_is_encoded_is_decoded(x: float, y: float, height: float, level: Level) -> None:
    face = (FACE - FACE[0]) * (height / 40) + [[x, y]]
    face[1] = FACE[1] * height / 40
    cells = middles(level, 128, 160).reshape(-1, 2)[::7]

    back = decode(cells, level.base, encode(cells, level.base, face.astype(np.float32)))

    assert np.allclose(back, face[None], atol=0.02)


def outputs(*scored: tuple[int, int, float], height: float = 16) -> list[tuple[np.ndarray, np.ndarray]]:
    """Nothing but the given cells of the first grid, by row and column, each with its score for the same face."""
    grids = []
    for level in LEVELS:
        cells = middles(level, 128, 160)
        logits = np.full((*cells.shape[:2], 1), -10, np.float32)
        numbers = np.zeros((*cells.shape[:2], 14), np.float32)
        if level is LEVELS[0]:
            face = (FACE - FACE[0]) * height / 40 + FACE[0]
            face[1] = FACE[1] * height / 40
            for row, column, score in scored:
                logits[row, column] = np.log(score / (1 - score))
                numbers[row, column] = encode(cells[row, column][None], level.base, face.astype(np.float32))[0]
        grids.append((logits, numbers))
    return grids


def test_candidates_that_overlap_are_one_face_with_the_best_score() -> None:
    (box,) = faces(LEVELS, outputs((6, 4, 0.7), (6, 5, 0.9), (5, 5, 0.6)), 128, 160, least=0.5)

    assert box.score == pytest.approx(0.9)
    assert box.centre == pytest.approx((40, 50), abs=0.01)
    assert box.height == pytest.approx(16, abs=0.01)
    assert box.landmarks[0] == pytest.approx((40 - 6 * 0.4, 50 - 6 * 0.4), abs=0.01)


def test_the_place_is_the_mean_weighed_by_score() -> None:
    grids = outputs((6, 4, 0.9), (6, 5, 0.6))
    grids[0][1][6, 5, 0] += 3 / 16  # three pixels further right

    (box,) = faces(LEVELS, grids, 128, 160, least=0.5)

    assert box.centre[0] == pytest.approx(40 + 3 * 0.6 / 1.5, abs=0.01)


def test_below_the_least_score_nothing_is_found() -> None:
    assert faces(LEVELS, outputs((6, 4, 0.5)), 128, 160, least=0.51) == []
    assert len(faces(LEVELS, outputs((6, 4, 0.5)), 128, 160, least=0.49)) == 1


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_tells_of_nothing(nonsense: float) -> None:
    grids = outputs((6, 4, 0.9), (12, 15, 0.9))
    grids[0][1][6, 4, 3] = nonsense
    assert len(faces(LEVELS, grids, 128, 160, least=0.5)) == 1
    grids[0][0][12, 15] = -np.inf if nonsense > 0 else nonsense
    assert faces(LEVELS, grids, 128, 160, least=0.5) == []


def test_numbers_beyond_reason_do_no_harm() -> None:
    grids = outputs((6, 4, 0.9))
    grids[0][1][6, 4] = 1e30

    (box,) = faces(LEVELS, grids, 128, 160, least=0.5)

    assert np.isfinite(box.height)
