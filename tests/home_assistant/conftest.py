"""A home with a broker and a Home Assistant; each file of tests has its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from mien_device.demo.tunes import write_tunes
from tests.home_assistant.core import ROOT, HomeAssistant, find_python
from tests.home_assistant.home import Home
from tests.mosquitto import Mosquitto, require_mosquitto

RECIPES = ROOT / "docs" / "home-assistant"
LAMP = """\
input_boolean:
  lamp:
input_text:
  colour:
light:
  - platform: template
    lights:
      lamp:
        turn_on: {action: input_boolean.turn_on, target: {entity_id: input_boolean.lamp}}
        turn_off: {action: input_boolean.turn_off, target: {entity_id: input_boolean.lamp}}
        set_rgb:
          - action: input_text.set_value
            target: {entity_id: input_text.colour}
            data: {value: "{{ r }},{{ g }},{{ b }}"}
        set_level: {action: input_boolean.turn_on, target: {entity_id: input_boolean.lamp}}
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """It keeps what is retained over a restart, as a home's does."""
    find_python()
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("broker"), password=True, tls=True, persistent=True) as broker:
        yield broker


@pytest.fixture(scope="module")
def core(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeAssistant]:
    """With the recipes that the documents ship, as a user would install them."""
    folder = tmp_path_factory.mktemp("config")
    core = HomeAssistant(folder, broker.port)
    shutil.copy(RECIPES / "media_player.yaml", folder / "packages" / "player.yaml")
    blueprints = folder / "blueprints" / "automation" / "mien"
    blueprints.mkdir(parents=True)
    shutil.copy(RECIPES / "mood_lights.yaml", blueprints / "mood_lights.yaml")
    (folder / "packages" / "lamp.yaml").write_text(LAMP)
    with core:
        yield core


@pytest.fixture(scope="module")
def home(broker: Mosquitto, core: HomeAssistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The device is running."""
    tunes = tmp_path_factory.mktemp("tunes")
    write_tunes(tunes)
    with Home(broker, core, tmp_path_factory.mktemp("device"), tunes) as home:
        home.start()
        # Before that a command gets lost, as in a test that is run by itself.
        home.core.wait_state(
            "number.mien_hallway_volume", lambda state: state not in {None, "unknown", "unavailable"}, 60
        )
        yield home
    assert home.complaints() == [], "nothing that Home Assistant has to complain about"
