"""What a user sees in Home Assistant of mien's own daemon, and what becomes of what they do there."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.device.updates.conftest import model
from tests.home_assistant.home import Home
from tests.waiting import LIMIT_S

pytestmark = pytest.mark.slow

# Written by hand, not taken from the code: what the documents promise.
# entity: (name, unit, class, category, enabled)
PROMISED: dict[str, tuple[str, str | None, str | None, str | None, bool]] = {
    "sensor.mien_hallway_mood": ("Mood", None, "enum", None, True),
    "sensor.mien_hallway_mood_confidence": ("Mood confidence", "%", None, None, True),
    "sensor.mien_hallway_valence": ("Valence", None, None, None, True),
    "sensor.mien_hallway_arousal": ("Arousal", None, None, None, True),
    "sensor.mien_hallway_people": ("People in view", None, None, None, True),
    "binary_sensor.mien_hallway_face": ("Face present", None, "occupancy", None, True),
    "event.mien_hallway_mood_event": ("Mood event", None, None, None, True),
    "switch.mien_hallway_camera": ("Camera", None, None, None, True),
    "number.mien_hallway_volume": ("Volume", "%", None, "config", True),
    "select.mien_hallway_mode": ("Music mode", None, None, "config", True),
    "switch.mien_hallway_pause": ("Pause", None, None, None, True),
    "button.mien_hallway_next": ("Next track", None, None, None, True),
    "button.mien_hallway_like": ("Like this song", None, None, None, True),
    "button.mien_hallway_dislike": ("Dislike this song", None, None, None, True),
    "sensor.mien_hallway_now_playing": ("Now playing", None, None, None, True),
    "select.mien_hallway_feeling": ("What you feel", None, None, None, True),
    "notify.mien_hallway_screen": ("Screen message", None, None, None, True),
    "sensor.mien_hallway_inference_time": ("Inference time", "ms", "duration", "diagnostic", True),
    "sensor.mien_hallway_fps": ("Frames per second", "fps", None, "diagnostic", True),
    "binary_sensor.mien_hallway_degraded": ("Degraded", None, "problem", "diagnostic", True),
    "button.mien_hallway_restart": ("Restart", None, "restart", "diagnostic", False),
    "update.mien_hallway_model": ("Emotion model", None, None, "config", True),
    "button.mien_hallway_check_model": ("Look for a new model", None, None, "diagnostic", True),
    "image.mien_hallway_snapshot": ("Snapshot", None, None, None, True),
    "button.mien_hallway_take_snapshot": ("Take a snapshot", None, None, None, True),
}
# Where the board tells them.
MAYBE = {"sensor.mien_hallway_cpu_temperature", "binary_sensor.mien_hallway_throttled"}
MOODS = {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "none"}


def test_every_entity_is_there_as_promised(home: Home) -> None:
    core = home.core
    core.wait(lambda: set(PROMISED) <= set(core.registry()), "all entities")
    registry = core.registry()
    assert set(registry) - MAYBE == set(PROMISED)
    core.wait_state("sensor.mien_hallway_fps", lambda state: state not in {None, "unknown", "unavailable"}, 30)
    states = core.states
    for entity, (name, unit, device_class, category, enabled) in PROMISED.items():
        entry = registry[entity]
        assert (entry["original_name"], entry["entity_category"]) == (name, category), entity
        assert (entry["disabled_by"] is None) is enabled, entity
        if enabled:
            attributes = states[entity]["attributes"]
            assert states[entity]["state"] != "unavailable", entity
            assert attributes["friendly_name"] == f"Mien hallway {name}"
            assert (attributes.get("unit_of_measurement"), attributes.get("device_class")) == (unit, device_class), (
                entity
            )
    assert set(states["sensor.mien_hallway_mood"]["attributes"]["options"]) == MOODS
    (device,) = core.devices()
    assert (device["name"], device["manufacturer"], device["serial_number"]) == ("Mien hallway", "mien", "hall")


def test_the_mood_and_who_is_there(home: Home) -> None:
    core = home.core
    core.wait_state("sensor.mien_hallway_mood", lambda state: state in MOODS - {"none"}, 30)
    core.wait_state("binary_sensor.mien_hallway_face", "on", 30)
    attributes = core.states["sensor.mien_hallway_mood"]["attributes"]
    assert {"since", "faces", "model"} <= set(attributes)
    core.wait_state("sensor.mien_hallway_mood_confidence", lambda state: 0 < float(state) <= 100, 30)
    core.wait_state("sensor.mien_hallway_valence", lambda state: -1 <= float(state) <= 1, 30)
    core.wait_state("sensor.mien_hallway_now_playing", lambda state: state not in {"stopped", "unknown"}, 30)
    assert core.states["sensor.mien_hallway_now_playing"]["attributes"]["playback"] == "playing"


def test_events_and_triggers(home: Home) -> None:
    core = home.core
    assert core.triggers() == {("mood_changed", mood) for mood in MOODS} | {
        ("presence", "face_arrived"),
        ("presence", "face_left"),
    }
    (device,) = core.devices()
    trigger = {
        "trigger": "device",
        "domain": "mqtt",
        "device_id": device["id"],
        "type": "presence",
        "subtype": "face_arrived",
    }
    core.post(
        "/api/config/automation/config/arrived",
        {
            "alias": "arrived",
            "triggers": [trigger],
            "actions": [{"action": "mqtt.publish", "data": {"topic": "test/arrived", "payload": "yes"}}],
        },
    )
    home.ears.wait_for("test/arrived", "yes", timeout_s=60)
    core.wait_state("event.mien_hallway_mood_event", lambda state: state not in {None, "unknown"})
    event = core.states["event.mien_hallway_mood_event"]["attributes"]
    assert event["event_type"] in {"mood_changed", "face_arrived", "face_left", "track_started", "track_skipped"}
    assert event["id"]


def test_camera_off_is_off_and_not_out_of_order(home: Home) -> None:
    core = home.core
    core.call("switch.turn_off", "switch.mien_hallway_camera")
    home.wait_for("camera/state", "OFF")
    core.wait_state("switch.mien_hallway_camera", "off")
    core.wait_state("sensor.mien_hallway_mood", "none")
    core.wait_state("binary_sensor.mien_hallway_face", "off")
    core.call("switch.turn_on", "switch.mien_hallway_camera")
    core.wait_state("switch.mien_hallway_camera", "on")
    core.wait_state("sensor.mien_hallway_mood", lambda state: state in MOODS - {"none"}, 30)


def test_music(home: Home) -> None:
    core = home.core
    core.call("number.set_value", "number.mien_hallway_volume", value=41)
    home.wait_for("volume/state", "41")
    core.wait_state("number.mien_hallway_volume", "41")
    core.call("select.select_option", "select.mien_hallway_mode", option="off")
    home.wait_for("mode/state", "off")
    core.wait_state("select.mien_hallway_mode", "off")
    core.wait_state("sensor.mien_hallway_now_playing", "stopped")
    core.call("select.select_option", "select.mien_hallway_mode", option="follow")
    core.wait_state("sensor.mien_hallway_now_playing", lambda state: state != "stopped", 30)
    core.call("switch.turn_on", "switch.mien_hallway_pause")
    home.wait_for("pause/state", "ON")
    core.wait_state("switch.mien_hallway_pause", "on")
    before = len(home.ears.received(home.topic("event")))
    core.call("button.press", "button.mien_hallway_next")
    core.wait_state("switch.mien_hallway_pause", "off")

    def events() -> list[str]:
        return [json.loads(text)["event_type"] for text in home.ears.received(home.topic("event"))[before:]]

    core.wait(lambda: "track_skipped" in events(), "track_skipped")  # Home Assistant may have heard sooner than we


def test_what_somebody_feels(home: Home) -> None:
    core, entity = home.core, "select.mien_hallway_feeling"
    core.wait_state(entity, "unsaid")
    core.call("select.select_option", entity, option="sad")
    core.wait_state(entity, "sad")
    assert core.states[entity]["attributes"]["since"]
    core.wait(lambda: felt(home) == "sad", "feeling/state sad")
    core.call("select.select_option", entity, option="unsaid")
    core.wait_state(entity, "unsaid")
    core.wait(lambda: felt(home) == "none", "feeling/state none")


def felt(home: Home) -> object:
    """What the device said last."""
    return json.loads(home.ears.received(home.topic("feeling/state"))[-1])["feeling"]


def test_words_for_a_screen(home: Home) -> None:
    home.core.call("notify.send_message", "notify.mien_hallway_screen", message="Dinner, ☺")
    home.core.wait(
        lambda: any(json.loads(m)["text"] == "Dinner, ☺" for m in home.ears.received(home.topic("message/state"))),
        "the message",
    )


def test_a_picture_where_it_is_allowed(home: Home) -> None:
    core = home.core
    before = core.states["image.mien_hallway_snapshot"]["state"]
    time.sleep(1.1)  # pictures are sent once a second at most
    core.call("button.press", "button.mien_hallway_take_snapshot")
    core.wait_state("image.mien_hallway_snapshot", lambda state: state not in {before, "unavailable", "unknown"})
    (picture, *_) = (m.payload for m in home.ears.messages if m.topic == home.topic("snapshot"))
    assert picture.startswith(b"\xff\xd8")
    assert picture.endswith(b"\xff\xd9")


def test_what_is_disabled_works_once_it_is_enabled(home: Home) -> None:
    core = home.core
    births = len(home.ears.received("homeassistant/status"))
    core.ask("config/entity_registry/update", entity_id="button.mien_hallway_restart", disabled_by=None)
    core.post("/api/config/config_entries/entry/01HMQTT0000000000000000000/reload", {})
    core.wait(lambda: len(home.ears.received("homeassistant/status")) > births, "the birth message", 30)
    core.wait(lambda: "button.mien_hallway_restart" in core.states, "the device announced itself again", 30)
    core.wait_state("button.mien_hallway_restart", lambda state: state != "unavailable")
    core.call("button.press", "button.mien_hallway_restart")
    assert home.device is not None
    assert home.device.process.wait(LIMIT_S) == 75, home.device.log
    home.wait_for("availability", "offline")
    info: dict[str, Any] = json.loads(home.ears.received(home.topic("info"))[-1])
    assert info["stopped"] == "restart"
    core.wait_state("sensor.mien_hallway_mood", "unavailable")
    home.start()
    core.wait_state("number.mien_hallway_volume", "41")


def test_a_new_model_is_installed_from_the_home(home: Home) -> None:
    core, entity = home.core, "update.mien_hallway_model"
    core.wait_state(entity, "off", 30)
    shipped = core.states[entity]["attributes"]["installed_version"]
    model(home.drop / "new", home.key, "99.1")
    core.call("button.press", "button.mien_hallway_check_model")
    core.wait_state(entity, "on", 30)
    attributes = core.states[entity]["attributes"]
    assert (attributes["installed_version"], attributes["latest_version"], attributes["title"]) == (
        shipped,
        "99.1",
        "emotion",
    )
    core.call("update.install", entity)
    core.wait(lambda: core.states[entity]["attributes"]["in_progress"], "the trial is shown", 30)
    core.wait_state(entity, "off", 60)
    attributes = core.states[entity]["attributes"]
    assert (attributes["installed_version"], attributes["in_progress"]) == ("99.1", False)
    core.wait(lambda: "stays" in (core.states[entity]["attributes"]["release_summary"] or ""), "it stays", 60)
