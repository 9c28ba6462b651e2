"""The tunes of the demo: all there, quick, always the same, and as their moods want them."""

from __future__ import annotations

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from mien_device.config import MusicConfig
from mien_device.demo.tunes import RATE_HZ, STYLES, compose, write_tunes
from mien_device.music.playlist import Playlists
from mien_models.labels import Emotion


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tunes")
    began = time.process_time()
    write_tunes(folder)
    assert time.process_time() - began < 2
    return folder


def test_each_mood_has_a_folder_of_its_own(folder: Path) -> None:
    playlists = Playlists(MusicConfig(folder=folder))
    assert [len(playlists.tracks(emotion)) for emotion in Emotion] == [1] * 7
    assert len(list(folder.rglob("*"))) == 14, "nothing else is left behind"
    assert sum(path.stat().st_size for path in folder.rglob("*.wav")) < 20e6


@pytest.mark.parametrize("emotion", Emotion)
def test_tune_is_sound_and_does_not_clip(folder: Path, emotion: Emotion) -> None:
    with wave.open(str(next((folder / emotion).iterdir()))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE_HZ)
        assert 10 <= file.getnframes() / RATE_HZ <= 20
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2) / 32768
    assert np.abs(samples).max() < 0.95
    assert abs(samples.mean()) < 0.01
    seconds = np.square(samples[: len(samples) // RATE_HZ * RATE_HZ]).reshape(-1, RATE_HZ, 2).mean(axis=(1, 2))
    assert np.all(np.sqrt(seconds[:-2]) > 0.01), "no second is silent but those in which the tune dies away"
    assert np.abs(samples[-100:]).max() < 0.02, "it ends without a click"
    assert not np.array_equal(samples[:, 0], samples[:, 1]), "the sides differ"


def test_second_writing_leaves_all_as_it_is(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    write_tunes(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_seed_decides_the_melody() -> None:
    style = STYLES[Emotion.HAPPY]
    assert np.array_equal(compose(style, 1), compose(style, 1))
    assert not np.array_equal(compose(style, 1), compose(style, 2))


def test_moods_differ_as_the_studies_say() -> None:
    loudness = {emotion: np.sqrt(np.square(compose(style) / 32768.0).mean()) for emotion, style in STYLES.items()}
    assert loudness[Emotion.ANGRY] > loudness[Emotion.HAPPY] > loudness[Emotion.NEUTRAL] > loudness[Emotion.SAD]
    tempo = {emotion: style.beats_per_minute for emotion, style in STYLES.items()}
    assert min(tempo[emotion] for emotion in (Emotion.HAPPY, Emotion.ANGRY, Emotion.SURPRISE)) > 2 * tempo[Emotion.SAD]
    assert max(STYLES, key=lambda emotion: STYLES[emotion].tonic) is Emotion.FEAR
