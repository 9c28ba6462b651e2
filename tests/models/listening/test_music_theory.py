"""Tempo and key of sounds whose tempo and key are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien_models.listening.listen import hear
from tests.models.listening.sounds import chord, clicks, noise, sine, write

RATE = 22_050


@pytest.mark.parametrize("tempo", [72, 90, 120, 133, 174])
def test_tempo_of_clicks(tmp_path: Path, tempo: int) -> None:
    heard = hear(write(tmp_path / "a.wav", clicks(15, tempo, RATE), RATE))
    assert heard.tempo_bpm is not None
    nearest = min((tempo / 2, tempo, 2 * tempo), key=lambda bpm: abs(bpm - heard.tempo_bpm))
    assert heard.tempo_bpm == pytest.approx(nearest, rel=0.01)  # half and double are the same beat, counted otherwise


def test_what_has_no_beat_has_no_tempo(tmp_path: Path) -> None:
    steady = np.random.default_rng(0).normal(scale=0.05, size=(10 * RATE, 1)).astype(np.float32)
    assert hear(write(tmp_path / "a.wav", steady, RATE)).tempo_bpm is None
    assert hear(write(tmp_path / "b.wav", sine(10, 440, -10, RATE), RATE)).tempo_bpm is None


MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


@pytest.mark.parametrize(
    ("tonic", "chords", "expected"),
    [
        (0, ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR)), "C"),
        (2, ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR)), "D"),
        (9, ((0, MINOR), (5, MINOR), (7, MAJOR), (0, MINOR)), "A minor"),
        (6, ((0, MINOR), (5, MINOR), (7, MAJOR), (0, MINOR)), "F# minor"),
        (10, ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR)), "Bb"),
    ],
)
def test_key_of_cadences(
    tmp_path: Path, tonic: int, chords: tuple[tuple[int, tuple[int, ...]], ...], expected: str
) -> None:
    played = [chord(1.0, tuple(48 + tonic + step + note for note in (*notes, 12)), RATE) for step, notes in chords]
    assert hear(write(tmp_path / "a.wav", np.concatenate(played), RATE)).key == expected


def test_noise_has_no_key(tmp_path: Path) -> None:
    white = np.random.default_rng(0).normal(scale=0.05, size=(10 * RATE, 1)).astype(np.float32)
    assert hear(write(tmp_path / "a.wav", white, RATE)).key is None


def test_nothing_depends_on_how_loud_a_file_is(tmp_path: Path) -> None:
    samples = noise(4, RATE, 5)
    loud, soft = (hear(write(tmp_path / "a.wav", gain * samples, RATE, "FLOAT")) for gain in (1.0, 0.1))
    assert loud.loudness_lufs - soft.loudness_lufs == pytest.approx(20, abs=0.01)
    differing = np.flatnonzero(np.abs(loud.features - soft.features) > 1e-2)
    assert len(differing) == 1, "only the level itself may tell"
