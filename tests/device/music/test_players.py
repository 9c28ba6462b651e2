"""The players themselves: pygame's against SDL's dummy driver, which keeps real time, and the one that is silent."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mien_device.config import MusicConfig
from mien_device.music import Player, Track
from mien_device.music.player import NullPlayer, PygamePlayer, SoundCard, open_player, probe_sound, pygame_mixer
from mien_models.errors import MissingDependencyError, MusicError
from mien_models.labels import Mood
from tests.device.music.sounds import ROOT, counter, tone, write_wav
from tests.needs import need_module, need_program


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    need_module("pygame")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    opened = PygamePlayer(SoundCard("dummy", (), 44_100, 2), fade_s=0.3)
    yield opened
    opened.close()
    opened.close()


def track(path: Path) -> Track:
    return Track(path, Mood.HAPPY)


def encode(source: Path, target: Path) -> Path:
    subprocess.run([need_program("ffmpeg"), "-v", "error", "-y", "-i", source, target], check=True)
    return target


def test_end_of_a_track_is_seen_in_real_time(player: Player, tmp_path: Path) -> None:
    song = track(write_wav(tmp_path / "song.wav", tone(440, 1.0)))
    assert player.ending
    began = time.monotonic()
    player.play(song)
    assert player.playing == song
    assert not player.ending
    while not player.ending:
        time.sleep(0.01)
    assert time.monotonic() - began == pytest.approx(0.7, abs=0.1), "the last 0.3 s are the fade's"
    assert player.playing == song
    while player.playing:
        time.sleep(0.01)
    assert time.monotonic() - began == pytest.approx(1.0, abs=0.35)
    assert player.ending


def test_pause_stops_the_clock(player: Player, tmp_path: Path) -> None:
    player.play(track(write_wav(tmp_path / "song.wav", tone(440, 0.8))))
    player.pause()
    player.pause()
    time.sleep(1.0)
    assert player.playing
    assert not player.ending
    player.resume()
    player.resume()
    time.sleep(0.1)
    assert not player.ending
    time.sleep(1.0)
    assert player.playing is None


def test_stop_and_play_end_a_pause(player: Player, tmp_path: Path) -> None:
    song = track(write_wav(tmp_path / "song.wav", tone(440, 0.6)))
    player.play(song)
    player.pause()
    player.stop()
    assert player.playing is None
    player.play(song)
    player.pause()
    player.play(song)
    time.sleep(0.45)
    assert player.ending


@pytest.mark.parametrize("ending", ["mp3", "ogg", "opus", "flac", "wav"])
def test_formats_and_odd_names(player: Player, tmp_path: Path, ending: str) -> None:
    wav = write_wav(tmp_path / "source.wav", tone(440, 0.5))
    for number, name in enumerate(
        (f"Grüße ☀ 'x' %20 #1.{ending}", os.fsdecode(b"caf\xe9." + ending.encode()), f".{ending}.{ending}")
    ):
        song = track(encode(wav, tmp_path / f"{number}.{ending}").rename(tmp_path / name))
        player.play(song)
        assert player.playing == song
        song.title.encode()


@pytest.mark.parametrize("ending", ["mp3", "ogg", "opus", "flac", "wav"])
def test_broken_files_are_errors_that_name_them_and_the_music_goes_on(
    player: Player, tmp_path: Path, ending: str
) -> None:
    good = track(write_wav(tmp_path / "good.wav", tone(440, 6)))
    player.play(good)
    noise = np.random.default_rng(0).integers(0, 256, 50_000, np.uint8).tobytes()
    whole = encode(good.path, tmp_path / f"whole.{ending}").read_bytes()
    contents = {"empty": b"", "noise": noise, "text": b"Dear listener,\n" * 100, "head": whole[:30]}
    for name, content in contents.items():
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(content)
        with pytest.raises(MusicError, match=str(path)):
            player.play(track(path))
        assert player.playing == good


def test_truncated_file_plays_as_far_as_it_goes(player: Player, tmp_path: Path) -> None:
    source = write_wav(tmp_path / "source.wav", tone(440, 4))
    for ending in ("mp3", "ogg", "flac", "wav"):
        whole = encode(source, tmp_path / f"whole.{ending}").read_bytes()
        path = tmp_path / f"half.{ending}"
        path.write_bytes(whole[: len(whole) // 2])
        player.play(track(path))
        assert player.playing


def test_missing_and_odd_files(player: Player, tmp_path: Path) -> None:
    with pytest.raises(MusicError, match=r"gone\.wav: cannot be read: No such file"):
        player.play(track(tmp_path / "gone.wav"))
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(MusicError, match=r"folder\.wav"):
        player.play(track(tmp_path / "folder.wav"))
    with pytest.raises(MusicError, match="holds no sound"):
        player.play(track(write_wav(tmp_path / "nothing.wav", counter(0))))
    misnamed = write_wav(tmp_path / "wave.wav", tone(440, 0.2)).rename(tmp_path / "wave.mp3")
    player.play(track(misnamed))
    assert player.playing


def test_track_too_long_for_memory_is_refused(player: Player, tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8000 * 901))  # 7 MB, and 160 MB once decoded
    with pytest.raises(MusicError, match=r"mix\.wav: 15 minutes are too long"):
        player.play(track(path))


def test_large_file_of_unknown_length_is_refused(player: Player, tmp_path: Path) -> None:
    path = tmp_path / "mix.mp3"
    with path.open("wb") as file:
        file.truncate(pygame_mixer.LARGEST_UNKNOWN_BYTES + 1)
    with pytest.raises(MusicError, match=r"mix\.mp3: 6 MB whose length cannot be told"):
        player.play(track(path))


def test_many_changes_in_a_row(player: Player, tmp_path: Path) -> None:
    songs = [track(write_wav(tmp_path / f"{number}.wav", tone(440, 2))) for number in range(6)]
    for song in songs * 2:
        player.play(song)
        player.set_volume(70)
        assert player.playing == song


@pytest.mark.parametrize(("asked", "level"), [("auto", logging.WARNING), ("pygame", logging.ERROR)])
@pytest.mark.parametrize("driver", ["nonexistent", "alsa"])
def test_without_a_sound_card_the_player_is_silent_and_says_why(
    asked: str, level: int, driver: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    need_module("pygame")
    monkeypatch.setenv("SDL_AUDIODRIVER", driver)
    monkeypatch.setenv("AUDIODEV", "hw:CARD=nosuchcard")
    opened = open_player(MusicConfig.model_validate({"player": asked}))
    assert isinstance(opened, NullPlayer)
    assert opened.reason is not None
    assert "no sound card can be opened" in opened.reason
    assert opened.reason in opened.name
    assert [record.levelno for record in caplog.records] == [level]


def test_null_is_not_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    assert open_player(MusicConfig(player="null")).name == "null"
    assert caplog.text == ""


def test_probe_says_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("pygame")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    card = probe_sound()
    assert (card.driver, card.rate_hz, card.channels) == ("dummy", 44_100, 2)
    assert card.devices


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("kill -SEGV $$", r"crashed \(SIGSEGV\)"),
        ("exec sleep 30", "no answer within 0.5 s"),
        ("echo bang >&2; exit 3", "failed: bang"),
        ("exit 3", "failed: exit code 3"),
    ],
)
def test_probe_survives_the_sound_system(
    script: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_module("pygame")
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(MusicError, match=complaint):
        probe_sound(timeout_s=0.5)


def test_probe_without_pygame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(MissingDependencyError, match=r"mien\[device\]"):
        probe_sound()
    assert isinstance(open_player(MusicConfig()), NullPlayer)


def test_signals_and_standard_output_stay_the_daemons() -> None:
    need_module("pygame")
    script = (
        "import time; from mien_device.config import MusicConfig; from mien_device.music.player import open_player\n"
        "p = open_player(MusicConfig(player='pygame')); import sys; sys.stderr.write(p.name); sys.stderr.flush(); time.sleep(20)"
    )
    paths = os.pathsep.join(str(ROOT / part) for part in ("device", "models"))
    environment = {**os.environ, "SDL_AUDIODRIVER": "dummy", "PYTHONPATH": paths}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.read(14) == b"pygame (dummy:"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b""
        assert process.wait(5) == -signal.SIGTERM


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_null_player_keeps_time(tmp_path: Path) -> None:
    clock = Clock()
    player = NullPlayer(clock=clock)
    song = track(write_wav(tmp_path / "song.wav", tone(440, 0.1)))
    player.set_volume(50)
    player.play(song)
    clock.now += 29
    assert player.playing == song
    player.pause()
    clock.now += 100
    assert player.playing == song
    player.resume()
    clock.now += 0.9
    assert not player.ending
    clock.now += 0.2
    assert player.playing is None
    assert player.ending
    player.play(song)
    player.stop()
    assert player.playing is None
    with pytest.raises(MusicError, match="No such file"):
        player.play(track(tmp_path / "gone.wav"))
    player.close()
    player.close()
