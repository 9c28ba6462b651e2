"""What a scene says of its faces is where they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien_models.preprocess import Box, crop_face
from mien_training.faces.covers import _COVERS, _in_face
from mien_training.faces.geometry import moved_faces, placed
from mien_training.faces.light import spoil
from mien_training.faces.masks import MASKS, SIZE
from mien_training.faces.material import Material, Picture
from mien_training.faces.scenes import SceneMaker
from tests.training.faces.conftest import FACE, drawn_face


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("roll", [0, 30, -45, 180])
def test_landmarks_go_where_the_picture_goes(picture: Picture, roll: float, mirrored: bool) -> None:
    matrix = placed(FACE[0], 1.5, roll, (150, 140), mirrored=mirrored)
    image = cv2.warpAffine(picture.pixels, matrix, (300, 280))

    (face,) = moved_faces(picture.faces, matrix)

    assert face[0] == pytest.approx([150, 140], abs=0.01)
    for eye in face[2:4]:
        assert image[round(float(eye[1])), round(float(eye[0]))] < 60
    # The right eye is the one on the right hand of who looks out of the picture, mirrored or not.
    down = face[5] + face[6] - face[2] - face[3]
    across = face[3] - face[2]
    assert across[0] * down[1] - across[1] * down[0] > 0
    points = tuple((float(x), float(y)) for x, y in face[2:])
    turned = Box(0, 0, 1, 1, 1, points).roll - roll
    assert (turned + 180) % 360 - 180 == pytest.approx(0, abs=1)  # 180 and -180 are one


def test_the_box_goes_round_the_turned_face(picture: Picture) -> None:
    (lying,) = moved_faces(picture.faces, placed(FACE[0], 1, 90, (100, 100), mirrored=False))
    assert lying[1] == pytest.approx([80, 60], abs=0.01)
    (tilted,) = moved_faces(picture.faces, placed(FACE[0], 1, 35, (100, 100), mirrored=False))
    assert 60 < tilted[1, 0] < tilted[1, 1] < 80


def test_a_face_in_a_scene_looks_like_the_one_it_was_made_of(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien_training.faces.scenes.spoil", lambda image, rng: image)
    monkeypatch.setattr("mien_training.faces.scenes.cover_face", lambda *_: None)
    maker, alike = SceneMaker(material, 128, 160), []
    original = crop_face(drawn_face(), Box(70, 50, 60, 80))
    for seed in range(60):
        scene = maker.draw(np.random.default_rng(seed))
        for face in scene.faces:
            (x, y), (wide, high) = face[:2].tolist()
            points = tuple((float(px), float(py)) for px, py in face[2:])
            box = Box(x - wide / 2, y - high / 2, wide, high, 1.0, points)
            inside = box.x > 0 and box.y > 0 and box.x + wide < 160 and box.y + high < 128
            if high > 24 and inside and abs(box.roll or 0) < 45:
                crop = crop_face(scene.pixels, box)
                likeness = [np.corrcoef(c.ravel(), original.ravel())[0, 1] for c in (crop, crop[:, ::-1])]
                alike.append(max(likeness))
    assert len(alike) > 20
    assert np.median(alike) > 0.8


def test_a_face_that_nobody_can_see_is_ignored(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_training.faces.scenes.spoil", lambda image, rng: np.full_like(image, 90))
    maker = SceneMaker(material, 128, 160)
    scenes = [maker.draw(np.random.default_rng(seed)) for seed in range(10)]
    assert sum(len(scene.faces) for scene in scenes) == 0
    assert sum(len(scene.ignored) for scene in scenes) > 3


def test_scenes_follow_from_their_seed_alone(material: Material) -> None:
    maker = SceneMaker(material, 128, 160)
    first, again, other = (maker.draw(np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert (first.pixels == again.pixels).all()
    assert (first.faces == again.faces).all()
    assert (first.pixels != other.pixels).any()


def test_scenes_are_of_every_kind(material: Material) -> None:
    maker = SceneMaker(material, 128, 160)
    scenes = [maker.draw(np.random.default_rng(seed)) for seed in range(200)]
    counts = [len(scene.faces) for scene in scenes]
    heights = np.concatenate([scene.faces[:, 1, 1] for scene in scenes])
    assert 0.1 < np.mean([count == 0 for count in counts]) < 0.45
    assert max(counts) >= 4
    assert heights.min() < 12
    assert heights.max() > 90
    assert all(scene.pixels.shape == (128, 160) and scene.pixels.dtype == np.uint8 for scene in scenes)
    assert any(not scene.pixels[-8:].any() and scene.pixels[:100].any() for scene in scenes)  # letterboxed


@pytest.mark.parametrize("cover", [cover for cover, _ in _COVERS])
def test_covers_change_the_face_and_nothing_far_from_it(cover: object) -> None:
    image = drawn_face()
    for seed in range(30):
        changed = image.copy()
        cover(changed, FACE, _in_face(FACE), np.random.default_rng(seed))  # type: ignore[operator]
        where = np.argwhere(changed != image)
        assert len(where)
        assert np.abs(where - [90, 100]).max() < 100


def test_light_keeps_the_size_and_does_something() -> None:
    image = drawn_face()
    results = [spoil(image, np.random.default_rng(seed)) for seed in range(80)]
    assert all(result.shape == image.shape and result.dtype == np.uint8 for result in results)
    means = [float(result.mean()) for result in results]
    assert min(means) < 20
    assert max(means) > 70


def test_masks_are_outlines() -> None:
    for mask in MASKS:
        assert mask.shape == (SIZE, SIZE)
        assert mask[SIZE // 2, SIZE // 2] > 0.95
        assert mask[0].max() < 0.5
        assert mask.max() <= 1.0001
