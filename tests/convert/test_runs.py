"""Reading of run directories: each thing that can be wrong is said in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mien_training.runs
from mien_convert import runs
from mien_convert.convert import without_paths
from mien_convert.runs import read_holdout, read_run
from mien_models.errors import DataError
from mien_models.labels import LABEL_SETS

SetConfig = Callable[..., None]


def refusal(run: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_run(run)
    assert "\n" not in str(caught.value)
    assert str(run) in str(caught.value)
    return str(caught.value)


def test_a_whole_run(run: Path) -> None:
    read = read_run(run)

    assert (read.calibration.shape, read.calibration.dtype) == ((80, 48, 48), np.uint8)
    assert read.holdout.faces.shape == (40, 48, 48)
    assert [int((read.holdout.labels[head] >= 0).sum()) for head in LABEL_SETS] == [35, 40]
    assert len(read_holdout(run).faces) == 40


def test_what_training_writes_is_what_is_read_here() -> None:
    for name in ("FORMAT", "CONFIG", "MODEL", "CALIBRATION", "HOLDOUT"):
        assert getattr(runs, name) == getattr(mien_training.runs, name)


@pytest.mark.parametrize("name", ["config.json", "model.keras", "calibration.npz", "holdout.npz"])
def test_a_missing_file_is_named(run: Path, name: str) -> None:
    (run / name).unlink()

    assert name in refusal(run)


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "Not a directory" in refusal(tmp_path / "file")
    assert "so it is no run" in refusal(tmp_path / "nothing")


def test_another_format_is_refused(run: Path, set_config: SetConfig) -> None:
    set_config(format=2)

    assert "'format' is 2, this mien-convert reads 1" in refusal(run)


@pytest.mark.parametrize(
    "settings",
    [
        {"data": None},
        {"heads": None},
        {"heads": "fer"},
        {"data": 3},
        {"command": "a 'b"},
        {"command": 3},
        {"teachers": "emotion"},
    ],
)
def test_malformed_settings_are_refused(run: Path, set_config: SetConfig, settings: dict[str, object]) -> None:
    set_config(**settings)

    assert "config.json" in refusal(run)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\udcff"])
def test_settings_that_are_no_json_are_refused(run: Path, content: str) -> None:
    (run / "config.json").write_bytes(content.encode(errors="surrogateescape"))

    refusal(run)


@pytest.mark.parametrize("name", ["calibration.npz", "holdout.npz"])
@pytest.mark.parametrize("kept", [0, 10, 1000, -100])
def test_a_cut_archive_is_refused(run: Path, name: str, kept: int) -> None:
    path = run / name
    path.write_bytes(path.read_bytes()[:kept])

    assert f"{name}: damaged (" in refusal(run)


def test_a_damaged_archive_is_refused(run: Path) -> None:
    path = run / "holdout.npz"
    content = bytearray(path.read_bytes())
    content[5000:5100] = bytes(100)
    path.write_bytes(content)

    assert "damaged" in refusal(run)


def test_a_bare_array_is_no_archive(run: Path) -> None:
    with (run / "calibration.npz").open("wb") as stream:
        np.save(stream, np.zeros((2, 48, 48), np.uint8))

    assert "damaged" in refusal(run)


def test_pickled_objects_are_never_loaded(run: Path) -> None:
    np.savez(run / "calibration.npz", faces=np.array([{}], object))

    assert "damaged" in refusal(run)


@pytest.mark.parametrize(
    "faces",
    [np.zeros((2, 64, 64), np.uint8), np.zeros((2, 48, 48), np.float32), np.zeros((0, 48, 48), np.uint8), np.zeros(3)],
)
def test_what_are_no_faces_is_refused(run: Path, faces: object) -> None:
    np.savez(run / "calibration.npz", faces=faces)

    assert "'faces' is" in refusal(run)


@pytest.mark.parametrize(
    ("fer", "expected"),
    [
        (None, "holds no 'fer'"),
        (np.zeros(3, np.int64), "'fer' must hold 2 whole numbers from -1 to 6"),
        (np.array([0, 7]), "'fer' must hold"),
        (np.array([0, -2]), "'fer' must hold"),
        (np.zeros(2), "'fer' must hold"),
    ],
)
def test_labels_that_fit_no_head_are_refused(run: Path, fer: object, expected: str) -> None:
    arrays = {"faces": np.zeros((2, 48, 48), np.uint8), "ferplus": np.zeros(2, np.int64), "fer": fer}
    np.savez(run / "holdout.npz", **{name: array for name, array in arrays.items() if array is not None})

    assert expected in refusal(run)


def test_figures_of_fer2013_are_of_its_publictest(run: Path, set_config: SetConfig) -> None:
    assert read_run(run).judged_on == "validation"

    set_config(data="fer2013.csv.xz")

    read = read_run(run)
    assert read.judged_on == "publictest"
    assert read.data == ("fer2013.csv.xz", "FER+ votes of the same faces")


def test_the_command_of_the_training_is_put_together(run: Path, set_config: SetConfig) -> None:
    set_config(command=None, data="fer2013.csv", arch="mien-small", epochs=60, batch=128, seed=0, limit=None)

    assert read_run(run).command == (
        "mien-train emotion --data fer2013.csv --ferplus fer2013new.csv --out run "
        "--arch mien-small --epochs 60 --batch 128 --seed 0"
    )


def test_settings_that_are_no_options_stand_in_the_command(run: Path, set_config: SetConfig) -> None:
    set_config(command=None, data="fer2013.csv", recipe={"augmentation": "generator", "mixup": False}, mixup=False)

    command = read_run(run).command
    assert command.endswith("""--no-mixup --recipe '{"augmentation": "generator", "mixup": false}'""")
    assert without_paths(command) == command


def test_how_the_teachers_taught_stands_in_the_command(run: Path, set_config: SetConfig) -> None:
    taught = {"teacher_sees": "face", "teacher_share": 0.4}
    set_config(command=None, data="faces", teachers=["a", "b"], epochs=2, **taught)
    assert "--teacher a --teacher b --teacher-sees face --teacher-share 0.4" in read_run(run).command

    set_config(command=None, data="faces", teachers=[], epochs=2, **taught)
    assert "teacher" not in read_run(run).command


@pytest.mark.parametrize(
    ("began_with", "said"),
    [
        (None, ""),
        ("a", "--warm-start a "),
        (["a"], "--warm-start a "),
        (["a", "b"], "--warm-start a --warm-start b "),
        ([], ""),
    ],
)
def test_what_it_began_with_stands_in_the_command(
    run: Path, set_config: SetConfig, began_with: object, said: str
) -> None:
    """One name or none in the runs of earlier versions, any number today."""
    set_config(command=None, data="faces", arch="mien-small", warm_start=began_with, epochs=2)
    assert f"--arch mien-small {said}--epochs 2" in read_run(run).command


def test_of_a_mean_the_command_says_nothing_that_only_epochs_use(run: Path, set_config: SetConfig) -> None:
    unused = {"batch": 128, "learning_rate": 0.002, "precision": "float32", "patience": 3, "mixup": True}
    set_config(command=None, data="faces", warm_start=["a", "b"], seed=1, epochs=0, **unused)
    assert read_run(run).command.endswith("--warm-start a --warm-start b --epochs 0 --seed 1")


def test_further_data_and_what_goes_before_the_recipe_stand_in_the_command(run: Path, set_config: SetConfig) -> None:
    recipe = {"mixup": False}
    set_config(command=None, data="faces", others=[["more", 0.5]], patience=3, recipe=recipe, mixup=True, epochs=2)

    read = read_run(run)
    assert read.command.endswith(
        """--also more 0.5 --out run --arch tiny --epochs 2 --patience 3 --mixup --recipe '{"mixup": false}'"""
    )
    assert read.data == ("faces", "more")


def test_the_commands_of_a_manifest_hold_no_paths() -> None:
    assert without_paths("mien-train emotion --data /data/x/fer.csv --out=runs/first --epochs 3") == (
        "mien-train emotion --data fer.csv --out=first --epochs 3"
    )
    assert without_paths("mien-convert quantize . --out 'my models/a b'") == "mien-convert quantize . --out 'a b'"
