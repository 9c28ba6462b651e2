"""The discovery message: what is in it, and what becomes of what is not any more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mien_device.config import Config, HomeAssistantConfig
from mien_device.home import discovery
from mien_device.home.announcer import JITTER_S, REVIVAL_S, Announcer
from mien_device.home.commands import THINGS
from mien_device.home.discovery import Device, describe
from mien_device.home.entities import ENTITIES, Feature

ALL = frozenset(Feature)


def device(name: str = "Mien hallway", features: frozenset[Feature] = ALL) -> Device:
    return Device("hall", name, "mien", features, heartbeat_s=60.0)


def announcer(folder: Path, features: frozenset[Feature] = ALL, **settings: Any) -> Announcer:
    return Announcer(HomeAssistantConfig(**settings), device(features=features), folder, uniform=lambda low, high: low)


def components(message: tuple[str, str]) -> dict[str, Any]:
    topic, payload = message
    assert topic == "homeassistant/device/mien_hall/config"
    return dict(json.loads(payload)["cmps"])


def test_keys_and_ids_are_given_once() -> None:
    assert len({entity.key for entity in ENTITIES}) == len(ENTITIES)
    ids = [part["def_ent_id"] for part in discovery.device_components(device()).values() if "def_ent_id" in part]
    assert len(set(ids)) == len(ids)


def test_every_thing_is_on_an_entity() -> None:
    for_pages_and_flows = {"play", "seek"}  # nobody wants to type a song's id, and an entity knows no place that moves
    assert {entity.thing for entity in ENTITIES} - {""} == set(THINGS) - for_pages_and_flows


def test_what_a_device_cannot_do_is_left_out() -> None:
    few, many = (set(discovery.device_components(device(features=f))) for f in (frozenset[Feature](), ALL))
    assert many - few == {"cpu_temp", "throttled", "restart", "snapshot", "take_snapshot", "update", "update_check"}


def test_ranges_and_options_are_those_of_the_commands() -> None:
    parts = discovery.device_components(device())
    assert (parts["volume"]["min"], parts["volume"]["max"], parts["volume"]["unit_of_meas"]) == (0, 100, "%")
    assert parts["mode"]["ops"] == ["follow", "lift", "calm", "energise", "vent", "shuffle", "off"]
    assert parts["next"]["pl_prs"] == "PRESS"
    assert parts["mood"]["ops"][-1] == "none"


def test_the_camera_out_of_order_takes_only_what_sees_with_it() -> None:
    parts = discovery.device_components(device())
    seeing = {key for key, part in parts.items() if "avty" in part}
    assert seeing == {"mood", "confidence", "valence", "arousal", "people", "presence", "snapshot"}
    words = {"pl_avail": "online", "pl_not_avail": "offline"}
    assert parts["mood"]["avty"] == [
        {"t": "mien/hall/availability"} | words,
        {"t": "mien/hall/camera/availability"} | words,
    ]


def test_a_slow_heartbeat_is_not_taken_for_death() -> None:
    config = Config.model_validate({"mood": {"heartbeat_s": 600}})
    parts = discovery.device_components(describe(config, "hall", ALL))
    assert parts["mood"]["exp_aft"] == 1800
    assert parts["fps"]["exp_aft"] == 180


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Mien hallway", "Mien hallway"),
        ("Küche 2!", "Küche 2!"),
        ("玄関", "玄関"),
        ("☺", "mien_hall"),
        ("", "mien_hall"),
    ],
)
def test_names_become_ids(name: str, stem: str) -> None:
    """What Home Assistant makes of them is in tests/home_assistant/test_names.py."""
    assert discovery.device_components(device(name))["mood"]["def_ent_id"] == f"sensor.{stem} mood"


def test_without_a_name_the_id_is_the_name() -> None:
    assert describe(Config(), "a1b2c3d4", ()).name == "Mien a1b2c3d4"


def test_the_board_is_named(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert discovery.board(tmp_path / "model") == "Raspberry Pi 5 Model B Rev 1.0"
    assert discovery.board(tmp_path / "none")


def test_a_birth_is_answered_after_a_while_and_once(tmp_path: Path) -> None:
    some = announcer(tmp_path)
    some.on_connect()
    for payload in (b"offline", b"", b"ONLINE"):
        some.on_status(payload, 100.0)
        assert some.due(200.0) == []
    some.on_status(b"online", 100.0)
    some.on_status(b"online", 100.2)
    assert some.due(100.0) == []
    assert len(some.due(100.0 + JITTER_S[0])) == 1
    assert some.due(200.0) == []


def test_what_is_gone_is_taken_back(tmp_path: Path) -> None:
    first = announcer(tmp_path)
    assert components(first.on_connect()[0])["restart"]["cmd_t"] == "mien/hall/restart/set"

    second = announcer(tmp_path, ALL - {Feature.RESTART})
    assert components(second.on_connect()[0])["restart"] == {"p": "button"}, "at once, for a Home Assistant that runs"

    third = announcer(tmp_path, ALL - {Feature.RESTART})
    assert components(third.on_connect()[0])["restart"] == {"p": "button"}, "nobody knows yet whether it was heard"
    third.on_status(b"online", 10.0)
    (shown,) = third.due(20.0)
    assert components(shown)["restart"]["cmd_t"] == "mien/hall/restart/set", "it forgets only what it knows"
    assert third.due(20.1) == []
    (buried,) = third.due(20.0 + REVIVAL_S)
    assert components(buried)["restart"] == {"p": "button"}
    assert "restart" not in components(third.on_connect()[0])
    assert "restart" not in components(announcer(tmp_path, ALL - {Feature.RESTART}).on_connect()[0])


def test_what_comes_back_is_gone_no_longer(tmp_path: Path) -> None:
    announcer(tmp_path).on_connect()
    announcer(tmp_path, ALL - {Feature.RESTART}).on_connect()
    assert "cmd_t" in components(announcer(tmp_path).on_connect()[0])["restart"]


def test_discovery_turned_off_takes_the_device_out_once(tmp_path: Path) -> None:
    announcer(tmp_path).on_connect()
    off = announcer(tmp_path, discovery=False)
    assert off.on_connect() == [("homeassistant/device/mien_hall/config", "")]
    off.delivered()
    assert off.on_connect() == []
    off.on_status(b"online", 0.0)
    assert off.due(100.0) == []
    assert announcer(tmp_path, discovery=False).on_connect() == []


def test_what_the_broker_is_to_keep_no_longer_is_cleared_once(tmp_path: Path) -> None:
    """Each start of Home Assistant would read it again, and show what is gone since."""
    topic = "homeassistant/device/mien_hall/config"
    kept = announcer(tmp_path, retain=True)
    assert [payload != "" for _, payload in kept.on_connect()] == [True]
    kept.delivered()
    for _ in range(2):  # as long as nobody knows whether it was heard
        (cleared, message) = announcer(tmp_path, retain=False).on_connect()
        assert cleared == (topic, "")
        assert message[0] == topic
        assert components(message)
    told = announcer(tmp_path, retain=False)
    assert len(told.on_connect()) == 2
    told.delivered()
    assert len(told.on_connect()) == 1
    assert len(announcer(tmp_path, retain=False).on_connect()) == 1
    assert len(announcer(tmp_path, retain=True).on_connect()) == 1


def test_another_prefix_takes_it_out_of_the_old_one(tmp_path: Path) -> None:
    announcer(tmp_path).on_connect()
    moved = announcer(tmp_path, prefix="ha")
    assert [topic for topic, _ in moved.on_connect()] == [
        "homeassistant/device/mien_hall/config",
        "ha/device/mien_hall/config",
    ]
    assert moved.status_topic == "ha/status"


def test_a_damaged_memory_costs_only_the_tombstones(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "discovery.json").write_bytes(b"{")
    assert "restart" in components(announcer(tmp_path).on_connect()[0])
    assert "discovery.json" in caplog.text
