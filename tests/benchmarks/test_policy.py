"""The simulator of listeners: it takes no answer that nobody gave, keeps its halves apart, and finds what is there to find."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.policy_listeners import MOODS, make_people, read_rows
from mien_training.music.gems import PLACES
from tests.needs import need_module

ROOT = Path(__file__).parents[2]
PEOPLE, SONGS, HEARD = 40, 60, 24


@pytest.fixture(scope="module")
def emotify(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of Emotify's form. Everybody likes the songs of every third artist and dislikes the others."""
    folder = tmp_path_factory.mktemp("emotify")
    rng = np.random.default_rng(0)
    with (folder / "tracks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["track_id", "artist", "title"])
        writer.writerows([n, f"artist {n % 12}", f"song {n}"] for n in range(SONGS))
    with (folder / "annotations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["track id", *PLACES, "mood", "liked", "disliked", "age", "gender", "mother tongue"])
        for person in range(PEOPLE):
            for track in rng.permutation(SONGS)[:HEARD]:
                liked = int(track % 3 == 0)
                felt = rng.integers(0, 2, len(PLACES))
                writer.writerow([track, *felt, rng.integers(1, 6), liked, 1 - liked, person, 0, "Dutch"])
    return folder


def test_every_answer_is_a_row_of_that_song_and_of_that_half(emotify: Path) -> None:
    rows = read_rows(emotify)
    used = []
    for half in range(2):
        people = make_people(rows, seed=0, half=half)
        names = {person.name for person in people}
        assert len(people) == PEOPLE // 2
        used.append(set(np.concatenate([person.answers.ravel() for person in people])))
        assert {str(rows.name[number]) for number in used[-1]} <= names
        for person in people:
            assert (rows.track[person.answers] == np.arange(SONGS)).all()
            own = np.flatnonzero(rows.name == person.name)
            assert (rows.name[person.answers[:, rows.track[own]]] == person.name).all(), (
                "where they heard it, their own"
            )
    assert not used[0] & used[1]


def test_moods_near_the_listeners_are_asked_more_often(emotify: Path) -> None:
    rows = read_rows(emotify)
    people = make_people(rows, seed=0, half=0)
    off = [np.abs(rows.mood[person.answers[mood - 1]] - mood).mean() for person in people for mood in MOODS]
    usual = [np.abs(rows.mood - mood).mean() for mood in MOODS]
    assert np.mean(off) < 0.75 * np.mean(usual)


def test_places_are_scaled_and_hidden_behind_the_error_of_a_model(emotify: Path) -> None:
    rows = read_rows(emotify)
    assert rows.true.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert rows.true.std(axis=0) == pytest.approx([0.35, 0.35])


def test_it_finds_a_taste_that_is_there_and_writes_its_report(emotify: Path, tmp_path: Path) -> None:
    need_module("matplotlib")
    options = ("--sessions", "8", "--tracks", "6", "--people", "10", "--json", "--out", str(tmp_path / "out"))
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "policy.py", str(emotify), *options],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    late = {method: figures["late liking"] for method, figures in report["methods"].items()}
    assert late["lift"][1] > late["shuffle"][2], "who likes every third artist only is soon known"
    assert all(low <= mean <= high for mean, low, high in late.values())
    assert abs(late["shuffle"][0]) < 0.15, "chance is what the listener thinks of the whole library"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"policy.md", "policy.json", "policy.png"}
    assert "| lift |" in (tmp_path / "out" / "policy.md").read_text(encoding="utf-8")


def test_without_the_data_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "policy.py", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no annotations.csv there" in done.stderr
    assert "annotations.csv" in done.stderr
