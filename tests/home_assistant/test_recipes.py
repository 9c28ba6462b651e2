"""The media player and the blueprint of docs/home-assistant/, as shipped, in Home Assistant with mien's own daemon."""

from __future__ import annotations

import pytest

from mien_device.config import MusicMode
from tests.home_assistant.home import Home

pytestmark = pytest.mark.slow

PLAYER = "media_player.mien_hallway"


def test_the_media_player(home: Home) -> None:
    core = home.core
    core.wait_state(PLAYER, "playing", 60)
    # It was set up before the entities were there; its parts follow them.
    core.wait(lambda: core.states[PLAYER]["attributes"].get("source_list") == list(MusicMode), "the sources")
    core.wait(lambda: core.states[PLAYER]["attributes"].get("volume_level") == 0.6, "the volume")
    core.call("media_player.volume_set", PLAYER, volume_level=0.3)
    home.wait_for("volume/state", "30")
    core.wait(lambda: core.states[PLAYER]["attributes"]["volume_level"] == 0.3, "the volume is echoed")
    core.call("media_player.media_pause", PLAYER)
    core.wait_state(PLAYER, "paused")
    core.call("media_player.media_play", PLAYER)
    core.wait_state(PLAYER, "playing")
    core.call("media_player.media_next_track", PLAYER)
    home.ears.wait_for(home.topic("next/set"), "PRESS")
    core.call("media_player.select_source", PLAYER, source="off")
    core.wait_state(PLAYER, "off")
    core.call("media_player.turn_on", PLAYER)
    home.wait_for("mode/state", "follow", count=2)
    core.wait_state(PLAYER, "playing", 30)
    core.call("media_player.turn_off", PLAYER)
    home.wait_for("mode/state", "off", count=2)
    core.call("switch.turn_off", "switch.mien_hallway_camera")
    core.wait_state("sensor.mien_hallway_mood", "none")
    core.call("media_player.turn_on", PLAYER)
    core.wait_state(PLAYER, "idle", 45)  # nobody is there; `stopped` is no state of a media player
    core.call("switch.turn_on", "switch.mien_hallway_camera")


def test_the_light_follows_the_mood(home: Home) -> None:
    core = home.core
    core.post(
        "/api/config/automation/config/lights",
        {
            "alias": "lights",
            "use_blueprint": {
                "path": "mien/mood_lights.yaml",
                "input": {"mood": "sensor.mien_hallway_mood", "light": "light.lamp", "transition": 0},
            },
        },
    )
    core.wait_state("light.lamp", "on", 60)
    colours = {
        "happy": "255,190,60",
        "surprise": "255,110,190",
        "neutral": "255,225,190",
        "sad": "90,130,255",
        "fear": "150,110,255",
        "disgust": "150,220,110",
        "angry": "255,70,50",
    }

    def fits() -> bool:
        states = core.states
        return states["input_text.colour"]["state"] == colours.get(states["sensor.mien_hallway_mood"]["state"])

    core.wait(fits, "the lamp has the colour of the mood", 60)
