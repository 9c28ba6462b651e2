"""Valence from spectrograms: the network as described, the search the right way round, and an honest judgement."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien_models.errors import OutcomeError
from mien_training.__main__ import main
from mien_training.songs.valence import judge, splits
from mien_training.songs.valence.clips import Clips
from mien_training.songs.valence.labels import read_labels
from tests.training.conftest import ROOT

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("training_extra")]


def command(data: Path, *more: str) -> list[str]:
    return ["valence", "--data", str(data), "--trials", "3", "--epochs", "3", "--splits", "2", *more]


def test_searches_judges_and_goes_on(
    make_clips: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = make_clips(), tmp_path / "runs" / "valence"
    assert main(command(data, "--out", str(out))) == 0
    printed = capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert (report["clips"], report["artists"], report["validation_clips"], report["judged_clips"]) == (44, 22, 2, 42)
    check_trials(report, out)
    check_judged(report["judged"])
    assert cv2.imread(str(out / "curves.png")) is not None
    assert (out / "trials.md").read_text().strip() in printed
    assert printed.splitlines()[-1].startswith("| 5 folds by artist | support vectors |")

    assert main(command(data, "--out", str(out), "--json")) == 0  # done already
    assert json.loads(capsys.readouterr().out) == report
    assert main([*command(data, "--out", str(out)), "--seed", "2"]) == 3
    assert "'seed' was 0, now 2" in capsys.readouterr().err

    assert main(command(data, "--json")) == 0  # elsewhere, and the same once more
    again = json.loads(capsys.readouterr().out)
    assert [trial["settings"] for trial in again["trials"]] == [trial["settings"] for trial in report["trials"]]
    for one, other in zip(again["trials"], report["trials"], strict=True):
        assert one["mse"] == pytest.approx(other["mse"], rel=1e-3)


def check_trials(report: dict[str, Any], out: Path) -> None:
    trials = report["trials"]
    assert [trial["number"] for trial in trials] == [0, 1, 2]
    errors = [trial["mse"] for trial in trials]
    assert report["best"] == int(np.argmin(errors))
    assert report["worst"] == int(np.argmax(errors))
    for trial in trials:
        assert 1e-4 <= trial["settings"]["learning_rate"] <= 5e-3
        assert 16 <= trial["settings"]["batch"] <= 128
        assert len(trial["history"]) == 3
        assert trial["history"][-1]["validation"] == pytest.approx(trial["mse"], rel=1e-5)
    with (out / "trials.csv").open() as stream:
        assert [float(row["mse"]) for row in csv.DictReader(stream)] == errors
    assert [trial["mse"] for trial in json.loads((out / "trials.json").read_text())] == errors


def check_judged(judged: list[dict[str, Any]]) -> None:
    assert {(one["splits"], len(one["mse"])) for one in judged} == {
        ("95/5 by clip", 2),
        ("95/5 by artist", 2),
        ("5 folds by artist", 5),
    }
    for one in judged:
        assert one["mean"] == pytest.approx(np.mean(one["mse"]))
        if one["model"] == "mean":
            assert one["r2"] == 0
    folds = {one["model"]: one for one in judged if one["splits"] == "5 folds by artist"}
    assert folds["support vectors"]["r2"] > 0.3  # a tone's height is easy to see


@pytest.mark.timeout(900)
def test_processes_search_together(make_clips: Callable[..., Path], tmp_path: Path) -> None:
    """Two at once: the trials are shared out, none is tried twice, and both come to the same table."""
    data, out = make_clips(), tmp_path / "runs" / "valence"
    path = {"PYTHONPATH": ":".join(str(ROOT / name) for name in ("device", "models", "training", "convert"))}
    arguments = command(data, "--out", str(out), "--epochs", "1", "--trials", "4", "--splits", "1")
    both = [
        subprocess.Popen([sys.executable, "-m", "mien_training", *arguments], env=path, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    try:
        assert [process.wait(800) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
            process.wait()
    trials = json.loads((out / "trials.json").read_text())
    assert len(trials) == 4
    assert len({trial["settings"]["learning_rate"] for trial in trials}) == 4


def test_the_network_is_the_described_one() -> None:
    import keras

    from mien_training.songs.valence.network import build

    layers = build().layers
    kinds = [keras.layers.Dense, keras.layers.BatchNormalization, keras.layers.Dropout] * 3 + [keras.layers.Dense]
    assert [type(layer) for layer in layers] == kinds
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    assert [(layer.units, layer.activation.__name__) for layer in dense] == [
        (256, "relu"),
        (128, "relu"),
        (64, "relu"),
        (1, "linear"),
    ]


def test_a_training_begins_anew_and_learns() -> None:
    from mien_training.songs.valence.network import Settings, Trainer

    rng = np.random.default_rng(0)
    valence = rng.normal(80, 2, 80).astype(np.float32)
    patches = (rng.normal(-40, 2, (80, 2048)) + 5 * valence[:, None]).astype(np.float32)
    trainer, settings = Trainer(0), Settings(learning_rate=2e-3, batch=16)
    first = trainer.fit(patches[:70], valence[:70], patches[70:], valence[70:], settings, 40)
    trainer.fit(patches[:50], valence[:50] * 0, patches[50:], valence[50:], settings, 1)
    again = trainer.fit(patches[:70], valence[:70], patches[70:], valence[70:], settings, 40)
    np.testing.assert_allclose(first.answers, again.answers, rtol=1e-4)
    assert first.training_mse < 0.5 * valence.var()
    assert first.history[-1].training < first.history[0].training
    assert first.answers.mean() == pytest.approx(80, abs=2)  # in the labels' own unit
    with pytest.raises(OutcomeError, match="epoch 1, step 1: the loss is nan, at learning rate"):
        trainer.fit(patches, valence * np.nan, patches, valence, settings, 1)


def test_splits_keep_their_word() -> None:
    artists = np.repeat(np.arange(40), 3)
    known, asked = splits.by_clip(120, 0)
    assert (len(known), len(asked)) == (114, 6)
    assert sorted([*known, *asked]) == list(range(120))
    assert splits.by_clip(120, 1)[1].tolist() != asked.tolist()
    known, asked = splits.by_artist(artists, 0)
    assert (len(known), len(asked)) == (114, 6)
    assert not set(artists[known]) & set(artists[asked])
    folds = splits.folds_by_artist(artists, 5, 0)
    assert sorted(np.concatenate([asked for _, asked in folds])) == list(range(120))
    assert not any(set(artists[known]) & set(artists[asked]) for known, asked in folds)


def test_errors_are_counted_against_the_training_clips_mean() -> None:
    valence = np.array([0, 0, 4, 8], np.float32)
    nothing = np.zeros((4, 1), np.float32)
    clips = Clips(("a", "b", "c", "d"), nothing, nothing, valence, np.arange(4))
    part = (np.array([0, 1]), np.array([2, 3]))
    base = judge.mean_predictor()(clips, *part)
    assert base[0].tolist() == [0, 0]
    judged = judge._judged("half", "x", clips, [part], [(np.array([2, 4], np.float32), 0.0)], [base[0]])
    assert judged.mse == [(4 + 16) / 2]
    assert judged.r2 == pytest.approx(1 - 20 / 80)


@pytest.mark.parametrize(
    ("make", "more", "code", "said"),
    [
        ({"count": 30}, [], 5, "30 labelled clips; give 40 at least"),
        ({"valence": lambda _: 0.5}, [], 5, "all clips have valence 0.5; there is nothing to learn"),
        ({}, ["--limit", "39"], 5, "39 labelled clips; give 40 at least"),
        ({}, ["--labels", "none.csv"], 5, "none.csv: No such file"),
    ],
)
def test_what_cannot_be_judged(
    make_clips: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    make: dict[str, Any],
    more: list[str],
    code: int,
    said: str,
) -> None:
    assert main([*command(make_clips(**make)), *more]) == code
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_no_labels_and_few_artists(make_clips: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    data = make_clips()
    table = data / "labels.csv"
    table.write_text("\n".join(line.rsplit(",", 1)[0] + ",one band" for line in table.read_text().splitlines()))
    table.write_text(table.read_text().replace("valence,one band", "valence,artist"))
    assert main(command(data)) == 5
    assert "clips of 1 artists; give 10 at least" in capsys.readouterr().err.splitlines()[-1]
    table.unlink()
    assert main(command(data)) == 5
    assert "no labels.csv or annotations.csv in it or beside it; give --labels" in capsys.readouterr().err


def test_a_pickle_that_would_run_something(
    make_clips: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, mark = make_clips(), tmp_path / "mark"
    (data / "000.npz").unlink()
    (data / "000.pkl").write_bytes(b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR.")
    assert main(command(data)) == 5
    assert "000.pkl: names os.system; only arrays" in capsys.readouterr().err.splitlines()[-1]
    assert not mark.exists()


def test_emotify_is_read_as_it_is(music_data: Path) -> None:
    folder = music_data / "emotify"
    labels = read_labels(folder / "annotations.csv", folder / "tracks.csv")
    assert len(labels) >= 300
    valence = np.array([label.valence for label in labels.values()])
    assert -0.65 < valence.min() < 0 < 0.3 < valence.max() < 0.8
    assert all(label.artist for label in labels.values())
