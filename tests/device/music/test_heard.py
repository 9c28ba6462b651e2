"""What comes out of the loudspeaker: the samples that SDL's disk driver writes, recorded in real time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from mien_device.demo.tunes import STYLES, write_tunes
from mien_device.music.player.loudness import UNKNOWN_DB
from mien_models.labels import Emotion
from tests.device.music.sounds import (
    RATE_HZ,
    Heard,
    Recording,
    amplitude,
    counter,
    longest_silence_s,
    tone,
    write_wav,
)
from tests.needs import need_module

SCRIPTS = {
    "cross-fade": """
player = open_player(MusicConfig(player="pygame", fade_s=1))
player.play(track("low.wav")); hear(2.0)
mark("change"); player.play(track("high.wav")); hear(2.2)
mark("stop"); player.stop(); hear(2.2)
mark("end"); player.close()
""",
    "hurry": """
player = open_player(MusicConfig(player="pygame", fade_s=1))
player.play(track("low.wav")); player.play(track("high.wav")); hear(0.4)
player.play(track("low.wav")); hear(0.3)
player.play(track("top.wav")); hear(0.2)
player.play(track("high.wav")); hear(0.1)
player.play(track("low.wav")); hear(1.8)
mark("settled"); hear(1.5); mark("end"); player.close()
""",
    "controls": """
player = open_player(MusicConfig(player="pygame", fade_s=0))
player.play(track("low.wav")); hear(0.8)
mark("pause"); player.pause(); hear(0.8)
mark("resume"); player.resume(); hear(0.8)
mark("mute"); player.set_volume(0); hear(0.8)
mark("half"); player.set_volume(50); player.play(track("low.wav")); hear(0.8)
mark("full"); player.set_volume(100); hear(0.8); mark("end"); player.close()
""",
    "busy": """
player = open_player(MusicConfig(player="pygame", fade_s=0))
player.play(track("high.wav"))
def work():
    while time.monotonic() < until:
        sum(n * n for n in range(3000))
until = time.monotonic() + 4
workers = [threading.Thread(target=work) for _ in range(4)]
for worker in workers: worker.start()
for worker in workers: worker.join()
mark("end"); player.close()
""",
    "moods": """
config = MusicConfig(player="pygame", folder=folder / "tunes", fade_s=0.5, volume=100, linger_s=0.5)
jukebox = Jukebox(open_player(config), FolderChooser(Playlists(config), rng=random.Random(1)), config)
def follow(mood, seconds):
    mark(mood)
    jukebox.follow(mood, time.monotonic())
    until = heard_s() + seconds
    while heard_s() < until:
        jukebox.tick(time.monotonic()); time.sleep(0.05)
follow(Mood.HAPPY, 3.4); follow(Mood.SAD, 2); follow(Mood.ANGRY, 3.4); follow(Mood.NONE, 3)
mark("end"); jukebox.close()
""",
    "round": """
config = MusicConfig(player="pygame", folder=folder / "short", fade_s=0.5)
jukebox = Jukebox(open_player(config), FolderChooser(Playlists(config)), config)
jukebox.set_volume(100)
jukebox.follow(Mood.HAPPY, time.monotonic())
mark("begin")
until = heard_s() + 5
while heard_s() < until:
    jukebox.tick(time.monotonic()); time.sleep(0.05)
mark("end"); jukebox.close()
""",
}


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Heard]:
    """All recordings are made at once: they take real time, but hardly any computing."""
    need_module("pygame")
    folder = tmp_path_factory.mktemp("heard")
    for name, hertz in (("low", 441), ("high", 882), ("top", 1764)):
        write_wav(folder / f"{name}.wav", tone(hertz, 6))
    write_wav(folder / "counter.wav", counter(6))
    for number in range(2):
        write_wav(folder / "short" / "happy" / f"{number}.wav", tone(441 * (number + 1), 1.6))
    write_tunes(folder / "tunes")
    recordings = {name: Recording(folder, name, script) for name, script in SCRIPTS.items()}
    results = {name: recording.heard() for name, recording in recordings.items()}
    return results.__getitem__


HALF = 10 ** (UNKNOWN_DB / 20)
"""The gain of a track that nobody has measured."""
LEVEL = 0.9 * HALF


def test_change_is_a_cross_fade_of_equal_power(heard: Callable[[str], Heard]) -> None:
    recording = heard("cross-fade")
    assert amplitude(recording.between("change", "stop", 0)[-8820:], 882) == pytest.approx(LEVEL, abs=0.01)
    fade = recording.samples[recording.marks["change"] - 4410 : recording.marks["change"] + 60_000]
    windows = [fade[start : start + 2205] for start in range(0, len(fade) - 2205, 2205)]
    low = np.array([amplitude(window, 441) for window in windows])
    high = np.array([amplitude(window, 882) for window in windows])
    assert low[0] == pytest.approx(LEVEL, abs=0.01)
    assert high[0] < 0.01
    assert np.all(np.diff(low) < 0.02), "what goes only falls"
    assert np.all(np.diff(high) > -0.02), "what comes only rises"
    assert np.abs(20 * np.log10(np.hypot(low, high) / LEVEL)).max() < 0.5, "the powers add up to one"
    assert 16 <= np.sum((high > 0.03) & (low > 0.03)) <= 21, "the fade of 1 s lasts about 20 windows of 50 ms"


def test_change_leaves_no_gap_and_does_not_clip(heard: Callable[[str], Heard]) -> None:
    recording = heard("cross-fade")
    assert longest_silence_s(recording.between("change", "stop", 0)) < 0.005
    assert np.abs(recording.samples).max() <= 1.42 * LEVEL


def test_stop_fades_to_silence(heard: Callable[[str], Heard]) -> None:
    end = heard("cross-fade").between("stop", "end", 0)
    assert amplitude(end[8820:17640], 882) > 0.3 * HALF
    assert not np.any(end[-4410:])


def test_fades_cut_short_neither_clip_nor_leave_a_voice_behind(heard: Callable[[str], Heard]) -> None:
    recording = heard("hurry")
    assert np.abs(recording.samples).max() <= 10 ** (-1 / 20)
    settled = recording.between("settled", "end")
    assert amplitude(settled, 441) == pytest.approx(LEVEL, abs=0.01)
    assert amplitude(settled, 882) < 0.001
    assert amplitude(settled, 1764) < 0.001


def test_pause_is_silent_and_resume_goes_on(heard: Callable[[str], Heard]) -> None:
    recording = heard("controls")
    assert not np.any(recording.between("pause", "resume", 0.2))
    assert longest_silence_s(recording.between("resume", "mute", 0.2)) < 0.005


def test_volume(heard: Callable[[str], Heard]) -> None:
    recording = heard("controls")
    assert not np.any(recording.between("mute", "half", 0.2))
    assert amplitude(recording.between("half", "full", 0.2), 441) == pytest.approx(LEVEL / 2, abs=0.01)
    assert amplitude(recording.between("full", "end", 0.2), 441) == pytest.approx(LEVEL, abs=0.01)


def test_a_busy_interpreter_does_not_stop_the_music(heard: Callable[[str], Heard]) -> None:
    """Four threads compute without pause, each as greedy as any; the card's buffer never runs dry."""
    recording = heard("busy")
    begin = np.flatnonzero(np.any(recording.samples != 0, axis=1))[0]
    assert longest_silence_s(recording.samples[begin : recording.marks["end"] - RATE_HZ]) < 0.001


def pulse(samples: npt.NDArray[np.float64], beats_per_minute: float) -> float:
    """How strongly the notes' beginnings (rises of the spectrum, every 23 ms) repeat with the beat; 1 is perfectly."""
    hop = 1024
    frames = np.lib.stride_tricks.sliding_window_view(samples[:, 0], 4096)[::hop] * np.hanning(4096)
    rise = np.maximum(np.diff(np.abs(np.fft.rfft(frames))[:, :400], axis=0), 0).sum(axis=1)
    rise -= rise.mean()
    likeness = np.correlate(rise, rise, "full")[len(rise) - 1 :]
    lag = round(60 / beats_per_minute * RATE_HZ / hop)
    return float(likeness[lag - 1 : lag + 2].max() / likeness[0])


def centroid_hz(samples: npt.NDArray[np.float64]) -> float:
    power = np.abs(np.fft.rfft(samples[:, 0])) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / power.sum())


def test_another_mood_sounds_different(heard: Callable[[str], Heard]) -> None:
    recording = heard("moods")
    happy, sad, angry = (
        recording.between(*ends, margin_s=0.55) for ends in (("happy", "sad"), ("sad", "angry"), ("angry", "none"))
    )
    loudness = [float(np.sqrt(np.mean(part**2))) for part in (happy, sad, angry)]
    assert loudness[2] > loudness[0] > loudness[1] > 0.02
    assert centroid_hz(happy) > 2 * centroid_hz(sad)
    happy_tempo, angry_tempo = (STYLES[emotion].beats_per_minute for emotion in (Emotion.HAPPY, Emotion.ANGRY))
    assert pulse(happy, happy_tempo) > pulse(happy, angry_tempo) + 0.2
    assert pulse(angry, angry_tempo) > pulse(angry, happy_tempo) + 0.2
    assert longest_silence_s(recording.between("happy", "none", 0.5)) < 0.005
    assert np.abs(recording.samples).max() < 0.99


def test_music_lingers_then_falls_silent_when_nobody_is_there(heard: Callable[[str], Heard]) -> None:
    nobody = heard("moods").between("none", "end", 0)
    assert np.sqrt(np.mean(nobody[: RATE_HZ // 3] ** 2)) > 0.05
    assert not np.any(nobody[-RATE_HZ // 5 :])


def test_tracks_follow_each_other_without_a_gap(heard: Callable[[str], Heard]) -> None:
    recording = heard("round")
    assert longest_silence_s(recording.between("begin", "end", 0.5)) < 0.005
    heard_low = np.array(
        [amplitude(recording.samples[at : at + 4410], 441) for at in range(0, len(recording.samples) - 4410, 4410)]
    )
    assert np.sum(np.abs(np.diff(heard_low > 0.45 * HALF))) >= 3, "the two tracks take turns"
