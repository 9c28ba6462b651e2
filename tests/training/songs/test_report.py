"""The report of both systems."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from mien_training.__main__ import main
from tests.training.conftest import ROOT

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("training_extra")]


def test_both_in_one(
    make_songs: Callable[..., Path],
    make_clips: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "report"
    sizes = ["--seeds", "2", "--folds", "3", "--epochs", "2", "--trials", "2", "--splits", "1", "--valence-epochs", "2"]
    files = ["--moods", str(make_songs()), "--clips", str(make_clips()), "--runs", str(tmp_path / "runs")]
    command = ["music-report", *files, "--fewer", "Sad,Happy", "--out", str(out), *sizes]
    assert main(command) == 0
    table = capsys.readouterr().out.strip()
    text = (out / "report.md").read_text()
    assert table in text
    assert len(table.splitlines()) == 5
    for heading in (
        "## Moods from a table: Calm, Happy, Sad",
        "## Moods from a table: Sad, Happy",
        "## Valence from sound",
    ):
        assert heading in text
    for name in ("2-moods-confusion", "3-moods-confusion", "3-moods-reliability", "valence-curves"):
        assert f"({name}.png)" in text
        assert cv2.imread(str(out / f"{name}.png")) is not None
    assert str(tmp_path) not in text + (out / "report.json").read_text()

    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((out / "report.json").read_text())
    assert [list(one["counts"]) for one in report["moods"]] == [["Calm", "Happy", "Sad"], ["Sad", "Happy"]]


def test_the_kept_report_is_the_commands() -> None:
    """docs/music-systems is what the command writes: its text follows from its figures, and its figures meet their bars."""
    from mien_training.songs.moods.compare import MoodReport
    from mien_training.songs.report import COMMAND, as_markdown
    from mien_training.songs.valence.run import ValenceReport

    folder = ROOT / "docs" / "music-systems"
    kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    moods = [MoodReport.model_validate_json(json.dumps(one)) for one in kept["moods"]]
    valence = ValenceReport.model_validate_json(json.dumps(kept["valence"]))
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert as_markdown(moods, valence) == text
    assert COMMAND in text

    models = {model.name: model.songs for model in moods[0].models}
    assert moods[0].config.seeds >= 10
    assert 0.78 <= models["seed"].median <= 0.81
    assert models["mended"].mean >= 0.805
    assert models["ensemble"].mean >= 0.815
    assert {trial.number for trial in valence.trials if trial.mse == min(t.mse for t in valence.trials)} == {
        valence.best
    }
