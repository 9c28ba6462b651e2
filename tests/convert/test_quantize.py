"""What `mien-convert quantize` refuses before TensorFlow is even asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mien_models.errors import DataError, MissingDependencyError, ModelError

Command = Callable[..., tuple[int, str, str]]


def test_a_run_that_is_not_whole(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    (run / "holdout.npz").unlink()

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == DataError.exit_code
    assert stderr.count("\n") == 1
    assert "holdout.npz: no such file" in stderr


def test_a_taken_place_is_refused_before_any_work(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == ModelError.exit_code
    assert stderr.count("\n") == 1
    assert "thesis.txt, which is no part of a model" in stderr


@pytest.mark.parametrize(
    "more", [("--out", "{}"), ("--out", "mine", "--float", "{}"), ("--variant", "float16", "--out", "{}")]
)
def test_a_place_that_takes_no_files_is_refused_before_any_work(
    run: Path, tmp_path: Path, mien_convert: Command, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # any work would want it
    (tmp_path / "link").symlink_to("/proc/self/new.tflite")
    for place in ("/proc/self/new.tflite", "link"):
        code, _, stderr = mien_convert("quantize", run, *(word.format(place) for word in more))

        assert code == ModelError.exit_code
        assert stderr.count("\n") == 1
        assert f"{place}: nothing can be written in /proc/" in stderr


def test_without_tensorflow_it_says_what_to_install(
    run: Path, tmp_path: Path, mien_convert: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == MissingDependencyError.exit_code
    assert "pip install 'mien[convert]'" in stderr


@pytest.mark.parametrize("name", ["../x", "Mine", "", "a b"])
def test_a_name_that_is_none(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from mien_convert.__main__ import main

    with pytest.raises(SystemExit) as caught:
        main(["quantize", str(run), "--out", "x", f"--name={name}"])

    assert caught.value.code == 2
    assert "is no name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["x.keras"], "int8 wants --calibration FOLDER"),
        (["run", "--calibration", "x"], "a run is calibrated with its own faces"),
        (["run", "--variant", "float16", "--float", "y"], "--float goes with a run of `mien-train emotion` in int8"),
        (["x.keras", "--float", "y"], "--float goes with a run of `mien-train emotion` in int8"),
        (["x.keras", "--pictures", "0"], "'0' is not a whole number above 0"),
        (["x.keras", "--scale", "0-2"], "invalid choice"),
        (["run", "--variant", "int4"], "invalid choice"),
    ],
)
def test_a_command_line_that_makes_no_sense(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from mien_convert.__main__ import main

    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()

    with pytest.raises(SystemExit) as caught:
        main(["quantize", *arguments, "--out", "out"])

    assert caught.value.code == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("taken", "is a directory, this writes a single one"),
        ("y.keras", "is no .tflite file, this writes a single one"),
        ("no/where.tflite", "no folder "),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, mien_convert: Command, out: str, expected: str
) -> None:
    (tmp_path / "taken").mkdir()

    code, _, stderr = mien_convert("quantize", "x.keras", "--out", tmp_path / out, "--variant", "dynamic")

    assert code == ModelError.exit_code
    assert expected in stderr


def test_the_scale_that_begins_with_a_dash(tmp_path: Path, mien_convert: Command) -> None:
    for scale in (["--scale", "-1-1"], ["--scale=-1-1"]):
        code, _, stderr = mien_convert(
            "quantize", tmp_path / "x.keras", "--out", tmp_path / "y.tflite", "--calibration", "z", *scale
        )
        assert code == ModelError.exit_code
        assert "x.keras: no such file; give a .keras or .h5 file, a SavedModel or" in stderr


def test_a_file_that_is_converted_already(mien_convert: Command, tmp_path: Path) -> None:
    (tmp_path / "x.tflite").touch()

    code, _, stderr = mien_convert(
        "quantize", tmp_path / "x.tflite", "--out", tmp_path / "y.tflite", "--variant", "dynamic"
    )

    assert code == ModelError.exit_code
    assert stderr.splitlines()[-1].endswith(
        "x.tflite: is none of Keras's files; give a .keras or .h5 file, a SavedModel or the directory of a run"
    )
