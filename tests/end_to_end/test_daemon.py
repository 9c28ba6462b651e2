"""The main job with nothing faked but the hardware: pictures of faces in; mood, music and MQTT out."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mien_device.demo.tunes import write_tunes
from tests.end_to_end.device import STOP_S, Device, toml
from tests.listener import Listener
from tests.mosquitto import PASSWORD, USER, Mosquitto, require_mosquitto

RATE_HZ = 44_100
ID = "e2e"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """With password and TLS, as a careful home has it."""
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("broker"), password=True, tls=True) as broker:
        yield broker


@pytest.fixture(scope="module")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tunes")
    write_tunes(folder)
    return folder


def configured(broker: Mosquitto, tunes: Path, source: str, **camera: object) -> str:
    return toml(
        camera={"source": source, **camera},
        music={"folder": tunes, "fade_s": 1.0},
        mqtt={
            "host": "localhost",
            "port": broker.tls_port,
            "tls": True,
            "ca_file": broker.ca_file,
            "username": USER,
            "device_id": ID,
        },
    )


def listening(broker: Mosquitto) -> Listener:
    return Listener(broker.port, username=USER, password=PASSWORD)


def events(listener: Listener, kind: str) -> list[dict[str, object]]:
    return [e for e in map(json.loads, listener.received(f"mien/{ID}/event")) if e["event_type"] == kind]


def wait_until(condition: object, timeout_s: float, what: str) -> None:
    assert callable(condition)
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {timeout_s} s"
        time.sleep(0.05)


def test_from_faces_to_mood_music_and_home(broker: Mosquitto, tunes: Path, tmp_path: Path) -> None:
    with listening(broker) as home, Device(tmp_path, configured(broker, tunes, "demo")) as device:
        home.wait_for(f"mien/{ID}/availability", "online", timeout_s=20)
        moods_heard = lambda: [e["mood"] for e in events(home, "mood_changed") if e["mood"] != "none"]  # noqa: E731
        wait_until(lambda: len(set(moods_heard())) >= 2, 30, f"a second mood\n{device.log}")
        time.sleep(3.0)  # the second mood's music is heard
        code, seconds = device.terminate()
        home.wait_for(f"mien/{ID}/availability", "offline")
    assert code == 0, device.log
    assert seconds < STOP_S
    assert "did not stop" not in device.log
    topics = home.topics()
    assert topics.index(f"mien/{ID}/mood/state") < topics.index(f"mien/{ID}/availability"), "states come before online"
    assert len(events(home, "track_started")) >= 2

    with listening(broker) as late:
        late.wait_for(f"mien/{ID}/availability", "offline")
        late.wait_for(f"mien/{ID}/mood/state")
        time.sleep(0.3)
        assert all(message.retain for message in late.messages)
        assert {topic.removeprefix(f"mien/{ID}/") for topic in late.topics()} == {
            *("availability", "info", "mood/state", "presence/state"),
            *("now_playing/state", "volume/state", "pause/state"),
        }
    assert_sounds_different(device.pcm)


def assert_sounds_different(pcm: Path) -> None:
    """The sound is not silence, and its beginning and end are different music."""
    samples = np.frombuffer(pcm.read_bytes(), "<i2").reshape(-1, 2).mean(axis=1) / 32768
    sounding = np.flatnonzero(np.abs(samples) > 0.003)
    assert sounding.size > RATE_HZ, "a second of sound at least"
    samples = samples[sounding[0] : sounding[-1]]
    first, last = pitches(samples[: 3 * RATE_HZ]), pitches(samples[-2 * RATE_HZ :])
    again = pitches(samples[RATE_HZ // 2 : 3 * RATE_HZ])
    assert np.corrcoef(first, again)[0, 1] > np.corrcoef(first, last)[0, 1] + 0.1


def pitches(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Energy by quarter tone from 55 Hz to 3.5 kHz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    edges = 55 * 2 ** (np.arange(145) / 24)
    return np.sqrt(np.histogram(frequencies, edges, weights=spectrum)[0])


def test_the_home_can_set_volume_pause_and_next(broker: Mosquitto, tunes: Path, tmp_path: Path) -> None:
    config = configured(broker, tunes, "demo")
    with listening(broker) as home, Device(tmp_path, config) as device:
        home.wait_for(f"mien/{ID}/availability", "online", timeout_s=20)
        wait_until(lambda: events(home, "track_started"), 20, f"music\n{device.log}")
        home.publish(f"mien/{ID}/volume/set", "23")
        home.wait_for(f"mien/{ID}/volume/state", "23")
        home.publish(f"mien/{ID}/pause/set", "ON")
        home.wait_for(f"mien/{ID}/pause/state", "ON")
        home.publish(f"mien/{ID}/next/set", "PRESS")
        home.wait_for(f"mien/{ID}/pause/state", "OFF", count=2)
        for nonsense in (b"", b"\xff\x00", b"101", b"[" * 5000):
            home.publish(f"mien/{ID}/volume/set", nonsense)
        home.publish(f"mien/{ID}/volume/set", "24")
        home.wait_for(f"mien/{ID}/volume/state", "24")
        assert device.terminate()[0] == 0
    assert json.loads((device.state / "state.json").read_text()) == {"volume": 24}


def test_a_killed_device_is_said_to_be_offline(broker: Mosquitto, tunes: Path, tmp_path: Path) -> None:
    with listening(broker) as home, Device(tmp_path, configured(broker, tunes, "demo")) as device:
        home.wait_for(f"mien/{ID}/availability", "online", timeout_s=20)
        before = len(home.received(f"mien/{ID}/availability"))
        os.kill(device.process.pid, signal.SIGKILL)
        wait_until(lambda: home.received(f"mien/{ID}/availability")[before:] == ["offline"], 10, "the last will")


@pytest.mark.footage
def test_real_people(shared_data: Path, broker: Mosquitto, tunes: Path, tmp_path: Path) -> None:
    clip = shared_data / "footage" / "clips" / "asl_thanks.mkv"
    with listening(broker) as home, Device(tmp_path, configured(broker, tunes, f"replay:{clip}")) as device:
        wait_until(lambda: events(home, "mood_changed"), 20, f"a mood\n{device.log}")
        home.wait_for(f"mien/{ID}/presence/state", "ON")
        state = json.loads(home.received(f"mien/{ID}/mood/state")[-1])
        assert state["mood"] != "none"
        assert state["faces"] == 1
        assert device.terminate()[0] == 0


@pytest.mark.footage
def test_pictures_without_people_have_no_mood(
    shared_data: Path, broker: Mosquitto, tunes: Path, tmp_path: Path
) -> None:
    source = f"replay:{shared_data / 'footage' / 'negatives' / 'kodim23.png'}"
    with (
        listening(broker) as home,
        Device(tmp_path, configured(broker, tunes, source), arguments=("--seconds", "5")) as device,
    ):
        assert device.process.wait(20) == 0, device.log
        assert not events(home, "mood_changed")
        assert set(home.received(f"mien/{ID}/presence/state")) == {"OFF"}
