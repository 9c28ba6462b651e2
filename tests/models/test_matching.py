from __future__ import annotations

from mien_models.matching import Truth, match
from mien_models.preprocess import Box

FACE, OTHER, DOUBTFUL = Box(10, 10, 40, 50), Box(100, 10, 40, 50), Box(10, 100, 40, 50)
TRUTH = Truth((FACE, OTHER), (DOUBTFUL,))


def moved(box: Box, x: float) -> Box:
    return Box(box.x + x, box.y, box.width, box.height, 0.9)


def test_a_box_finds_the_face_that_it_covers() -> None:
    found = match([moved(OTHER, 5)], TRUTH)
    assert found.hits == (None, moved(OTHER, 5))
    assert found.false == ()


def test_a_face_is_found_once_and_its_second_box_is_not_false() -> None:
    found = match([moved(FACE, 2), moved(FACE, -2)], TRUTH)
    assert found.hits == (moved(FACE, 2), None)
    assert found.false == ()


def test_what_touches_nothing_is_false_and_what_touches_doubt_is_not() -> None:
    stray = Box(300, 300, 40, 50)
    assert match([stray, DOUBTFUL], TRUTH).false == (stray,)


def test_half_beside_a_face_is_neither_found_nor_false() -> None:
    found = match([moved(FACE, 20)], TRUTH)
    assert found.hits == (None, None)
    assert found.false == ()
