"""Small tables and clips made on the spot, and the real ones of MIEN_DATA or ../shared."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien_training.songs.moods.songs import FEATURES
from tests.needs import give_up, need_module
from tests.training.conftest import tensorflow  # noqa: F401 - a fixture

MOODS = ("Calm", "Happy", "Sad")


@pytest.fixture(scope="session")
def training_extra(tensorflow: None) -> None:  # noqa: F811
    for name in ("sklearn", "optuna", "soundfile", "soxr"):
        need_module(name)


@pytest.fixture(scope="session")
def music_data(shared_data: Path) -> Path:
    folder = shared_data / "data" / "music"
    if not (folder / "spotify_moods" / "data_moods.csv").is_file():
        give_up(f"no data/music in {shared_data} (set MIEN_DATA)")
    return folder


@pytest.fixture
def make_songs(tmp_path: Path) -> Callable[..., Path]:
    """Write a table in which energy and valence tell the mood, with noise; a few artists have two songs."""

    def make(count: int = 60, name: str = "songs.csv") -> Path:
        rng = np.random.default_rng(0)
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["name", *FEATURES, "artist", "mood"])
            for number in range(count):
                mood = number % len(MOODS)
                features = rng.random(len(FEATURES))
                features[[3, 6]] = np.array([[0.1, 0.6], [0.9, 0.9], [0.3, 0.1]])[mood] + rng.normal(0, 0.12, 2)
                writer.writerow([f"song {number}", *features, f"artist {number % 45}", MOODS[mood]])
        return path

    return make


@pytest.fixture
def make_clips(tmp_path: Path) -> Callable[..., Path]:
    """Write clips of 1.1 s whose valence is how high their tone is, and labels.csv, with two clips an artist."""

    def make(count: int = 44, rate: int = 16000, valence: Callable[[int], float] | None = None) -> Path:
        folder = tmp_path / "clips"
        folder.mkdir()
        rng = np.random.default_rng(0)
        time = np.arange(int(1.1 * rate)) / rate
        lines = ["clip,valence,artist"]
        for number in range(count):
            height = valence(number) if valence else float(rng.uniform(-1, 1))
            tone = 0.3 * np.sin(2 * np.pi * 440 * 4**height * time) + rng.normal(0, 0.01, len(time))
            np.savez(folder / f"{number:03}.npz", audio=tone.astype(np.float32), rate=rate)
            lines.append(f"{number},{height},band {number // 2}")
        (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    return make
