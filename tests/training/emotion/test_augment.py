"""Augmentation: shapes, ranges, and what each kind does to a face."""

from __future__ import annotations

import numpy as np

from mien_training.emotion.augment import AUGMENTATIONS, _move, augment

FACES = np.random.default_rng(0).integers(0, 256, (50, 48, 48), dtype=np.uint8)


def test_augmented_faces_are_pixels() -> None:
    result = augment(FACES, np.random.default_rng(1))
    assert result.shape == FACES.shape
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 255
    assert (result != FACES).any(axis=(1, 2)).all()


def test_augmentation_keeps_the_face_in_view() -> None:
    """A bright disc in the middle stays bright, dark corners stay dark, on the average of many."""
    y, x = np.mgrid[:48, :48]
    disc = np.where((x - 23.5) ** 2 + (y - 23.5) ** 2 < 15**2, 220, 40).astype(np.uint8)
    mean = augment(np.repeat(disc[np.newaxis], 200, axis=0), np.random.default_rng(0)).mean(axis=0)
    assert mean[20:28, 20:28].mean() > 170
    assert mean[:4, :4].mean() < 90
    # Neither mirrored nor shifted to one side more than to the other.
    assert abs(mean[:, :24].mean() - mean[:, 24:].mean()) < 6


def test_half_of_the_faces_have_something_else_around_them() -> None:
    """The middle stays the face's own; at the rim a strange picture often shows through."""
    faces = np.repeat(np.stack([np.full((48, 48), 60), np.full((48, 48), 200)]), 100, axis=0).astype(np.uint8)
    rng = np.random.default_rng(0)
    moved = np.stack([_move(face, other, rng) for face, other in zip(faces, faces[::-1], strict=True)]).astype(int)
    strange = (abs(moved - faces).max(axis=(1, 2)) > 100).mean()
    assert 0.4 < strange < 0.6
    assert (moved[:, 22:26, 22:26] == faces[:, 22:26, 22:26]).all()


def test_the_simple_kinds_do_what_they_say_and_no_more() -> None:
    rng = np.random.default_rng(0)
    for name, augmentation in AUGMENTATIONS.items():
        result = augmentation(FACES, rng)
        assert result.shape == FACES.shape, name
        assert result.dtype == np.float32, name
        assert 0 <= result.min() < result.max() <= 255, name
    np.testing.assert_array_equal(AUGMENTATIONS["none"](FACES, rng), FACES)
    spread = np.full((20, 48, 48), 128, np.uint8) - AUGMENTATIONS["noise"](np.full((20, 48, 48), 128, np.uint8), rng)
    assert 7 < spread.std() < 9


def test_camera_half_is_the_cameras_for_half_of_the_faces_and_the_generators_for_the_others() -> None:
    """The generator leaves a flat face as it is; the camera's light and noise do not."""
    flat = np.full((400, 48, 48), 128, np.uint8)
    changed = (AUGMENTATIONS["camera-half"](flat, np.random.default_rng(0)) != 128).any(axis=(1, 2))
    assert 0.4 < changed.mean() < 0.6


def test_focus_moves_as_the_generator_does_and_makes_some_faces_sharper_and_others_softer() -> None:
    moved = AUGMENTATIONS["generator"](np.repeat(FACES, 20, axis=0), np.random.default_rng(0))
    focused = AUGMENTATIONS["focus"](np.repeat(FACES, 20, axis=0), np.random.default_rng(0))
    np.testing.assert_allclose(focused.mean(axis=(1, 2)), moved.mean(axis=(1, 2)), atol=4)
    roughness = [abs(np.diff(faces, axis=2)).mean(axis=(1, 2)) for faces in (focused, moved)]
    ratio = roughness[0] / roughness[1]
    assert ratio.min() < 0.7
    assert ratio.max() > 1.2
    assert 0.3 < (ratio > 1).mean() < 0.6


def test_the_generator_moves_by_a_tenth_at_most_and_mirrors_half() -> None:
    """A dot near the left edge is found near it or near the right one, at most a tenth from where it was."""
    face = np.zeros((48, 48), np.uint8)
    face[22:26, 6:10] = 255  # centre at 7.5, 23.5
    moved = AUGMENTATIONS["generator"](np.repeat(face[np.newaxis], 200, axis=0), np.random.default_rng(0))
    columns = (moved.sum(axis=1) * np.arange(48)).sum(axis=1) / moved.sum(axis=(1, 2))
    mirrored = columns > 23.5
    assert 70 < mirrored.sum() < 130
    distance = np.abs(np.where(mirrored, 47 - columns, columns) - 7.5)
    assert 3 < distance.max() < 0.1 * 48 + 0.1 * 16 + 0.5
