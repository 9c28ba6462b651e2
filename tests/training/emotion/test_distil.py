"""Distillation: what teachers do to the targets, and a pupil that learns what no label tells it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.errors import ConfigError, ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_training import runs
from mien_training.__main__ import main
from tests.make_tiny_model import TINY_MODEL, picture
from tests.training.conftest import KERAS_WARNING, Dataset
from tests.training.emotion.tiny_training import arguments, tiny

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]

PIXELS = np.random.default_rng(0).uniform(0, 255, (6, 48, 48, 1)).astype(np.float32)


def save(path: Path, seed: int, heads: tuple[Head, ...] = (Head.FER,)) -> str:
    import keras

    keras.utils.set_random_seed(seed)
    tiny(heads).save(path)
    return str(path)


def answers(path: str) -> dict[str, Any]:
    import keras

    result: dict[str, Any] = keras.models.load_model(path, compile=False).predict(PIXELS, verbose=0)
    return result


def test_the_mean_of_the_teachers_is_blended_in_and_weights_stay(tmp_path: Path) -> None:
    from mien_training.emotion.distil import Teachers

    names = [save(tmp_path / f"{seed}.keras", seed) for seed in (1, 2)]
    targets = np.eye(7, dtype=np.float32)[[0, 1, 2, 3, 4, 5]] * np.float32([1, 1, 1, 0.5, 0.5, 0])[:, None]
    other = np.full((6, 8), 1 / 8, np.float32)

    blended = Teachers(names, 0.7, "float32").blend(PIXELS, {"fer": targets, "ferplus": other})

    taught = (answers(names[0])["fer"] + answers(names[1])["fer"]) / 2
    np.testing.assert_allclose(blended["fer"].sum(axis=1), targets.sum(axis=1), atol=1e-5)
    np.testing.assert_allclose(blended["fer"][:3], 0.3 * targets[:3] + 0.7 * taught[:3], atol=1e-5)
    assert (blended["ferplus"] == other).all()  # no teacher answers in it


def test_a_teacher_must_have_a_head_of_the_pupils(tmp_path: Path) -> None:
    from mien_training.emotion.distil import Teachers

    with pytest.raises(ConfigError, match="no teacher answers in ferplus"):
        Teachers([save(tmp_path / "t.keras", 1)], 0.7, "float32").check((Head.FERPLUS,))


def test_a_run_that_is_not_finished_is_no_teacher(tmp_path: Path) -> None:
    from mien_training.emotion.distil import Teachers

    with pytest.raises(ModelError, match=r"neither model\.keras"):
        Teachers([str(tmp_path)], 0.7, "float32")


def test_a_pupil_is_trained_and_its_run_names_the_teacher(
    make_dataset: Callable[..., Dataset], tmp_path: Path, tiny_architectures: None
) -> None:
    dataset, teacher = make_dataset(), tmp_path / "teacher"
    assert main(arguments(dataset, teacher, epochs=3)) == 0
    pupil = tmp_path / "pupil"
    assert main(arguments(dataset, pupil, "--teacher", str(teacher), epochs=2)) == 0
    assert json.loads((pupil / runs.CONFIG).read_text())["teachers"] == ["teacher"]
    # Without its teacher it is another training.
    assert main(arguments(dataset, pupil, epochs=2)) == 3


def test_an_int8_model_teaches_without_its_run() -> None:
    from mien_training.emotion.distil import Teachers

    shown = np.stack([picture("happy"), picture("sad")])
    targets = np.full((2, 8), 1 / 8, np.float32)
    teachers = Teachers([str(TINY_MODEL)], 1.0, "float32")
    teachers.check((Head.FERPLUS,))

    blended = teachers.blend(shown[..., np.newaxis].astype(np.float32), {"ferplus": targets})["ferplus"]

    labels = list(HEAD_LABELS[Head.FERPLUS])
    assert [labels[i] for i in blended.argmax(axis=1)] == ["happy", "sad"]
    assert blended.max(axis=1).min() > 0.9
    np.testing.assert_allclose(blended.sum(axis=1), 1, atol=1e-5)


def test_what_teachers_say_of_a_face_is_the_mean_over_its_mirror_image() -> None:
    """Bright on the left is angry to the tiny model, bright on the right is fear: mirrored it is the other."""
    from mien_training.emotion.distil import Teachers

    faces = np.stack([picture("angry"), picture("happy"), np.zeros((48, 48), np.uint8)])
    targets = {"fer": np.eye(7, dtype=np.float32)[[0, 3, 4]] * np.float32([1, 0.5, 0])[:, None]}

    blended = Teachers([str(TINY_MODEL)], 1.0, "float32").blend_faces(faces, targets)["fer"]

    assert blended[0, 0] == pytest.approx(blended[0, 2], abs=0.02)
    assert blended[0, 0] > 0.3
    assert blended[1].argmax() == 3
    np.testing.assert_allclose(blended.sum(axis=1), [1, 0.5, 0], atol=1e-5)  # who has no label is not taught


def test_a_share_without_a_teacher_is_refused(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(make_dataset(), tmp_path / "run", "--teacher-share", "0.5")
    assert main([*command, "--arch", "mien-nano"]) == 3
    assert "--teacher-share: there is no teacher; name one with --teacher" in capsys.readouterr().err


def test_a_pupil_whose_teacher_saw_the_faces_is_another_training(
    make_dataset: Callable[..., Dataset], tmp_path: Path, tiny_architectures: None
) -> None:
    dataset, pupil = make_dataset(), tmp_path / "pupil"
    options = ["--teacher", str(TINY_MODEL), "--teacher-sees", "face", "--teacher-share", "0.5", "--no-mixup"]
    assert main(arguments(dataset, pupil, *options, epochs=2)) == 0
    config = json.loads((pupil / runs.CONFIG).read_text())
    assert (config["teachers"], config["teacher_sees"], config["mixup"]) == (["tiny_emotion"], "face", False)
    assert config["teacher_share"] == 0.5
    assert main(arguments(dataset, pupil, "--teacher", str(TINY_MODEL), "--no-mixup", epochs=2)) == 3
