"""What goes wrong with a training is named, and leaves nothing behind that the next one stumbles over."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien_training import runs
from mien_training.__main__ import main
from tests.training.conftest import KERAS_WARNING, Dataset
from tests.training.emotion.tiny_training import arguments

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow", "tiny_architectures"), KERAS_WARNING]


@pytest.mark.parametrize(
    ("more", "code", "complaint"),
    [
        (["--epochs", "-1"], 3, "'epochs': Input should be greater than or equal to 0"),
        (["--epochs", "0"], 3, "'epochs' is 0, which leaves a network as it was: name one with --warm-start"),
        (
            ["--arch", "huge"],
            3,
            "--arch huge: unknown; the architectures are mien-small, mien-nano, mien-large, face-resnet, vgg16",
        ),
        (["--data", "nowhere.csv"], 5, "nowhere.csv: no such file"),
        (
            ["--teacher", "emotion", "--teacher-share", "2"],
            3,
            "'teacher_share': Input should be less than or equal to 1",
        ),
        (["--recipe", ""], 3, "--recipe : "),
        (["--recipe", " []"], 3, "--recipe  []: "),
        (["--recipe", "[" * 100_000], 3, "--recipe: nested too deep"),
    ],
)
def test_mistakes_on_the_command_line(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    complaint: str,
) -> None:
    assert main(arguments(make_dataset(7, 7), tmp_path / "run", *more)) == code
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_refused(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, run = make_dataset(14, 7), tmp_path / "run"
    assert main(arguments(dataset, run, epochs=1)) == 0
    (run / runs.MODEL).unlink()
    checkpoint = run / runs.CHECKPOINT
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert main(arguments(dataset, run, epochs=1)) == 5
    assert "checkpoint.npz: damaged" in capsys.readouterr().err


def test_a_loss_that_is_no_number_ends_the_training(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(arguments(make_dataset(), run, "--learning-rate", "1e38", epochs=9, arch="plain")) == 10
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"mien-train: error: {run}: epoch ")
    assert "the loss is " in error
    assert "give --learning-rate a smaller number than 1e+38, and --out another directory" in error
    assert not (run / runs.MODEL).exists()


def test_a_last_step_too_far_ends_the_training_as_well(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The loss of a step is from before it."""
    run = tmp_path / "run"
    assert main(arguments(make_dataset(7, 7), run, "--learning-rate", "1e38", epochs=1, arch="plain")) == 10
    error = capsys.readouterr().err.splitlines()[-1]
    assert "epoch 1, the answers to the validation faces are no numbers; give --learning-rate" in error
    assert not (run / runs.CHECKPOINT).exists()


def test_who_made_a_mistake_may_give_other_settings_until_something_is_trained(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, run = make_dataset(14, 7), tmp_path / "run"
    assert main(arguments(dataset, run, "--warm-start", "emotion")) == 3
    assert "--warm-start emotion: is another network" in capsys.readouterr().err
    assert main(arguments(dataset, run, "--seed", "1", epochs=1)) == 0
    assert json.loads((run / runs.CONFIG).read_text())["seed"] == 1
    assert main(arguments(dataset, run, "--seed", "2", epochs=1)) == 3
    assert "'seed' was 1, now 2" in capsys.readouterr().err


def test_a_disk_that_is_full_at_the_end_is_named(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import keras

    def half(_: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    dataset, run = make_dataset(14, 7), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "save", half)
        assert main(arguments(dataset, run, epochs=1)) == 5
    assert f"{run / runs.MODEL}: cannot be written (No space left on device); make room" in capsys.readouterr().err
    assert not [path for path in run.iterdir() if path.suffix == ".keras"]
    assert main(arguments(dataset, run, epochs=1)) == 0


@pytest.mark.parametrize(
    ("arch", "sources", "said"),
    [
        ("mien-small", ["weights.json"], "mien-small has no published weights; give a run of it"),
        ("face-resnet", ["weights.json", "run"], "published weights have no mean with others; give them alone"),
    ],
)
def test_published_weights_are_for_one_architecture_and_stand_alone(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arch: str,
    sources: list[str],
    said: str,
) -> None:
    begin = [word for source in sources for word in ("--warm-start", source)]
    assert main(arguments(make_dataset(7, 7), tmp_path / "run", *begin, arch=arch)) == 3
    assert f"--warm-start: {said}" in capsys.readouterr().err


def test_without_epochs_nothing_is_made_up_and_nothing_lost(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, first, mean = make_dataset(14, 7), tmp_path / "first", tmp_path / "mean"
    assert main(arguments(dataset, first, epochs=1, arch="plain")) == 0  # of fer alone
    begin = ["--warm-start", str(first)]
    assert main(arguments(dataset, mean, *begin, epochs=0)) == 3
    assert "--epochs 0: no --warm-start has the head ferplus; train it" in capsys.readouterr().err
    assert main(arguments(dataset, mean, *begin, "--teacher", "emotion", epochs=0, arch="plain")) == 3
    assert "'epochs' is 0, so nothing is learned from a teacher" in capsys.readouterr().err

    assert main(arguments(dataset, mean, *begin, epochs=0, arch="plain")) == 0
    made = (mean / runs.MODEL).read_bytes()
    assert main(arguments(dataset, mean, *begin, "--seed", "1", epochs=0, arch="plain")) == 3
    assert "'seed' was 0, now 1" in capsys.readouterr().err
    assert main(arguments(dataset, mean, *begin, epochs=0, arch="plain")) == 0
    assert (mean / runs.MODEL).read_bytes() == made


def test_a_run_of_another_version_is_nothing_to_begin_with(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, earlier = make_dataset(14, 7), tmp_path / "earlier"
    assert main(arguments(dataset, earlier, epochs=1)) == 0
    config = json.loads((earlier / runs.CONFIG).read_text())
    (earlier / runs.CONFIG).write_text(json.dumps(config | {"format": 9}))
    assert main(arguments(dataset, tmp_path / "run", "--warm-start", str(earlier))) == 3
    assert f"{earlier / runs.CONFIG}: 'format' is 9, this mien-train reads 1" in capsys.readouterr().err


def test_an_emotion_without_faces_is_named(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset(5, 7)
    assert main(arguments(dataset, tmp_path / "run")) == 5
    assert f"{dataset.data}: no Training face is labelled surprise or neutral" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
