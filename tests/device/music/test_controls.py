"""Pause, seek, volume, skip and stop: no click, no lost sample. And files that break off or go on for an hour."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest
import soundfile

from mien_device.music.player.limiter import LOOKAHEAD
from mien_device.music.player.output import BLOCK
from mien_device.music.player.ramps import Fade
from mien_models.errors import MusicError
from tests.device.music.sounds import RATE_HZ, amplitude, longest_silence_s
from tests.device.music.studio import Sound, Studio, encode, noise, sine, song, steepest, write
from tests.needs import need_module

need_module("soundfile")
TONE_HZ = 110
SMOOTH = 0.4 * 2 * np.pi * TONE_HZ / RATE_HZ
"""The steepest step of the tone itself."""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Plays a deep tone of ten seconds, in which every click would show."""
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / "tone.wav", sine(TONE_HZ, 10))))
    studio.player.advance(1)
    return studio


def blocks(seconds: float) -> int:
    """The frames that `advance` makes of so many seconds."""
    return round(seconds * RATE_HZ / BLOCK) * BLOCK


def test_nothing_clicks(studio: Studio, tmp_path: Path) -> None:
    player = studio.player
    other = song(write(tmp_path / "other.wav", sine(TONE_HZ, 10)))
    for command in (
        player.pause,
        player.resume,
        lambda: player.set_volume(0),
        lambda: player.set_volume(100),
        lambda: player.set_volume(30),
        lambda: player.seek(7.1234),
        lambda: player.seek(2.5),
        lambda: player.play(other),
        lambda: player.set_volume(100),
        lambda: player.queue(other),
        player.pause,
        lambda: player.seek(3.3),
        player.resume,
        player.stop,
        lambda: player.play(other, at_s=0),
    ):
        command()
        player.advance(0.3)
    player.close()
    heard = studio.heard()
    assert np.abs(heard).max() > 0.3
    assert steepest(heard) < 1.5 * SMOOTH, "two of the tones may sound at once while one comes and one goes"


def test_hard_stop_would_be_noticed() -> None:
    cut = sine(TONE_HZ, 1)
    cut[20_100:] = 0
    assert steepest(cut) > 1.5 * SMOOTH


def test_pause_loses_no_sample(tmp_path: Path) -> None:
    whole = np.rint(noise(6) * 32768) / 32768
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / "noise.wav", whole)))
    studio.player.advance(2)
    studio.player.pause()
    studio.player.advance(1)
    assert studio.player.playing is not None
    position_s = studio.player.position_s
    studio.player.advance(1)
    assert studio.player.position_s == position_s
    studio.player.resume()
    studio.player.advance(5)
    heard = studio.heard()
    begin = blocks(2)
    held = round(position_s * RATE_HZ)
    assert held - begin == 2205, "it fades for 50 ms, then rests"
    assert np.array_equal(heard[:begin], whole[:begin])
    resumed = begin + 2 * blocks(1)
    assert longest_silence_s(heard[held : resumed + 1]) == (resumed - held) / RATE_HZ
    after = slice(resumed + 2205, resumed + len(whole) - held)
    assert np.array_equal(heard[after], whole[held + 2205 :]), "it goes on with the very next sample"
    ramp = heard[resumed : resumed + 2205] / np.where(whole[held : held + 2205] == 0, 1, whole[held : held + 2205])
    line = np.arange(1, 2206) / 2205
    assert np.median(np.abs(ramp[:, 0] - line)) < 0.001


def test_volume_moves_in_a_line_to_what_was_asked(studio: Studio) -> None:
    for percent in (50, 0, 100):
        studio.player.set_volume(percent)
        studio.player.advance(1)
    heard = studio.heard()
    for second, level in enumerate((0.4, 0.2, 0.0, 0.4)):
        at = second * blocks(1)
        assert amplitude(heard[at + 4410 : at + blocks(1)], TONE_HZ) == pytest.approx(level, abs=0.001)


def test_seek_goes_where_it_is_told(tmp_path: Path) -> None:
    steps = np.concatenate([sine(hertz, 1) for hertz in (100, 200, 400, 800)])
    for ending in ("wav", "flac", "ogg", "mp3"):
        studio = Studio(tmp_path, fade_s=0)
        studio.player.play(song(encode(write(tmp_path / "steps.wav", steps), tmp_path / f"x.{ending}")))
        for position_s in (3.0, 1.0, -5.0):
            studio.player.seek(position_s)
            assert studio.player.position_s == pytest.approx(max(0, position_s), abs=0.05)
            studio.player.advance(0.5)
            assert studio.player.position_s == pytest.approx(max(0, position_s) + 0.5, abs=0.1)
        studio.player.seek(99)
        studio.player.advance(0.5)
        assert studio.player.playing is None, "beyond the end is the end"
        heard = studio.heard()
        for part, hertz in enumerate((800, 200, 100)):
            at = part * blocks(0.5)
            assert amplitude(heard[at + 4410 : at + blocks(0.5)], hertz) > 0.3, (ending, hertz)


def test_seek_in_nothing_and_of_what_is_gone(tmp_path: Path) -> None:
    studio = Studio(tmp_path, fade_s=0)
    studio.player.seek(3)
    path = write(tmp_path / "tone.wav", sine(440, 2))
    studio.player.play(song(path))
    path.unlink()
    with pytest.raises(MusicError, match=r"tone\.wav: cannot be read"):
        studio.player.seek(1)
    studio.player.advance(1)
    assert amplitude(studio.heard(), 440) > 0.3


def test_deleted_file_plays_to_its_end(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "tone.wav").unlink()
    studio.player.advance(10)
    assert studio.player.failures() == []
    assert amplitude(studio.heard()[9 * RATE_HZ : 10 * RATE_HZ], TONE_HZ) == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("when", ["before", "while playing"])
def test_truncated_file_ends_softly_and_the_next_begins(tmp_path: Path, ending: str, when: str) -> None:
    """Whole in its headers, but half is missing."""
    path = encode(write(tmp_path / "source.wav", sine(TONE_HZ, 20)), tmp_path / f"half.{ending}")
    cut = path.stat().st_size // 2
    studio = Studio(tmp_path, fade_s=1)
    if when == "before":
        with path.open("r+b") as file:
            file.truncate(cut)
    studio.player.play(song(path), at_s=0)
    studio.player.queue(song(write(tmp_path / "next.wav", sine(880, 2))))
    studio.player.advance(1)
    if when == "while playing":
        with path.open("r+b") as file:
            file.truncate(cut)
    studio.player.advance(21)
    failures = studio.player.failures()
    heard = studio.heard()
    assert steepest(heard) < 0.06
    assert max(amplitude(heard[at : at + RATE_HZ], 880) for at in range(0, len(heard) - RATE_HZ, 4410)) > 0.3
    assert len(failures) <= 1
    for failure in failures:
        assert str(path) in failure.reason
        assert "before its headers say" in failure.reason or "cannot be read any further" in failure.reason
    assert len(failures) == 1 or when == "before", "libsndfile may know at once how much there is"


def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "mix.flac"
    with soundfile.SoundFile(path, "w", RATE_HZ, 2) as file:
        for _ in range(60):
            file.write(np.zeros((60 * RATE_HZ, 2), np.int16))
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(path))
    assert studio.player.duration_s == 3600
    process = psutil.Process()
    studio.player.advance(60)
    gc.collect()
    before = process.memory_info().rss
    studio.player.seek(1800)
    studio.player.advance(180)
    gc.collect()
    assert process.memory_info().rss - before < 30_000_000, "decoded it would be 635 MB"
    assert studio.player.position_s == pytest.approx(1980, abs=1)
    studio.player.close()


def gains(frames: int, *, rising: bool) -> npt.NDArray[np.float64]:
    fade = Fade(silent=rising)
    (fade.rise if rising else fade.fall)(frames)
    pieces = [fade.apply(np.ones((size, 2), np.float32)) for size in (1, 99, 0, 400, frames)]
    return np.concatenate(pieces)[:frames, 0].astype(np.float64)


def test_two_fades_keep_the_power_at_every_frame_however_they_are_cut() -> None:
    rising, falling = gains(1000, rising=True), gains(1000, rising=False)
    assert np.abs(rising**2 + falling**2 - 1).max() < 1e-6
    assert (np.diff(rising) > 0).all()
    assert rising[-1] == 1
    assert falling[-1] == 0


def test_limiter_is_late_by_what_it_says(tmp_path: Path) -> None:
    studio = Studio(tmp_path, fade_s=0)
    sound: Sound = np.zeros((RATE_HZ, 2))
    sound[1000] = 0.5
    studio.player.play(song(write(tmp_path / "click.wav", sound)))
    studio.player.advance(1)
    assert np.flatnonzero(studio.heard()[:, 0]).tolist() == [1000]
    assert LOOKAHEAD / RATE_HZ < 0.006
