"""The listener as the library uses it: one answer for one recording, and memory that does not grow with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from mien_models.errors import ManifestError, ModelError
from mien_models.listening import SongMood
from mien_models.listening.excerpts import RATE as EXCERPT_RATE
from mien_models.listening.excerpts import Excerpts
from mien_models.listening.features import COUNT, FAMILIES
from mien_models.listening.listen import Listener, hear
from mien_models.listening.predictor import most_probable_mood
from mien_models.shipped import find_model
from tests.models.listening.sounds import clicks, noise, write

RATE = 22_050


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener.open()


def test_the_answer_is_whole_and_always_the_same(listener: Listener, tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", noise(5, RATE, 1, channels=2), RATE)
    first, second = listener.listen(path), listener.listen(path)
    assert first.features.shape == (COUNT,)
    assert first.features.tobytes() == second.features.tobytes()
    assert first.estimate == second.estimate
    assert first.duration_s == pytest.approx(5)
    assert first.mood in SongMood
    assert -1 <= first.estimate.valence <= 1
    assert first.estimate.valence_sd > 0.1
    assert str(first.features.dtype) == "float32"


def test_families_are_as_long_as_they_say(tmp_path: Path) -> None:
    excerpts = Excerpts(RATE, 4 * RATE)
    excerpts.add(noise(4, RATE, 1))
    (excerpt,) = excerpts.taken()
    for name, (compute, count) in FAMILIES.items():
        assert compute(excerpt).shape == (count,), name


@pytest.mark.parametrize("seconds", [0.01, 0.3, 1.0])
def test_very_short_sounds_have_an_answer(listener: Listener, tmp_path: Path, seconds: float) -> None:
    analysis = listener.listen(write(tmp_path / "a.wav", noise(seconds, RATE, 1), RATE))
    assert np.isfinite(analysis.features).all()
    assert analysis.duration_s == pytest.approx(seconds, abs=1e-3)


def test_lively_sounds_are_livelier_than_quiet_ones(listener: Listener, tmp_path: Path) -> None:
    fast = listener.listen(write(tmp_path / "a.wav", clicks(20, 160, RATE) + noise(20, RATE, 2), RATE))
    turns = np.arange(20 * RATE) / RATE
    slow = 0.2 * np.sin(2 * np.pi * 220 * turns) * (1 + 0.3 * np.sin(2 * np.pi * 0.2 * turns))
    calm = listener.listen(write(tmp_path / "b.wav", slow[:, np.newaxis].astype(np.float32), RATE))
    assert fast.estimate.arousal > calm.estimate.arousal


def test_the_less_a_song_is_like_any_known_one_the_less_sure_it_is(listener: Listener) -> None:
    model = listener.predictor
    middle, beyond = model.quantiles[:, 16], model.quantiles[:, -1] + 99
    beyond[::2] = model.quantiles[::2, 0] - 99
    known, unknown = (model.estimate(features[np.newaxis]) for features in (middle, beyond))
    assert unknown.valence_sd > known.valence_sd
    assert unknown.arousal_sd > known.arousal_sd


def test_a_song_is_the_set_of_its_excerpts(listener: Listener) -> None:
    model = listener.predictor
    random = np.random.default_rng(0)
    first, second = (model.quantiles[np.arange(COUNT), random.integers(0, 33, COUNT)] for _ in range(2))
    both = model.estimate(np.stack([first, second]))
    assert model.estimate(np.stack([second, first])).valence == pytest.approx(both.valence)
    assert model.estimate(np.stack([first, second] * 3)).valence == pytest.approx(both.valence)
    alone = [model.estimate(one[np.newaxis]) for one in (first, second)]
    assert both.arousal == pytest.approx(np.mean([one.arousal for one in alone]))
    assert both.arousal_sd < max(one.arousal_sd for one in alone), "two places heard are more than one"


def test_the_mood_is_the_quarter_of_the_plane(listener: Listener) -> None:
    from mien_models.listening import Estimate

    moods = {(1, 1): "happy", (1, -1): "calm", (-1, 1): "tense", (-1, -1): "sad"}
    for (pleasant, lively), mood in moods.items():
        assert most_probable_mood(Estimate(0.3 * pleasant, 0.2, 0.1 * lively, 0.4)) == mood


def test_excerpts_are_evenly_spread_and_silent_ones_left_out() -> None:
    rate, seconds = 4000, 200
    excerpts = Excerpts(rate, seconds * rate)
    loud = noise(seconds, rate, 1)
    loud[: 80 * rate] = 0
    for start in range(0, len(loud), rate):
        excerpts.add(loud[start : start + rate])
    taken = excerpts.taken()
    assert [len(excerpt.samples) for excerpt in taken] == [15 * EXCERPT_RATE] * 4


MEASURE = """
import resource, sys
from pathlib import Path
from mien_models.listening.listen import hear
heard = hear(Path(sys.argv[1]))
print(heard.duration_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
def test_an_hour_needs_no_more_memory_than_two_minutes(tmp_path: Path) -> None:
    rate = 8000
    second = (noise(1, rate, 1)[:, 0] * 32767).astype("<i2").tobytes()
    peaks = []
    for seconds in (120, 3600):
        with wave.open(str(tmp_path / "long.wav"), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            for _ in range(seconds):
                file.writeframes(second)
        command = [sys.executable, "-c", MEASURE, tmp_path / "long.wav"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        duration, peak = map(float, ran.stdout.split())
        assert duration == seconds
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 20, "MiB; the hour alone would be 110"


def test_the_shipped_model_is_small_and_says_what_it_is() -> None:
    listener = Listener.open()
    directory = find_model("music")
    assert sum(path.stat().st_size for path in directory.iterdir()) < 500_000
    assert listener.manifest.kind == "music"
    assert listener.manifest.version in listener.version
    assert "Aljanaki" in (directory / "CARD.md").read_text(encoding="utf-8")
    assert listener.manifest.metrics["unheard_artists_arousal_r2"] > 0.5


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model("music"), tmp_path / "model"))


def test_a_damaged_model_is_refused(copy: Path) -> None:
    content = bytearray((copy / "music.npz").read_bytes())
    content[1000] ^= 1
    (copy / "music.npz").write_bytes(content)
    with pytest.raises(ManifestError, match="damaged or exchanged"):
        Listener.open(copy)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"features": 99}, "version 99"), ({"kind": "emotion"}, "kind"), ({"surprise": 1}, "unknown key")],
)
def test_a_manifest_that_says_otherwise_is_refused(copy: Path, change: dict[str, object], said: str) -> None:
    path = copy / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(ModelError, match=said):
        Listener.open(copy)


def test_arrays_that_do_not_fit_are_refused(copy: Path) -> None:
    from mien_models.listening.predictor import Predictor

    with np.load(copy / "music.npz") as stored:
        arrays = dict(stored)
    for broken in (arrays | {"answer": arrays["answer"][:-1]}, {k: v for k, v in arrays.items() if k != "reach"}):
        np.savez(copy / "music.npz", **broken)
        with pytest.raises(ModelError, match="copy the model directory again"):
            Predictor.load(copy / "music.npz")
    np.savez(copy / "music.npz", **arrays | {"songs": np.array([{}], object)})
    with pytest.raises(ModelError, match="damaged"):
        Predictor.load(copy / "music.npz")


def test_real_songs_are_heard_as_before(listener: Listener, shared_data: Path) -> None:
    from tests.needs import give_up

    folder = shared_data / "data" / "music" / "emotify" / "audio"
    if not folder.is_dir():
        give_up(f"no data/music/emotify in {shared_data} (set MIEN_DATA)")
    for name in ("001", "300"):
        heard = hear(folder / f"{name}.opus")
        assert heard.duration_s == pytest.approx(30, abs=0.1)
        known = np.abs(listener.predictor.predict(heard.features[np.newaxis])[0])
        assert known.max() <= 1
