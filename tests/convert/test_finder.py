"""A run of `mien-train faces` becomes an int8 finder that finds what its float network found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien_models.finder import ModelFinder
from tests.make_tiny_finder import TINY_FINDER, make_run, squares
from tests.needs import need_module

Call = Callable[..., tuple[int, str, str]]

pytestmark = [
    pytest.mark.training,
    # Keras 3.15 saves variables through a numpy call that numpy 2 finds old-fashioned; nothing of ours is in it.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def finder_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_module("tensorflow")
    directory = tmp_path_factory.mktemp("runs") / "tiny"
    make_run(directory)
    return directory


def test_a_run_becomes_a_model_that_a_coral_runs(finder_run: Path, tmp_path: Path, mien_convert: Call) -> None:
    out = tmp_path / "model"

    code, printed, _ = mien_convert("quantize", finder_run, "--out", out, "--json")

    assert code == 0
    content = json.loads(printed)
    assert content["report"]["passed"] is True
    assert content["report"]["after"]["recall"] == 1.0
    manifest = ModelFinder.open(out).manifest
    assert (manifest.name, manifest.start, manifest.hold) == ("faces", 0.6, 0.3)
    assert manifest.data == ("white squares",)
    assert manifest.commands[0].startswith("mien-train faces --data 'white squares'")
    assert "faces_int8.tflite" in (out / "CARD.md").read_text(encoding="utf-8")
    assert len(ModelFinder.open(out).find(squares((3, 4)))) == 1
    assert mien_convert("edgetpu", out)[0] == 0
    assert mien_convert("inspect", out)[0] == 0
    assert mien_convert("verify", out, "--run", finder_run)[0] == 0


def test_the_threshold_can_be_set(finder_run: Path, tmp_path: Path, mien_convert: Call) -> None:
    assert mien_convert("quantize", finder_run, "--out", tmp_path / "m", "--score", "0.45")[0] == 0
    manifest = ModelFinder.open(tmp_path / "m").manifest
    assert (manifest.start, manifest.hold) == (0.45, 0.225)
    assert manifest.commands[1].endswith("--score 0.45")


def test_a_model_that_finds_fewer_than_its_run_fails_verification(tmp_path: Path, mien_convert: Call) -> None:
    need_module("tensorflow")
    run = tmp_path / "other"
    make_run(run, brightness=140, bias=-4.0)  # its own network finds squares that the tiny model is too blind for

    code, printed, said = mien_convert("verify", TINY_FINDER, "--run", run, "--json")

    assert code == 10
    assert "recall falls by 100.0 %" in said
    report = json.loads(printed)
    assert (report["before"]["recall"], report["after"]["recall"]) == (1.0, 0.0)


def test_verification_heeds_what_is_asked_of_it(
    tmp_path: Path, mien_convert: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    need_module("tensorflow")
    run = tmp_path / "other"
    make_run(run, brightness=140, bias=-4.0)
    lax = ("verify", TINY_FINDER, "--run", run, "--max-accuracy-drop", "1")
    code, _, said = mien_convert(*lax)
    assert code == 10
    assert "agrees on 0.0 % of the faces, less than 95.0 %" in said
    assert mien_convert(*lax, "--min-agreement", "0")[0] == 0
    with pytest.raises(SystemExit, match="2"):
        mien_convert(*lax, "--float", "x.tflite")
    assert "--float goes with an emotion model" in capsys.readouterr().err


def test_a_damaged_threshold_is_one_line(tmp_path: Path, mien_convert: Call) -> None:
    need_module("tensorflow")
    make_run(tmp_path / "run")
    (tmp_path / "run" / "validation.json").write_text('{"start": "high"}', encoding="utf-8")
    code, _, said = mien_convert("verify", TINY_FINDER, "--run", tmp_path / "run")
    assert code == 5
    assert "validation.json" in said


@pytest.mark.parametrize(
    "option", [("--variant", "float16"), ("--float", "x.tflite"), ("--calibration", "."), ("--score", "1")]
)
def test_options_of_other_kinds_are_refused(finder_run: Path, tmp_path: Path, option: tuple[str, str]) -> None:
    from mien_convert.__main__ import main

    with pytest.raises(SystemExit) as caught:
        main(["quantize", str(finder_run), "--out", str(tmp_path / "m"), *option])
    assert caught.value.code == 2


def test_an_unfinished_run_is_one_line(tmp_path: Path, mien_convert: Call) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text('{"format": 1, "network": "faces", "data": ["x"]}', encoding="utf-8")
    code, _, said = mien_convert("quantize", run, "--out", tmp_path / "m")
    assert code == 5
    assert "no model.keras there" in said
