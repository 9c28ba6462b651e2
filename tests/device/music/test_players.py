"""Any player: files of all kinds, and what is said of where it is. Through the silent output, which keeps real time."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mien_device.config import MusicConfig
from mien_device.music import Player, Track
from mien_device.music.player import SilentOutput, StreamingPlayer, WavOutput, open_player
from mien_device.music.player.output import BUFFER_S
from mien_models.errors import MusicError
from mien_models.labels import Mood
from tests.device.music.sounds import counter, tone, write_wav
from tests.needs import need_module, need_program
from tests.waiting import wait_until

FADE_S = 0.3
FORMATS = ["mp3", "ogg", "opus", "flac", "wav"]


@pytest.fixture
def player() -> Iterator[Player]:
    need_module("soundfile")
    opened = StreamingPlayer(SilentOutput(), fade_s=FADE_S)
    yield opened
    opened.close()
    opened.close()


def track(path: Path) -> Track:
    return Track(path, Mood.HAPPY)


def encode(source: Path, target: Path) -> Path:
    subprocess.run([need_program("ffmpeg"), "-nostdin", "-v", "error", "-y", "-i", source, target], check=True)
    return target


def test_end_of_a_track_is_seen_in_real_time(player: Player, tmp_path: Path) -> None:
    song = track(write_wav(tmp_path / "song.wav", tone(440, 4.5)))
    assert player.ending
    assert (player.position_s, player.duration_s) == (0.0, None)
    began = time.monotonic()
    player.play(song)
    assert player.playing is song
    assert player.duration_s == 4.5
    assert not player.ending
    wait_until(lambda: player.ending)
    assert player.playing is song
    assert time.monotonic() - began > 4.5 - 3.3 - 0.4, "three seconds before the fade"
    assert 0.4 < player.position_s <= time.monotonic() - began
    wait_until(lambda: not player.playing)
    assert time.monotonic() - began > 4.5 - 0.6
    assert player.ending


def test_pause_stops_the_clock(player: Player, tmp_path: Path) -> None:
    player.play(track(write_wav(tmp_path / "song.wav", tone(440, 1.2))))
    player.pause()
    player.pause()
    time.sleep(0.3)
    position_s = player.position_s
    time.sleep(1.0)
    assert player.playing
    assert player.position_s == position_s
    player.resume()
    player.resume()
    wait_until(lambda: player.playing is None)


def test_stop_and_play_end_a_pause(player: Player, tmp_path: Path) -> None:
    song = track(write_wav(tmp_path / "song.wav", tone(440, 0.6)))
    player.play(song)
    player.pause()
    player.stop()
    assert player.playing is None
    player.play(song)
    player.pause()
    player.play(song)
    wait_until(lambda: player.playing is None)


def test_queued_track_begins_by_itself(player: Player, tmp_path: Path) -> None:
    first, second, third = (track(write_wav(tmp_path / f"{n}.wav", tone(440, 0.8))) for n in range(3))
    player.queue(first)
    assert player.playing is first, "nothing played, so it begins at once"
    player.queue(second)
    player.queue(third)
    assert not player.ending
    wait_until(lambda: player.playing is not first)
    assert player.playing is third, "what was queued last counts"
    player.queue(second)
    player.unqueue()
    wait_until(lambda: player.playing is not third)
    assert player.playing is None


@pytest.mark.parametrize("ending", FORMATS)
def test_formats_and_odd_names(player: Player, tmp_path: Path, ending: str) -> None:
    wav = write_wav(tmp_path / "source.wav", tone(440, 5))
    for number, name in enumerate(
        (f"Grüße ☀ 'x' %20 #1.{ending}", os.fsdecode(b"caf\xe9." + ending.encode()), f".{ending}.{ending}")
    ):
        song = track(encode(wav, tmp_path / f"{number}.{ending}").rename(tmp_path / name))
        player.play(song)
        assert player.playing == song
        assert player.duration_s == pytest.approx(5, abs=0.001)
        song.title.encode()


@pytest.mark.parametrize("ending", FORMATS)
def test_broken_files_are_errors_that_name_them_and_the_music_goes_on(
    player: Player, tmp_path: Path, ending: str
) -> None:
    good = track(write_wav(tmp_path / "good.wav", tone(440, 60)))
    player.play(good)
    noise = np.random.default_rng(0).integers(0, 256, 50_000, np.uint8).tobytes()
    whole = encode(good.path, tmp_path / f"whole.{ending}").read_bytes()
    contents = {"empty": b"", "noise": noise, "text": b"Dear listener,\n" * 100, "head": whole[:30]}
    for name, content in contents.items():
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(content)
        for command in (player.play, player.queue):
            with pytest.raises(MusicError, match=str(path)):
                command(track(path))
        assert player.playing == good


def test_missing_and_odd_files(player: Player, tmp_path: Path) -> None:
    with pytest.raises(MusicError, match=r"gone\.wav: cannot be read: No such file"):
        player.play(track(tmp_path / "gone.wav"))
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(MusicError, match=r"folder\.wav"):
        player.play(track(tmp_path / "folder.wav"))
    with pytest.raises(MusicError, match="holds no sound"):
        player.play(track(write_wav(tmp_path / "nothing.wav", counter(0))))
    misnamed = write_wav(tmp_path / "wave.wav", tone(440, 5)).rename(tmp_path / "wave.mp3")
    player.play(track(misnamed))
    assert player.playing


def test_many_changes_in_a_row(player: Player, tmp_path: Path) -> None:
    songs = [track(write_wav(tmp_path / f"{number}.wav", tone(440, 60))) for number in range(6)]
    for song in songs * 2:
        player.play(song)
        player.set_volume(70)
        assert player.playing == song
        player.seek(1.0)
        assert player.playing == song
        assert player.position_s >= 1.0 - BUFFER_S - 0.1


def test_null_is_not_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    player = open_player(MusicConfig(player="null"))
    assert player.name == "null"
    assert not player.heard
    player.close()
    assert caplog.text == ""


def test_recording(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    player = open_player(MusicConfig(player="wav", device=str(tmp_path / "heard.wav"), fade_s=0))
    assert player.heard
    player.play(track(write_wav(tmp_path / "song.wav", tone(440, 0.5))))
    wait_until(lambda: player.playing is None)
    player.close()
    player.close()
    assert WavOutput.latency_s == 0
    assert (tmp_path / "heard.wav").stat().st_size > 4 * 44_100, "silence belongs to it"
    nowhere = open_player(MusicConfig(player="wav", device=str(tmp_path / "no" / "heard.wav")))
    assert "cannot be written: No such file" in nowhere.name
    nowhere.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_recording_on_a_full_disk_ends_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    output = WavOutput(tmp_path / "heard.wav", real_time=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        for _ in range(100):
            output.write(np.ones((2048, 2), np.int16))
        output.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(caplog.records) == 1
    assert "heard.wav: the recording ends here: File too large" in caplog.text
