"""Sound cards: found or not, chosen by name, taken away and brought back. Against a real PulseAudio."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mien_device.config import MusicConfig
from mien_device.music import Player
from mien_device.music.player import CardOutput, StreamingPlayer, open_player, probe_sound
from mien_device.music.player.sdl import SdlError, Stream
from mien_models.errors import MissingDependencyError, MusicError
from tests.device.music.pulse import Pulse
from tests.device.music.sounds import RATE_HZ, ROOT, amplitude
from tests.device.music.studio import sine, song, write
from tests.needs import need_module
from tests.waiting import wait_until

need_module("soundfile")


@pytest.fixture(autouse=True)
def pygame() -> None:
    need_module("pygame")


@pytest.mark.parametrize(("asked", "level"), [("auto", logging.WARNING), ("pygame", logging.ERROR)])
@pytest.mark.parametrize("driver", ["nonexistent", "alsa"])
def test_without_a_sound_card_the_player_keeps_time_and_says_why(
    asked: str,
    level: int,
    driver: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", driver)
    monkeypatch.setenv("AUDIODEV", "hw:CARD=nosuchcard")
    opened = open_player(MusicConfig.model_validate({"player": asked}))
    assert not opened.heard
    assert "no sound card can be opened" in opened.name
    assert [record.levelno for record in caplog.records] == [level]
    opened.play(song(write(tmp_path / "tone.wav", sine(440, 100))))
    began = time.monotonic()
    wait_until(lambda: opened.position_s > 0.5)
    assert opened.position_s <= time.monotonic() - began + 0.1
    opened.close()


def test_probe_says_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    card = probe_sound()
    assert (card.driver, card.rate_hz, card.channels) == ("dummy", RATE_HZ, 2)


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
    player = open_player(MusicConfig())
    assert "mien[device]" in player.name
    player.close()


def test_signals_and_standard_output_stay_the_daemons() -> None:
    script = (
        "import time; from mien_device.config import MusicConfig; from mien_device.music.player import open_player\n"
        "p = open_player(MusicConfig(player='pygame')); import sys; sys.stderr.write(p.name); sys.stderr.flush(); time.sleep(120)"
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
        assert process.wait(60) == -signal.SIGTERM


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    with Pulse(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def player(pulse: Pulse, tmp_path: Path) -> Iterator[StreamingPlayer]:
    opened = open_player(MusicConfig(player="pygame", fade_s=0))
    assert isinstance(opened, StreamingPlayer)
    assert opened.heard, opened.name
    opened.play(song(write(tmp_path / "tone.wav", sine(441, 120))))
    yield opened
    opened.close()


def level(samples: npt.NDArray[np.float64]) -> float:
    """Of the tone, in most of the last second: a server on a busy machine drops a buffer of its own now and then."""
    last = samples[-RATE_HZ:]
    return float(np.median([amplitude(last[at : at + 2205], 441) for at in range(0, RATE_HZ - 2205, 2205)]))


def test_music_is_heard_and_mien_is_named(player: Player, pulse: Pulse) -> None:
    wait_until(lambda: level(pulse.record(1.5)) == pytest.approx(0.4, abs=0.01))
    assert player.name.startswith("pygame (pulseaudio: speaker")


def test_card_that_is_pulled_out_and_plugged_in_again(
    player: Player, pulse: Pulse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pulse.pull_out()
    wait_until(lambda: not player.heard)
    assert "the sound card is gone" in player.name
    began, position_s = time.monotonic(), player.position_s
    time.sleep(3)  # long enough for a look that finds no output: SDL itself would crash of it
    wait_until(lambda: player.position_s - position_s > 2)
    assert player.position_s - position_s < time.monotonic() - began + 0.7, "it keeps time"
    pulse.plug_in()
    wait_until(lambda: player.heard)
    wait_until(lambda: level(pulse.record(1.5)) == pytest.approx(0.4, abs=0.01))
    levels = [(record.levelno, record.name) for record in caplog.records if record.name.startswith("mien_device")]
    assert [level for level, _ in levels] == [logging.WARNING, logging.INFO], "lost and found, once each"


def test_sound_server_that_dies_and_is_started_again(player: Player, pulse: Pulse) -> None:
    pulse.stop()
    wait_until(lambda: not player.heard)
    time.sleep(1.5)
    pulse.start()
    pulse.plug_in()
    wait_until(lambda: player.heard)
    wait_until(lambda: level(pulse.record(1.5)) == pytest.approx(0.4, abs=0.01))


def test_output_is_chosen_by_its_name(pulse: Pulse, tmp_path: Path) -> None:
    pulse.plug_in("kitchen")
    player = open_player(MusicConfig(player="pygame", fade_s=0, device="KITCH"))
    player.play(song(write(tmp_path / "tone.wav", sine(441, 120))))
    wait_until(lambda: level(pulse.record(1.5, "kitchen")) == pytest.approx(0.4, abs=0.01))
    assert not pulse.record(1).any()
    player.close()
    with pytest.raises(MusicError, match=r"no output 'cellar' \(music.device\), only .*kitchen"):
        probe_sound("cellar")


def test_without_any_output_the_look_crashes_and_mien_does_not(pulse: Pulse) -> None:
    pulse.pull_out()
    output = CardOutput()
    assert not output.heard
    assert output.reason is not None
    output.close()


def test_stream_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "nonexistent")
    with pytest.raises(SdlError, match="nonexistent"):
        Stream(RATE_HZ, 1024, "")
