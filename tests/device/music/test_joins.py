"""How one track becomes the next: joins, cross-fades, loudness and peaks, measured in what the real player renders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mien_device.music.tags import Tags
from tests.device.music.sounds import RATE_HZ, amplitude, longest_silence_s
from tests.device.music.studio import Sound, Studio, encode, noise, sine, song, steepest, true_peak, write
from tests.needs import need_module

need_module("soundfile")


def loudness_lufs(samples: Sound) -> float:
    need_module("pyloudnorm")
    import pyloudnorm

    return float(pyloudnorm.Meter(RATE_HZ).integrated_loudness(samples))


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_gapless_join_is_exact_to_the_sample(tmp_path: Path, ending: str) -> None:
    whole = np.rint(noise(4) * 32768) / 32768
    cut = 2 * RATE_HZ + 123
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / f"1.{ending}", whole[:cut])))
    studio.player.queue(song(write(tmp_path / f"2.{ending}", whole[cut:])))
    studio.player.advance(5)
    heard = studio.heard()
    assert np.array_equal(heard[: len(whole)], whole)
    assert not heard[len(whole) :].any()


@pytest.mark.parametrize("ending", ["mp3", "ogg"])
def test_gapless_join_of_lossy_files(tmp_path: Path, ending: str) -> None:
    """Both decoders say where the sound begins and ends, so that nothing is inserted or lost: the tone runs on."""
    whole = sine(441, 4)
    cut = 2 * RATE_HZ
    studio = Studio(tmp_path, fade_s=0)
    for number, part in enumerate((whole[:cut], whole[cut:])):
        source = write(tmp_path / f"{number}.wav", part)
        (studio.player.queue if number else studio.player.play)(song(encode(source, tmp_path / f"{number}.{ending}")))
    studio.player.advance(5)
    heard = studio.heard()
    middle = slice(cut - 4410, cut + 4410)
    assert np.abs(heard[middle] - whole[middle]).max() < 0.1
    assert longest_silence_s(heard[middle]) < 0.005
    before, after = heard[cut - RATE_HZ : cut], heard[cut : cut + RATE_HZ]
    assert amplitude(before, 441) == pytest.approx(amplitude(after, 441), rel=0.01)


@pytest.mark.parametrize(("rate", "ending"), [(48_000, "flac"), (22_050, "wav"), (96_000, "flac")])
def test_gapless_join_of_files_of_another_rate(tmp_path: Path, rate: int, ending: str) -> None:
    """The resampler runs on over the join, so that not even its filter is heard there."""
    whole = sine(441, 4, rate=rate)
    cut = 2 * rate + 77
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / f"1.{ending}", whole[:cut], rate)))
    studio.player.queue(song(write(tmp_path / f"2.{ending}", whole[cut:], rate)))
    studio.player.advance(5)
    heard, wanted = studio.heard(), sine(441, 4)
    inner = slice(2000, len(wanted) - 2000)
    assert np.abs(heard[inner] - wanted[inner]).max() < 0.001


def test_tracks_of_an_album_are_joined_whole_whatever_the_fade(tmp_path: Path) -> None:
    whole = np.rint(noise(4) * 32768) / 32768
    cut = 2 * RATE_HZ + 123
    tags = [Tags("", "", "Abbey Road", 1, number) for number in (6, 7)]
    studio = Studio(tmp_path, fade_s=1)
    first = song(write(tmp_path / "1.flac", whole[:cut]), tags=tags[0], cue_out_s=1.9)
    second = song(write(tmp_path / "2.flac", whole[cut:]), loudness_lufs=-10.0, tags=tags[1], cue_in_s=0.2)
    studio.player.play(first, at_s=0)
    studio.player.queue(second)
    studio.player.advance(5)
    heard = studio.heard()
    assert np.array_equal(heard[RATE_HZ : len(whole)], whole[RATE_HZ:]), "after the first fade-in"


def fade_of(studio: Studio, folder: Path) -> tuple[Sound, Sound, Sound]:
    """A fade of 2 s between two tones that begins at 4 s: what was heard, and by a window of 50 ms each tone's level."""
    studio.player.play(song(write(folder / "low.wav", sine(441, 6))))
    studio.player.queue(song(write(folder / "high.wav", sine(1764, 6))))
    studio.player.advance(11)
    heard = studio.heard()
    windows = [heard[start : start + 2205] for start in range(4 * RATE_HZ, 6 * RATE_HZ, 2205)]
    return heard, *(np.array([amplitude(window, hertz) for window in windows]) for hertz in (441, 1764))


def test_cross_fade_has_equal_power(tmp_path: Path) -> None:
    heard, low, high = fade_of(Studio(tmp_path, fade_s=2), tmp_path)
    angle = (np.arange(len(low)) + 0.5) / len(low) * np.pi / 2
    loud = slice(0, -3)
    assert np.abs(decibels(low[loud]) - decibels(0.4 * np.cos(angle[loud]))).max() < 0.5
    assert np.abs(decibels(high[::-1][loud]) - decibels(0.4 * np.sin(angle[::-1][loud]))).max() < 0.5
    assert np.abs(decibels(np.hypot(low, high)) - decibels(np.array([0.4]))).max() < 0.5
    assert longest_silence_s(heard[: 10 * RATE_HZ]) < 0.005
    assert amplitude(heard[3 * RATE_HZ : 4 * RATE_HZ], 1764) < 1e-4
    assert amplitude(heard[6 * RATE_HZ : 7 * RATE_HZ], 441) < 1e-4


def decibels(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 20 * np.log10(values)


def test_loudness_is_matched_and_does_not_step_across_a_fade(tmp_path: Path) -> None:
    """Two pieces of noise 14 dB apart, as a whisper of folk and a wall of guitars are."""
    soft, hard = noise(12, 0.03, 1), np.clip(noise(12, 0.15, 2), -0.99, 0.99)
    known = [{"loudness_lufs": loudness_lufs(piece), "true_peak_dbtp": true_peak(piece)} for piece in (soft, hard)]
    assert known[1]["loudness_lufs"] - known[0]["loudness_lufs"] > 13
    studio = Studio(tmp_path, fade_s=3)
    studio.player.play(song(write(tmp_path / "soft.wav", soft), **known[0]), at_s=0)
    studio.player.queue(song(write(tmp_path / "hard.wav", hard), **known[1]))
    studio.player.advance(21.2)
    heard = studio.heard()
    seconds = [loudness_lufs(heard[at : at + RATE_HZ]) for at in range(4 * RATE_HZ, 20 * RATE_HZ, RATE_HZ // 2)]
    assert max(np.abs(np.diff(seconds))) < 1
    assert max(seconds) - min(seconds) < 1
    assert np.median(seconds) == pytest.approx(-18, abs=0.3)
    assert true_peak(heard) <= -1
    assert np.abs(heard).max() < 0.9


def test_what_was_never_measured_keeps_headroom(tmp_path: Path) -> None:
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / "unknown.wav", sine(441, 2, 0.99)), loudness_lufs=None))
    studio.player.advance(2)
    assert amplitude(studio.heard()[:RATE_HZ], 441) == pytest.approx(0.99 * 10 ** (-6 / 20), abs=0.001)


def test_quiet_track_is_raised_no_further_than_its_peaks_let_it(tmp_path: Path) -> None:
    quiet = sine(441, 2, 0.5)
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / "quiet.wav", quiet), loudness_lufs=-29.0, true_peak_dbtp=-6.02))
    studio.player.advance(2)
    assert true_peak(studio.heard()[: 2 * RATE_HZ]) == pytest.approx(-1.2, abs=0.05)


@pytest.mark.parametrize("hertz", [50, 997, RATE_HZ / 4, 9_500, 15_000])
def test_true_peak_stays_below_the_ceiling_when_tracks_add_up(tmp_path: Path, hertz: float) -> None:
    """The worst there is: tones that agree in phase; a quarter of the rate at 45° peaks 3 dB above all its samples."""
    time_s = np.arange(5 * RATE_HZ) / RATE_HZ
    wave = 0.89 * np.sin(2 * np.pi * hertz * time_s + np.pi / 4)
    studio = Studio(tmp_path, fade_s=2)
    path = write(tmp_path / "loud.wav", np.stack([wave, -wave], 1))
    studio.player.play(song(path), at_s=0)
    studio.player.advance(2.3)
    studio.player.play(song(path), at_s=0)
    studio.player.advance(1)
    studio.player.play(song(path), at_s=1)
    studio.player.advance(5)
    heard = studio.heard()
    assert true_peak(heard) <= -1.0
    assert np.abs(heard).max() > 0.6, "it is not simply quieter"


def test_limiter_leaves_alone_what_is_below_the_ceiling(tmp_path: Path) -> None:
    loud = np.rint(sine(441, 2, 0.88) * 32768) / 32768
    studio = Studio(tmp_path, fade_s=0)
    studio.player.play(song(write(tmp_path / "loud.wav", loud)))
    studio.player.advance(3)
    assert np.array_equal(studio.heard()[: len(loud)], loud)


def test_silence_at_both_ends_is_cut_out_of_a_fade(tmp_path: Path) -> None:
    padding = np.zeros((2 * RATE_HZ, 2))
    padded = np.concatenate([padding, sine(441, 4), padding])
    studio = Studio(tmp_path, fade_s=1)
    for command in (studio.player.play, studio.player.queue):
        command(song(write(tmp_path / "padded.wav", padded), cue_in_s=2.0, cue_out_s=6.0))
    studio.player.advance(9)
    heard = studio.heard()
    sounding = np.flatnonzero(np.abs(heard[:, 0]) > 0.001)
    assert sounding[0] < RATE_HZ / 50
    assert sounding[-1] == pytest.approx(7 * RATE_HZ, abs=RATE_HZ / 50), "4 s and 4 s, less 1 s that they share"
    assert longest_silence_s(heard[sounding[0] : sounding[-1]]) < 0.005


@pytest.mark.parametrize("lengths", [(0.2, 0.2), (0.2, 5), (5, 0.2), (0.001, 0.001)])
def test_short_tracks_fade_over_half_their_length_at_most(tmp_path: Path, lengths: tuple[float, float]) -> None:
    studio = Studio(tmp_path, fade_s=3)
    studio.player.play(song(write(tmp_path / "1.wav", sine(441, lengths[0]))))
    studio.player.queue(song(write(tmp_path / "2.wav", sine(441, lengths[1]))))
    studio.player.advance(1 + sum(lengths))
    heard = studio.heard()
    end = np.flatnonzero(np.abs(heard[:, 0]))[-1]
    assert end <= sum(lengths) * RATE_HZ
    assert np.abs(heard).max() <= 0.4 * 1.42
    assert steepest(heard[:end]) < 0.1


def test_mono_and_surround_are_heard_in_both_sides(tmp_path: Path) -> None:
    for channels in (1, 3, 6):
        studio = Studio(tmp_path, fade_s=0)
        tone = np.zeros((RATE_HZ, channels))
        tone[:, channels // 2] = sine(441, 1)[:, 0]  # mono's only one, 3: the right, 6: a deep or surrounding one
        studio.player.play(song(write(tmp_path / f"{channels}.wav", tone)))
        studio.player.advance(1)
        heard = studio.heard()
        assert amplitude(heard[:, ::-1], 441) > 0.05
