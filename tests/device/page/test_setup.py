"""Setting mien up: over HTTP, and what is found."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.config import Config, MqttConfig
from mien_device.demo.tunes import write_tunes
from mien_device.faces.legible import Trouble
from mien_device.mood import nobody
from mien_device.page import Outcome
from mien_device.page.feed import Feed
from mien_device.pipeline import Observation, SeenFace
from mien_device.showing.framing import LOOKS_ON_S, Framing, Sight, advise, as_record, tilt_deg
from mien_device.showing.nearby import look_around
from mien_device.showing.setup import Setup, lines_for
from mien_models.errors import ConfigError
from mien_models.labels import Mood
from mien_models.preprocess import Box
from mien_models.runner import Answer
from tests.announcer import ADDRESS, OURS, announced
from tests.device.page.backstage import Served, served
from tests.mosquitto import PASSWORD, USER, Mosquitto, free_port, require_mosquitto
from tests.waiting import LIMIT_S, wait_until

POST = "/api/setup/broker"


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with served() as page:
        yield page


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"host": 3},
        {"host": ""},
        {"host": "a" * 256},
        {"host": "a\nb"},
        {"host": "a", "port": -1},
        {"host": "a", "port": 65536},
        {"host": "a", "port": True},
        {"host": "a", "tls": "yes"},
        {"host": "a", "ca_file": "/etc/shadow"},
        {"host": "a", "password": None},
    ],
)
def test_a_broker_that_means_nothing_is_not_tried(page: Served, body: dict[str, Any]) -> None:
    before = len(page.backstage.workshop.tried)
    assert page.ask(POST, method="POST", body=body).status == 400
    assert len(page.backstage.workshop.tried) == before


def test_a_broker_is_tried_for_who_asks_from_here_and_for_nobody_else(page: Served) -> None:
    body = {"host": "broker.local", "port": 1883, "tls": True, "username": "me", "password": "secret"}
    assert page.ask(POST, method="POST", body=body).json["data"] == {"lines": "[mqtt]"}
    assert page.backstage.workshop.tried == [("broker.local", 1883, True, "me", "secret")]
    for headers in (
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Host": "evil.example"},
    ):
        assert page.ask(POST, method="POST", body=body, headers=headers).status in {401, 403, 415}
    assert page.ask(POST).status == 405, "no picture or link of another site can ask for it"
    assert len(page.backstage.workshop.tried) == 1


def test_the_network_is_searched_for_one_at_a_time(page: Served) -> None:
    workshop = page.backstage.workshop
    workshop.go_on.clear()
    statuses: list[int] = []

    def search() -> None:
        statuses.append(page.ask("/api/setup/nearby", method="POST", body={}).status)

    before = workshop.searches
    try:
        first = threading.Thread(target=search)
        first.start()
        wait_until(lambda: workshop.searches > before, "nobody searches")
        search()
        assert statuses == [429]
        assert page.ask("/api/setup/framing").status == 200, "and nothing else waits for it"
    finally:
        workshop.go_on.set()
    first.join(LIMIT_S)
    assert statuses == [429, 200]
    assert page.ask("/api/setup/nearby", method="POST", body={}).status == 200


def test_a_search_that_the_end_of_mien_breaks_off_is_answered_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    statuses: list[int] = []
    with served() as page:
        page.backstage.workshop.go_on.clear()
        client = threading.Thread(
            target=lambda: statuses.append(page.ask("/api/setup/nearby", method="POST", body={}).status)
        )
        client.start()
        wait_until(lambda: page.backstage.workshop.searches, "nobody searches")
    page.backstage.workshop.go_on.set()
    client.join(LIMIT_S)
    assert statuses == [503]
    assert [record.message for record in caplog.records if record.exc_info] == []


# What is found


def face(box: Box, trouble: Trouble | None = None, *, read: bool = True) -> SeenFace:
    answer = Answer(np.eye(7, dtype=np.float32)[3], 1.0) if read and trouble is None else None
    return SeenFace(1, box, answer, trouble)


def sight(*faces: SeenFace, light: float = 120.0) -> Sight:
    return Sight(0.0, 640, 480, light, faces)


LEVEL = ((300.0, 230.0), (340.0, 230.0))
STEEP = ((300.0, 210.0), (330.0, 245.0))


@pytest.mark.parametrize(
    ("seen", "words", "good"),
    [
        (sight(), "Stand before the camera", False),
        (sight(light=10), "Turn on a light", False),
        (sight(face(Box(300, 200, 30, 30), Trouble.SMALL)), "30 pixels high, 40 are the least. Come closer", False),
        (sight(face(Box(-60, 200, 120, 120), Trouble.CUT)), "edge of the picture cuts", False),
        (sight(face(Box(300, 200, 90, 90), Trouble.DARK)), "too little light", False),
        (sight(face(Box(300, 200, 90, 90), Trouble.PROFILE)), "from the side", False),
        (sight(face(Box(300, 200, 90, 90), Trouble.BLURRED)), "blurred", False),
        (sight(face(Box(10, 200, 90, 90))), "left edge", False),
        (sight(face(Box(545, 200, 90, 90))), "right edge", False),
        (sight(face(Box(280, 5, 90, 90))), "upper edge", False),
        (sight(face(Box(280, 380, 90, 90))), "lower edge", False),
        (sight(face(Box(280, 200, 90, 90, landmarks=STEEP))), "tilted by 49°", False),
        (sight(face(Box(280, 200, 90, 90), read=False)), "not seen well", False),
        (sight(face(Box(280, 200, 90, 90, landmarks=LEVEL))), "Good: a face 90 pixels high", True),
        (sight(face(Box(280, 200, 90, 90)), light=20), "rather dark", True),
        (sight(face(Box(10, 10, 20, 20), Trouble.SMALL), face(Box(280, 200, 90, 90))), "Good: a face 90", True),
    ],
)
def test_it_is_said_what_to_do_about_the_camera(seen: Sight, words: str, good: bool) -> None:
    advice, is_good = advise(seen, 40)
    assert words in advice
    assert is_good is good


def test_boxes_are_told_as_shares_of_the_picture() -> None:
    told = as_record(sight(face(Box(320, 120, 64, 96))), 40)
    assert told["faces"] == [
        {"id": 1, "x": 0.5, "y": 0.25, "width": 0.1, "height": 0.2, "mood": "happy", "trouble": None}
    ]
    assert tilt_deg(()) == 0


def observed() -> Observation:
    return Observation(nobody(0.0), Mood.NONE, 0, 0, 0, (face(Box(280, 200, 90, 90)),), 0.0, 0.0)


def test_nothing_is_measured_or_held_while_nobody_looks() -> None:
    framing, frame = Framing(), Frame(np.full((480, 640, 3), 90, np.uint8), 0.0, 0)
    framing.see(observed(), frame, time.monotonic())
    assert framing.__dict__["_sight"] is framing.__dict__["_frame"] is None

    stop = threading.Event()

    def see() -> None:
        while not stop.wait(0.02):
            framing.see(observed(), frame, time.monotonic())

    thread = threading.Thread(target=see)
    thread.start()
    try:
        seen = framing.look()
        assert seen is not None
        assert seen.light == 90
        assert framing.frame() is frame
    finally:
        stop.set()
        thread.join()
    assert framing.__dict__["_frame"] is None, "a frame is handed over, and not kept"
    framing.see(observed(), frame, time.monotonic() + LOOKS_ON_S + 1)
    assert framing.__dict__["_sight"] is None


def test_without_a_camera_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("mien_device.showing.framing.PATIENCE_S", 0.05)
    feed = Feed()
    setup = make_setup(tmp_path, feed)
    assert setup.framing().data["advice"] == "The camera gives no picture yet."
    feed.put("health/state", {"state": "degraded", "reasons": {"camera": "webcam 0 cannot be opened; plug it in"}})
    assert setup.framing().data["advice"] == "webcam 0 cannot be opened; plug it in"
    found = {each["subject"]: each for each in setup.checks().data["findings"]}
    assert (found["camera"]["grade"], found["camera"]["exit_code"]) == ("mend", 6)
    feed.put("camera/state", "OFF")
    assert setup.framing().data["advice"] == "The camera is switched off."


def make_setup(folder: Path, feed: Feed | None = None, config: Config | None = None) -> Setup:
    settings = config or Config()
    return Setup(settings, lambda: settings, feed or Feed(), folder)


def test_mistakes_in_the_configuration_are_found_before_mien_is_started_with_it(tmp_path: Path) -> None:
    def load() -> Config:
        raise ConfigError("/etc/mien/mien.toml: 'music.volume' must be 100 or less")

    reply = Setup(Config(), load, Feed(), tmp_path).checks()
    assert [each["found"] for each in reply.data["findings"]] == [
        "/etc/mien/mien.toml: 'music.volume' must be 100 or less"
    ]


def test_the_checks_of_a_running_mien_touch_nothing_that_it_uses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def touched(*_: object) -> None:
        raise AssertionError("it is the daemon's")

    for name in ("open_camera", "list_cameras", "probe_edgetpu", "probe_sound"):
        monkeypatch.setattr(f"mien_device.checks.{name}", touched)
    monkeypatch.setattr("mien_device.showing.framing.PATIENCE_S", 0.05)
    feed = Feed()
    feed.put("info", {"camera": "Pi camera", "accelerator": "edgetpu", "player": "pygame"})
    feed.put("health/state", {"state": "degraded", "reasons": {"sound": "the card is gone; plug it in"}})
    found = {each["subject"]: each for each in make_setup(tmp_path, feed).checks().data["findings"]}
    assert found["accelerator"]["found"] == "edgetpu"
    assert (found["sound"]["grade"], found["sound"]["found"]) == ("note", "the card is gone; plug it in")
    assert {"model", "music", "broker", "state folder"} <= set(found)


def test_music_is_counted_by_mood(tmp_path: Path) -> None:
    write_tunes(tmp_path / "tunes")
    config = Config.model_validate({"music": {"folder": tmp_path / "tunes"}})
    data = make_setup(tmp_path, config=config).music().data
    assert set(data["folders"].values()) == {1}
    assert data["library"] is None


# Brokers


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("broker"), password=True, tls=True) as broker:
        yield broker


def test_each_trouble_with_a_broker_has_its_sentence(broker: Mosquitto, tmp_path: Path) -> None:
    config = Config(mqtt=MqttConfig(host="localhost", tls=True, ca_file=broker.ca_file))
    setup = make_setup(tmp_path, config=config)

    def tried(host: str = "localhost", port: int = 0, *, tls: bool = False, user: str = "", word: str = "") -> str:
        reply = setup.try_broker(host, port, tls=tls, username=user, password=word)
        assert reply.outcome is Outcome.DONE
        return str(reply.data.get("trouble", reply.data.get("lines")))

    assert "[mqtt]" in tried(port=broker.port, user=USER, word=PASSWORD)
    assert "tls = true" in tried(port=broker.tls_port, tls=True, user=USER, word=PASSWORD)
    assert "refused user" in tried(port=broker.port, user=USER, word="wrong")
    assert "without a user name" in tried(port=broker.port)
    assert "connection refused" in tried(port=free_port())
    assert "cannot be resolved" in tried("nowhere.invalid", 1883)
    assert "mqtt.tls" in tried(port=broker.port, tls=True, user=USER, word=PASSWORD)
    assert "mqtt.tls" in tried(port=broker.tls_port, user=USER, word=PASSWORD)
    refused = setup.try_broker("mqtt://broker", 0, tls=False, username="", password="")
    assert refused.outcome is Outcome.REFUSED
    assert "host" in str(refused.error)


@pytest.mark.parametrize("host", ["broker.local", 'a"b', "\\", "bröker"])
def test_the_lines_are_toml_without_the_password(host: str) -> None:
    wanted: dict[str, Any] = {"host": host, "tls": True, "username": 'o"k', "port": 8883}
    lines = lines_for(wanted, has_password=True)
    assert tomllib.loads(lines)["mqtt"] == wanted | {"password_file": "/etc/mien/mqtt_password"}
    assert "tls" not in lines_for({"host": "a", "tls": False, "username": ""}, has_password=False)


def test_a_broker_that_announces_itself_is_found() -> None:
    broker, home = f"Mosquitto <b>{OURS}</b>", f"Home {OURS}"
    services = (("_mqtt._tcp.local.", broker, 1884), ("_home-assistant._tcp.local.", home, 8123))
    with announced(*services):
        found = [each for each in look_around() if each.host == ADDRESS]
    assert [(each.kind, each.name, each.port, each.tls) for each in found] == [
        ("broker", broker, 1884, False),
        ("home-assistant", home, 1883, False),
    ]
