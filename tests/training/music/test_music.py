"""Training of the model that listens, on songs made on the spot, through the command line and back into the device's code."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mien_models.errors import DataError
from mien_models.listening.listen import Listener
from mien_training.__main__ import main
from mien_training.music.deam import Table, measure, measure_dealt, read_deam
from mien_training.music.emotify import agreement, read_emotify
from mien_training.music.folds import by_artist
from mien_training.music.gems import PLACES, place
from mien_training.music.validation import concordance, r2
from tests.models.listening.sounds import clicks, noise, write
from tests.needs import give_up, need_module

RATE = 16_000
EMOTIONS = list(PLACES)


def song(lively: bool, seed: int) -> np.ndarray:
    sound = noise(3, RATE, seed)
    if lively:
        return sound + clicks(3, 150 + seed, RATE)
    return np.cumsum(sound, axis=0, dtype=np.float32) * 0.05


@pytest.fixture(scope="module")
def emotify(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve artists with two songs each, one that made people merry and one that made them calm."""
    folder = tmp_path_factory.mktemp("emotify")
    (folder / "audio").mkdir()
    with (
        (folder / "tracks.csv").open("w", newline="") as tracks,
        (folder / "annotations.csv").open("w", newline="") as annotations,
    ):
        songs, answers = csv.writer(tracks), csv.writer(annotations)
        songs.writerow(["track_id", "genre", "artist"])
        answers.writerow(["track id", *EMOTIONS])
        for number in range(1, 25):
            lively = number % 2 == 0
            write(folder / "audio" / f"{number:03d}.wav", song(lively, number), RATE)
            songs.writerow([number, "rock" if number < 13 else "pop", f"artist {(number + 1) // 2}"])
            felt = ("joyful_activation", "power") if lively else ("calmness", "sadness")
            for listener in range(4):
                answers.writerow([number, *(int(emotion in felt and listener < 3) for emotion in EMOTIONS)])
    return folder


def test_all_nine_emotions_alike_are_the_middle_and_single_ones_lie_around_it() -> None:
    assert place(np.ones(9)) == pytest.approx([0, 0], abs=1e-9)
    joy, calm, sad = (place(np.eye(9)[EMOTIONS.index(name)]) for name in ("joyful_activation", "calmness", "sadness"))
    assert joy[0] > 0
    assert joy[1] > 0
    assert calm[1] == -1
    assert sad[0] == -1
    assert (place(np.zeros(9)) == 0).all()


def test_no_artist_is_on_both_sides_and_folds_are_alike() -> None:
    artists = np.array([f"a{number % 23}" for number in range(100)])
    folds = by_artist(artists, 5, seed=3)
    assert all(len(set(folds[artists == artist])) == 1 for artist in set(artists))
    assert np.ptp(np.bincount(folds)) <= 5
    assert (folds == by_artist(artists, 5, seed=3)).all()


def test_figures_of_known_answers() -> None:
    truth = np.array([0.0, 1.0, 2.0, 3.0])
    assert r2(truth, truth) == concordance(truth, truth) == 1
    assert r2(truth, np.full(4, 1.5)) == 0
    assert concordance(truth, -truth) < 0
    assert concordance(np.ones(4), np.ones(4)) == 1
    assert concordance(truth, truth + 1) == pytest.approx(2 * 1.25 / (2 * 1.25 + 1))


def test_the_whole_way_from_songs_to_a_model_that_the_device_takes(
    emotify: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_module("matplotlib")
    out = tmp_path / "run"
    assert main(["music", "--data", str(emotify), "--out", str(out), "--json"]) == 0
    validation = json.loads(capsys.readouterr().out)
    assert (validation["songs"], validation["artists"]) == (24, 12)
    assert validation["folds"][0]["arousal"]["r2"] > 0.5
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "| axis | pop | rock |" in report
    assert (out / "report.png").stat().st_size > 10_000

    listener = Listener.open(out / "model")
    assert listener.listen(emotify / "audio" / "002.wav").estimate.arousal > 0
    assert main(["evaluate", str(out / "model"), "--data", str(emotify), "--json"]) == 0
    evaluation = json.loads(capsys.readouterr().out)
    assert (evaluation["scores"]["n"], evaluation["learned"]) == (24, 24)
    assert evaluation["scores"]["arousal"]["r2"] > 0.5

    first = (out / "model" / "music.npz").read_bytes()
    cached = (out / "features.npz").stat().st_mtime_ns
    assert main(["music", "--data", str(emotify), "--out", str(out)]) == 0
    assert (out / "model" / "music.npz").read_bytes() == first
    assert (out / "features.npz").stat().st_mtime_ns == cached, "listened again"


def test_mistakes_in_the_data_are_said(emotify: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tracks\.csv: cannot be read"):
        read_emotify(tmp_path)
    (tmp_path / "tracks.csv").write_text("track_id,genre\n1,rock\n")
    with pytest.raises(DataError, match="no column artist"):
        read_emotify(tmp_path)
    (tmp_path / "tracks.csv").write_text("track_id,genre,artist\none,rock,me\n")
    with pytest.raises(DataError, match="'one' in column 'track_id'"):
        read_emotify(tmp_path)
    (tmp_path / "tracks.csv").write_text("track_id,genre,artist\n1,rock,me\n")
    (tmp_path / "annotations.csv").write_text((emotify / "annotations.csv").read_text())
    with pytest.raises(DataError, match="no song has a file"):
        read_emotify(tmp_path)
    with pytest.raises(DataError, match="cannot be read as DEAM"):
        read_deam(tmp_path)


def test_listeners_who_all_feel_the_same_agree(emotify: Path) -> None:
    assert min(agreement(read_emotify(emotify), rounds=3)) > 0.9


@pytest.fixture(scope="module")
def deam(shared_data: Path) -> tuple[Table, Table]:
    """Training and validation songs of the published split."""
    folder = shared_data / "data" / "music" / "deam"
    if not folder.is_dir():
        give_up(f"no data/music/deam in {shared_data} (set MIEN_DATA)")
    return read_deam(folder)


@pytest.mark.slow
def test_deam_is_learned_better_than_its_mean(deam: tuple[Table, Table]) -> None:
    training, validation = deam
    assert (len(training.numbers), len(validation.numbers)) == (1261, 271)
    scores = measure(training, validation)
    assert scores.valence.r2 > 0.4
    assert scores.arousal.r2 > 0.48


@pytest.mark.slow
def test_dealt_out_anew_deam_says_something_else_each_time(deam: tuple[Table, Table]) -> None:
    training, validation = deam
    one, other = measure_dealt(training, validation, ways=2)
    assert one.n == other.n == len(validation.numbers)
    assert one.valence.r2 != other.valence.r2
    assert min(one.valence.r2, other.valence.r2) > 0.35
