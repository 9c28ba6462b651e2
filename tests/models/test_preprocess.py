"""The crop rule. Its golden crops are worked out by hand: training and device must both cut exactly so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mien_models.preprocess import FACE_SIZE, Box, Image, crop_face, grey, resize_face


def ramp(height: int, width: int) -> Image:
    """A picture in which every pixel tells where it is: ten times its row, plus its column."""
    return (10 * np.arange(height)[:, np.newaxis] + np.arange(width)).astype(np.uint8)


GOLDEN = {
    "inside: a square of the box's height around its centre": (
        Box(3, 2, 2, 4),
        [[22, 23, 24, 25], [32, 33, 34, 35], [42, 43, 44, 45], [52, 53, 54, 55]],
    ),
    "wide box: its height decides": (
        Box(1, 3, 6, 4),
        [[32, 33, 34, 35], [42, 43, 44, 45], [52, 53, 54, 55], [62, 63, 64, 65]],
    ),
    "fractions: to the nearest pixel": (
        Box(2.4, 1.6, 4, 4),
        [[22, 23, 24, 25], [32, 33, 34, 35], [42, 43, 44, 45], [52, 53, 54, 55]],
    ),
    "top left corner: border pixels repeated": (
        Box(-2, -1, 4, 4),
        [[0, 0, 0, 1], [0, 0, 0, 1], [10, 10, 10, 11], [20, 20, 20, 21]],
    ),
    "bottom right corner": (
        Box(6, 5, 4, 4),
        [[56, 57, 57, 57], [66, 67, 67, 67], [76, 77, 77, 77], [76, 77, 77, 77]],
    ),
    "the square wholly beside the picture, the box not": (
        Box(-20, 2, 21, 4),
        [[20, 20, 20, 20], [30, 30, 30, 30], [40, 40, 40, 40], [50, 50, 50, 50]],
    ),
}


@pytest.mark.parametrize(("box", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_golden_crops(box: Box, expected: list[list[int]]) -> None:
    assert crop_face(ramp(8, 8), box, size=4).tolist() == expected


def test_shrinks_by_area() -> None:
    picture = np.zeros((96, 96), np.uint8)
    picture[::2] = 100  # every second row: the mean of each 2×2 block is 50

    assert (crop_face(picture, Box(0, 0, 96, 96)) == 50).all()


def test_grows_between_the_pixels() -> None:
    picture = np.repeat(np.array([[0, 240]], np.uint8), 2, axis=0)

    assert crop_face(picture, Box(0, 0, 2, 2), size=4)[0].tolist() == [0, 60, 180, 240]


def test_a_face_of_the_networks_size_stays_as_it_is() -> None:
    face = np.random.default_rng(0).integers(0, 256, (FACE_SIZE, FACE_SIZE), np.uint8)

    assert (crop_face(face, Box(0, 0, FACE_SIZE, FACE_SIZE)) == face).all()


def test_colour_becomes_grey_by_luminance() -> None:
    blue, green, red = (np.eye(3, dtype=np.uint8) * 255)[:, np.newaxis, np.newaxis]

    assert [int(grey(colour).item()) for colour in (blue, green, red)] == [29, 150, 76]  # ITU-R BT.601
    assert (crop_face(np.full((60, 60, 3), 77, np.uint8), Box(5, 5, 50, 50)) == 77).all()


def test_the_picture_is_not_changed() -> None:
    picture = ramp(16, 16)
    crop = crop_face(picture, Box(-4, -4, 16, 16), size=16)
    crop[:] = 0

    assert (picture == ramp(16, 16)).all()


@pytest.mark.parametrize("box", [Box(8, 0, 4, 4), Box(0, 8, 4, 4), Box(-4, 0, 4, 4), Box(0, -4, 4, 4)])
def test_a_box_beside_the_picture_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="outside the 8x8 picture"):
        crop_face(ramp(8, 8), box)


pictures = arrays.arrays(
    np.uint8,
    st.one_of(
        st.tuples(st.integers(1, 70), st.integers(1, 70)),
        st.tuples(st.integers(1, 70), st.integers(1, 70), st.just(3)),
    ),
    elements=st.integers(0, 255),
    fill=st.integers(0, 255),
)
shares = st.floats(0.001, 0.999)
lengths = st.floats(0.1, 150)


@given(pictures, shares, shares, shares, shares, lengths, lengths)
def test_any_box_that_overlaps_gives_a_face(
    picture: Image, x: float, y: float, in_x: float, in_y: float, width: float, height: float
) -> None:
    # A point of the picture is put on a point of the box, so that the two overlap.
    rows, columns = picture.shape[:2]
    box = Box(x * columns - in_x * width, y * rows - in_y * height, width, height)

    face = crop_face(picture, box)

    assert face.shape == (FACE_SIZE, FACE_SIZE)
    assert face.dtype == np.uint8


@given(pictures.filter(lambda picture: picture.ndim == 2), lengths, lengths)
def test_a_crop_invents_no_brightness(picture: Image, width: float, height: float) -> None:
    face = crop_face(picture, Box(0, 0, width, height))

    assert picture.min() <= face.min() <= face.max() <= picture.max()


def test_resize_leaves_the_right_size_alone() -> None:
    face = ramp(4, 4)

    assert resize_face(face, 4) is face


def test_iou() -> None:
    box = Box(0, 0, 4, 2)

    assert box.iou(box) == 1
    assert box.iou(Box(2, 0, 4, 2)) == pytest.approx(1 / 3)
    assert box.iou(Box(4, 0, 4, 2)) == 0
    assert box.centre == (2, 1)


def tilted_box(degrees: float, side: float = 48.0) -> Box:
    """A face in the middle of a picture of 200×200 with landmarks turned clockwise."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.array([[-10, -8], [10, -8], [0, 2], [-7, 12], [7, 12]]) @ turn.T + 100
    return Box(100 - side / 2, 100 - side / 2, side, side, 1.0, tuple((float(x), float(y)) for x, y in points))


@pytest.mark.parametrize("degrees", [-170, -90, -35, 0, 10, 20, 45, 135, 179])
def test_roll_is_read_from_the_landmarks(degrees: float) -> None:
    assert tilted_box(degrees).roll == pytest.approx(degrees)


def test_without_landmarks_the_roll_is_unknown() -> None:
    assert Box(0, 0, 1, 1).roll is None


def tilted_picture(degrees: float) -> Image:
    """A smooth pattern that is unlike itself turned, turned clockwise about the middle of 200×200."""
    y, x = np.mgrid[:200, :200] - 99.5
    angle = np.radians(degrees)
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (128 + 60 * np.sin(across / 9) + 50 * np.tanh(down / 12)).round().astype(np.uint8)


@pytest.mark.parametrize("degrees", [-60, -20, 16, 40, 120])
def test_a_tilted_face_is_turned_upright(degrees: float) -> None:
    upright = crop_face(tilted_picture(0), tilted_box(0)).astype(int)
    turned = crop_face(tilted_picture(degrees), tilted_box(degrees)).astype(int)
    as_it_is = crop_face(tilted_picture(degrees), Box(76, 76, 48, 48)).astype(int)
    assert np.abs(turned - upright).mean() < 3
    assert np.abs(as_it_is - upright).mean() > 15


@pytest.mark.parametrize("degrees", [-14, -5, 14])
def test_a_little_tilt_stays_as_in_fer2013(degrees: float) -> None:
    picture = tilted_picture(degrees)
    assert (crop_face(picture, tilted_box(degrees)) == crop_face(picture, Box(76, 76, 48, 48))).all()


def test_a_tilted_face_at_the_border_repeats_it() -> None:
    box = tilted_box(40)
    cut = tilted_picture(40)[90:, 80:]
    moved = Box(box.x - 80, box.y - 90, 48, 48, 1.0, tuple((x - 80, y - 90) for x, y in box.landmarks))
    assert crop_face(cut, moved).shape == (FACE_SIZE, FACE_SIZE)
