"""Another place of the song, asked for over MQTT: what is heard from then on is that place, and nothing clicks."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.device.music.sounds import RATE_HZ, write_wav
from tests.end_to_end.device import Device
from tests.end_to_end.house import House
from tests.mosquitto import Mosquitto, require_mosquitto
from tests.waiting import wait_until

LENGTH_S = 60
LOWEST_HZ, RISE_HZ = 100.0, 4.0
"""The song is one tone that rises by so much a second: its height tells the place."""
WINDOW = RATE_HZ // 4


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    require_mosquitto()
    seconds = np.arange(LENGTH_S * RATE_HZ) / RATE_HZ
    wave = 0.8 * np.sin(2 * np.pi * (LOWEST_HZ + RISE_HZ * seconds / 2) * seconds)
    write_wav(tmp_path / "tunes" / "neutral" / "rise.wav", (32767 * np.stack([wave, wave], 1)).astype(np.int16))
    with Mosquitto(tmp_path, password=True, tls=True) as broker:
        house = House(broker, tmp_path / "tunes", "seeker")
        yield house
        house.ears.close()


def test_what_is_heard_is_the_place_that_was_asked_for(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo")) as device:

        def seek(value: str | float) -> float:
            """The place that is told then."""
            told = len(house.received("now_playing/state"))
            house.ears.publish(house.topic("request/seek"), json.dumps({"value": value}))
            house.wait_for("now_playing/state", count=told + 1)
            playing = json.loads(house.received("now_playing/state")[-1])
            assert (playing["state"], playing["duration_s"]) == ("playing", LENGTH_S)
            device.hear(2.0)
            return float(playing["position_s"])

        wait_until(lambda: house.events("track_started"), lambda: device.log)
        device.hear(3.0)  # its beginning is blended in
        assert seek(40) == pytest.approx(40, abs=1)
        assert 10 < seek("-25") < 30
        assert seek("75%") == pytest.approx(45, abs=1)
        assert seek("-100") == 0
        answered = len(house.received("response/seek"))
        wrong = ("60.1", "600", "150%", "now", "1e3", "")
        for payload in wrong:
            house.set("seek", payload)
        house.wait_for("response/seek", count=answered + len(wrong))
        errors = [json.loads(answer)["error"] for answer in house.received("response/seek")[answered:]]
        assert errors[:2] == ["the song ends at 60.0 seconds"] * 2
        assert all("is not a place in a song" in error for error in errors[2:])
        assert device.terminate()[0] == 0
    heard = np.frombuffer(device.pcm.read_bytes(), "<i2").reshape(-1, 2)[:, 0] / 32768
    assert jumps(heard) == [pytest.approx(place, abs=1.5) for place in (40, 17, 45, 0)]
    # Two places may sound at once for a moment, at the volume's 60 per cent; a click is far steeper.
    steepest = 2 * np.pi * (LOWEST_HZ + RISE_HZ * LENGTH_S) / RATE_HZ * np.abs(heard).max()
    assert np.abs(np.diff(heard)).max() < 1.5 * steepest


def jumps(heard: npt.NDArray[np.float64]) -> list[float]:
    """The places, in seconds of the song, to which it went otherwise than by playing on."""
    windows = heard[: len(heard) // WINDOW * WINDOW].reshape(-1, WINDOW)
    places = [place(window) for window in windows if steady(window)]
    return [now for before, now in itertools.pairwise(places) if abs(now - before) > 3]


def steady(window: npt.NDArray[np.float64]) -> bool:
    """Whether one tone sounds throughout, and nothing comes or goes."""
    loudness = np.abs(window[: len(window) // 10 * 10].reshape(10, -1)).max(axis=1)
    return bool(loudness.min() > 0.9 * loudness.max() > 0.05)


def place(window: npt.NDArray[np.float64]) -> float:
    """Seconds of the song in the middle of a window."""
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window)), 16 * len(window)))
    return float((spectrum.argmax() * RATE_HZ / (16 * len(window)) - LOWEST_HZ) / RISE_HZ)
