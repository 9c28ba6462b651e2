"""The main job with nothing faked but the hardware: pictures of faces in; mood, music and MQTT out."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mien_device.demo.tunes import write_tunes
from tests.contract import check_messages
from tests.device.music.sounds import tone, write_wav
from tests.end_to_end.device import STOP_S, SUPERVISED, Device
from tests.end_to_end.house import House
from tests.mosquitto import Mosquitto, require_mosquitto
from tests.waiting import LIMIT_S, wait_until

RATE_HZ = 44_100


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


@pytest.fixture
def house(broker: Mosquitto, tunes: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """Each test has a device id of its own: what another left retained must not be taken for this one's."""
    house = House(broker, tunes, request.node.name.replace("_", "-")[:32])
    yield house
    house.ears.close()


def test_from_faces_to_mood_music_and_home(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo")) as device:
        house.wait_for("availability", "online")
        wait_until(lambda: len({e["mood"] for e in house.events("mood_changed")} - {"none"}) >= 2, lambda: device.log)
        device.hear(3.0)  # the second mood's music
        code, seconds = device.terminate()
        house.wait_for("availability", "offline")
    assert code == 0, device.log
    assert seconds < STOP_S
    assert "did not stop" not in device.log
    topics = house.ears.topics()
    online = topics.index(house.topic("availability"))
    for state in ("info", "mood/state", "presence/state", "now_playing/state", "volume/state", "pause/state"):
        assert topics.index(house.topic(state)) < online, f"{state} comes before online"
    assert len(house.events("track_started")) >= 2
    assert_states_come_before_events(house)

    with house.listener() as late:
        late.wait_for(house.topic("availability"), "offline")
        expected = {
            *("availability", "info", "mood/state", "presence/state"),
            *("now_playing/state", "volume/state", "pause/state", "mode/state"),
            *("camera/state", "camera/availability", "message/state", "health/state", "feeling/state"),
        }
        wait_until(lambda: {topic.removeprefix(house.topic("")) for topic in late.topics()} >= expected, late.topics)
        time.sleep(0.3)  # what else there is comes along
        assert {topic.removeprefix(house.topic("")) for topic in late.topics()} == expected
        assert all(message.retain for message in late.messages)
    assert check_messages(house.ears.messages, house.topic("").rstrip("/")) >= {"event", "mood/probabilities", "stats"}
    assert_sounds_different(device.pcm)


def assert_states_come_before_events(house: House) -> None:
    """An automation that an event starts finds the state that goes with it."""
    seen: dict[str, Any] = {}
    for message in house.ears.messages:
        relative = message.topic.removeprefix(house.topic(""))
        if relative in {"mood/state", "now_playing/state"}:
            seen[relative] = json.loads(message.payload)
        elif relative == "event":
            event = json.loads(message.payload)
            if event["event_type"] == "track_started":
                assert seen["now_playing/state"]["title"] == event["title"]
            elif event["event_type"] != "track_skipped":
                assert (seen["mood/state"]["mood"], seen["mood/state"]["faces"]) == (event["mood"], event["faces"])


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


def test_the_home_can_set_volume_pause_and_next(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo")) as device:
        wait_until(lambda: house.events("track_started"), lambda: device.log)
        house.set("volume", "23")
        house.wait_for("volume/state", "23")
        house.set("pause", "ON")
        house.wait_for("pause/state", "ON")
        house.set("next", "PRESS")
        house.wait_for("pause/state", "OFF", count=2)
        wait_until(lambda: house.events("track_skipped"), lambda: device.log)
        for nonsense in (b"", b"\xff\x00", b"101", b"[" * 5000):
            house.set("volume", nonsense)
        house.set("volume", "24")
        house.wait_for("volume/state", "24")
        assert device.terminate()[0] == 0
    kept = json.loads((device.state / "state.json").read_text())
    assert (kept["volume"], kept["paused"]) == (24, False)
    assert Path(kept["place"]).is_relative_to(house.tunes)


def test_what_was_answered_is_there_after_a_power_cut(house: House, tmp_path: Path) -> None:
    """Each setting in a run of its own, as the first and only one: none is saved by what comes after it."""
    home = None
    settings: tuple[tuple[str, object], ...] = (("volume", 24), ("mode", "off"), ("pause", "ON"), ("camera", "OFF"))
    for number, (thing, value) in enumerate(settings):
        folder = tmp_path / str(number)
        folder.mkdir()
        house.ears.messages.clear()
        with Device(folder, house.config("demo"), home=home) as device:
            home = device.home
            house.wait_for("availability", "online")
            house.ears.publish(house.topic(f"request/{thing}"), json.dumps({"value": value}))
            house.wait_for(f"response/{thing}")
            device.process.kill()
            device.process.wait()
        assert json.loads(house.received(f"response/{thing}")[0])["status"] == "ok"
    house.ears.messages.clear()
    (tmp_path / "again").mkdir()
    with Device(tmp_path / "again", house.config("demo"), home=home) as again:
        house.wait_for("availability", "online")
        states = [set(house.received(f"{thing}/state")) for thing, _ in settings]
        assert states == [{"24"}, {"off"}, {"ON"}, {"OFF"}]
        assert again.terminate()[0] == 0


def test_the_camera_is_off_after_a_power_cut_as_soon_as_it_is_said_to_be(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo")) as device:
        house.wait_for("availability", "online")
        house.set("volume", "24")  # so that the next write has to wait for its turn
        house.wait_for("volume/state", "24")
        house.set("camera", "OFF")
        house.wait_for("camera/state", "OFF")
        device.process.kill()
        device.process.wait()
    kept = json.loads((device.state / "state.json").read_text())
    assert (kept["volume"], kept["camera"]) == (24, False)


def test_a_full_disk_is_said_and_costs_the_memory_only(house: House, tmp_path: Path) -> None:
    state = tmp_path / "home" / "state"
    state.parent.mkdir()
    with Device(tmp_path, house.config("demo")) as device:
        house.wait_for("availability", "online")
        (state / ".state.json.new").mkdir()  # it cannot be written to, not even by root
        house.set("camera", "OFF")
        house.wait_for("response/camera")
        assert "will not outlive a restart" in json.loads(house.received("response/camera")[0])["error"]
        house.wait_for("camera/state", "OFF")
        (state / ".state.json.new").rmdir()
        house.ears.publish(house.topic("request/volume"), '{"value": 7}')
        house.wait_for("response/volume")
        kept = json.loads((state / "state.json").read_text())
        assert (kept["volume"], kept["camera"]) == (7, False)
        assert device.terminate()[0] == 0


def test_music_goes_on_where_it_was(house: House, tmp_path: Path) -> None:
    """Somebody is angry throughout; the song that played for a while goes on after the restart."""
    for number in range(9):  # by chance the same song would come first once in nine times
        write_wav(tmp_path / "music" / "neutral" / f"{number}.wav", tone(200 + 50 * number, 120))
    config = house.config("demo").replace(str(house.tunes), str(tmp_path / "music"))
    places = []
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        home = tmp_path / "once" / "home"
        with Device(tmp_path / name, config, home=None if name == "once" else home) as device:
            started = len(house.events("track_started"))
            wait_until(lambda: len(house.events("track_started")) > started, lambda: device.log)  # noqa: B023
            device.hear(6.0 if name == "once" else 2.0)
            assert device.terminate()[0] == 0
        places.append(json.loads((device.state / "state.json").read_text()))
    assert places[0]["place"] == places[1]["place"]
    assert 3 < places[0]["place_s"] < places[1]["place_s"] < 120


def test_the_modes_are_commanded_and_every_track_says_why(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo")) as device:
        house.wait_for("availability", "online")
        wait_until(lambda: house.events("track_started"), lambda: device.log)
        for mode in ("lift", "calm", "energise", "vent", "shuffle", "off", "follow"):
            house.set("mode", mode)
            house.wait_for("mode/state", mode)
            if mode != "off":
                house.set("next", "PRESS")
                word = mode.capitalize()
                wait_until(
                    lambda word=word: any(e["why"].startswith(word) for e in house.events("track_started")),  # type: ignore[misc]
                    lambda: device.log,
                )
        house.set("mode", "party")
        house.wait_for("response/mode")
        assert "vent" in json.loads(house.received("response/mode")[0])["error"]
        playing = [json.loads(message) for message in house.received("now_playing/state")]
        assert all(message["why"] for message in playing if message["state"] == "playing")
        assert " the happy music" in device.log or " the neutral music" in device.log
        assert device.terminate()[0] == 0
    assert check_messages(house.ears.messages, house.topic("").rstrip("/"))


def test_a_restart_is_asked_for(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo"), wrapper=SUPERVISED) as device:
        house.wait_for("availability", "online")
        house.ears.publish(house.topic("request/restart"), '{"transaction": 1}')
        assert device.process.wait(LIMIT_S) == 75, device.log
        house.wait_for("availability", "offline")
        assert json.loads(house.received("info")[-1])["stopped"] == "restart"


def test_what_the_device_cannot_do_is_refused(house: House, tmp_path: Path) -> None:
    inherited = {"SYSTEMD_EXEC_PID": "1"}  # a terminal's, or that of a cron job
    with Device(tmp_path, house.config("demo"), environment=inherited) as device:
        house.wait_for("availability", "online")
        house.ears.publish(house.topic("request/restart"), '{"transaction": 1}')
        house.wait_for("response/restart")
        answer = json.loads(house.received("response/restart")[0])
        assert (answer["status"], answer["transaction"]) == ("error", 1)
        house.set("snapshot", "PRESS")
        house.wait_for("response/snapshot")
        assert "privacy.snapshot" in json.loads(house.received("response/snapshot")[0])["error"]
        assert device.terminate()[0] == 0


def test_a_killed_device_is_said_to_be_offline(house: House, tmp_path: Path) -> None:
    with Device(tmp_path, house.config("demo")) as device:
        house.wait_for("availability", "online")
        os.kill(device.process.pid, signal.SIGKILL)
        wait_until(lambda: house.received("availability") == ["online", "offline"], lambda: "the last will")


def states(house: House) -> list[dict[str, object]]:
    return [json.loads(text) for text in house.received("mood/state")]


@pytest.mark.footage
def test_real_people(footage: Path, house: House, tmp_path: Path) -> None:
    clip = footage / "clips" / "asl_thanks.mkv"
    with Device(tmp_path, house.config(f"replay:{clip}")) as device:
        wait_until(lambda: house.events("mood_changed"), lambda: device.log)
        house.wait_for("presence/state", "ON")
        wait_until(lambda: any(s["faces"] == 1 and s["mood"] != "none" for s in states(house)), lambda: device.log)
        assert device.terminate()[0] == 0


@pytest.mark.footage
def test_pictures_without_people_have_no_mood(footage: Path, house: House, tmp_path: Path) -> None:
    source = f"replay:{footage / 'negatives' / 'kodim23.png'}"
    with Device(tmp_path, house.config(source), arguments=("--seconds", "5")) as device:
        assert device.process.wait(LIMIT_S) == 0, device.log
    assert not house.events("mood_changed")
    assert set(house.received("presence/state")) == {"OFF"}
