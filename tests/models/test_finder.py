"""The face finder's runner, with the tiny one that takes white squares for faces."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.cells import LEVELS
from mien_models.errors import ManifestError
from mien_models.finder import Finder, ModelFinder, letterbox, surroundings
from mien_models.manifest import load_any_manifest, load_finder_manifest, load_manifest, read_kind
from mien_models.preprocess import Box, Image
from mien_models.runner import Classifier
from tests.make_tiny_finder import TINY_FINDER, squares
from tests.make_tiny_model import TINY_MODEL


@pytest.fixture(scope="module")
def finder() -> ModelFinder:
    return ModelFinder.open(TINY_FINDER)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY_FINDER, tmp_path / "tiny"))


def edited(model: Path, change: Any) -> str:
    path = model / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load_finder_manifest(model)
    return str(caught.value)


def test_each_square_is_a_face_where_it_lies(finder: ModelFinder) -> None:
    boxes = finder.find(squares((3, 4), (10, 15)))

    assert sorted((round(b.centre[0]), round(b.centre[1])) for b in boxes) == [(36, 28), (124, 84)]
    assert all(box.height == pytest.approx(16, rel=0.05) for box in boxes)
    assert all(box.score > 0.95 for box in boxes)
    nose = next(box.landmarks[2] for box in boxes if box.centre[0] < 80)
    assert nose == pytest.approx((36, 28), abs=0.5)


def test_what_is_less_bright_is_less_sure(finder: ModelFinder) -> None:
    (box,) = finder.find(squares((3, 4), brightness=191))
    assert box.score == pytest.approx(0.73, abs=0.05)
    assert finder.find(squares((3, 4), brightness=128)) == []
    assert len(finder.look(squares((3, 4), brightness=128), 0.05)) == 1


@pytest.mark.parametrize("factor", [0.5, 2, 4])
def test_boxes_are_in_the_pictures_own_pixels(finder: ModelFinder, factor: float) -> None:
    picture = squares((6, 8))
    larger = np.kron(picture, np.ones((int(factor), int(factor)), np.uint8)) if factor > 1 else picture[::2, ::2]

    (box,) = finder.find(larger)

    assert box.centre == pytest.approx((68 * factor, 52 * factor), abs=1.5 * factor)
    assert box.height == pytest.approx(16 * factor, rel=0.05)
    assert box.landmarks[0] == pytest.approx((64 * factor, 48 * factor), abs=1.5 * factor)


def test_a_wide_picture_is_letterboxed(finder: ModelFinder) -> None:
    pixels, scale = letterbox(np.full((90, 320), 200, np.uint8), 128, 160)
    assert scale == 0.5
    assert (pixels[:45] == 200).all()
    assert not pixels[45:].any()

    (box,) = finder.find(np.kron(squares((3, 4), height=64), np.ones((2, 2), np.uint8)))
    assert box.centre == pytest.approx((72, 56), abs=3)


def test_a_dark_picture_is_brightened_and_the_black_beside_it_stays(finder: ModelFinder) -> None:
    dark = (squares((3, 4), height=64) * 0.15).astype(np.uint8)
    pixels, _ = letterbox(dark, 128, 160)
    assert pixels[24:32, 32:40].min() > 200
    assert not pixels[64:].any()
    assert len(finder.find(dark)) == 1


def test_even_light_brings_out_what_lies_in_the_shade() -> None:
    """A texture with an eighth of the light on its left half: fed in even light, it shows several times as much of it."""
    picture = np.random.default_rng(0).integers(60, 220, (128, 160), dtype=np.uint8)
    picture[:, :80] //= 8
    fed: list[np.ndarray] = []

    def network(pixels: Image) -> list[Any]:
        fed.append(pixels)
        return [(np.full((1, 1, 1), -9.0, np.float32), np.zeros((1, 1, 14), np.float32))]

    for even in (False, True):
        Finder(network, LEVELS[:1], 128, 160, even_light=even).look(picture, 0.5)
    plain, evened = (pixels[:, :70].std() / pixels[:, 90:].std() for pixels in fed)

    assert plain == pytest.approx(1 / 8, rel=0.05)
    assert evened > 3 * plain


def test_the_manifest_says_whether_the_light_is_evened(model: Path) -> None:
    assert not ModelFinder.open(model).even_light
    path = model / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"even_light": True}))
    assert ModelFinder.open(model).even_light


def test_colours_are_seen_as_grey(finder: ModelFinder) -> None:
    picture = squares((3, 4))
    assert finder.find(np.stack([picture] * 3, axis=2)) == finder.find(picture)


def test_near_looks_into_the_surroundings_alone(finder: ModelFinder) -> None:
    picture = np.kron(squares((4, 4), (4, 16)), np.ones((4, 4), np.uint8))  # 640 × 512, squares of 32
    # In the window the 32 pixels of the square fill several cells: one of them lies on the known face.
    box = finder.find_near(picture, Box(112, 112, 64, 64))
    assert box is not None
    assert np.hypot(box.centre[0] - 144, box.centre[1] - 144) < 32
    assert finder.find_near(picture, Box(300, 300, 64, 64)) is None


@pytest.mark.parametrize("box", [Box(-500, 0, 60, 80), Box(159, 127, 60, 80), Box(0, 500, 5, 5)])
def test_near_finds_nothing_where_there_is_no_picture(finder: ModelFinder, box: Box) -> None:
    assert finder.find_near(squares(), box) is None


@pytest.mark.parametrize("middle", [(-60, 60), (700, 60), (100, -60), (100, 600)])
def test_there_are_no_surroundings_beside_a_picture(middle: tuple[int, int]) -> None:
    """A face that went out is expected further on; what lies at the other side of the picture is not near it."""
    part, _, _ = surroundings(squares(), Box(middle[0] - 10, middle[1] - 10, 20, 20), 80, 80)
    assert part.size == 0


def test_kinds_are_told_apart() -> None:
    assert (read_kind(TINY_FINDER), read_kind(TINY_MODEL)) == ("faces", "emotion")
    assert load_any_manifest(TINY_FINDER) == load_finder_manifest(TINY_FINDER)
    assert load_any_manifest(TINY_MODEL) == load_manifest(TINY_MODEL)
    with pytest.raises(
        ManifestError, match=r"'kind' is faces: a model that finds faces, .* reads faces \(emotion\)"
    ) as caught:
        Classifier.open(TINY_FINDER)
    assert "missing" not in str(caught.value)
    with pytest.raises(ManifestError, match=r"'kind' is emotion: a model that reads faces, .* finds faces \(faces\)"):
        ModelFinder.open(TINY_MODEL)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m["levels"][0]["shape"].update(shape=[1, 16, 20, 4]), "(1, rows, columns, 14)"),
        (lambda m: m["levels"][0].update(stride=4), "the grid of stride 4 must be (32, 40)"),
        (lambda m: m["input"].update(shape=[1, 128, 160, 3]), "(1, height, width, 1)"),
        (lambda m: m.update(hold=0.9), "'hold' is 0.9, above 'start'"),
        (lambda m: m.update(levels=[]), "'levels'"),
        (lambda m: m.update(strat=0.5), "did you mean 'start'?"),
        (lambda m: m["levels"][1].update(base=0), "'levels.1.base'"),
    ],
)
def test_a_manifest_that_is_not_exactly_right_is_refused(model: Path, change: Any, words: str) -> None:
    assert words in edited(model, change)


def test_a_manifest_of_another_file_is_refused(model: Path) -> None:
    path = model / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"scale": 1.0', '"scale": 0.5'), encoding="utf-8")
    with pytest.raises(ManifestError, match="belongs to another file"):
        ModelFinder.open(model)
