"""Whatever is restarted, and however: everything comes back under the same ids, and what is gone is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.home_assistant.home import ID, Home
from tests.mosquitto import PASSWORD

pytestmark = pytest.mark.slow

ALIVE = "sensor.mien_hallway_mood"


def ids(home: Home) -> dict[str, tuple[str, str]]:
    """What must not change: the registry's own id and the unique id, by entity."""
    return {entity: (entry["id"], entry["unique_id"]) for entity, entry in home.core.registry().items()}


def wait_alive(home: Home) -> None:
    """Every entity that is enabled has a state again."""
    core = home.core
    core.wait_state(ALIVE, lambda state: state not in {None, "unavailable", "unknown"}, 40)

    def missing() -> list[str]:
        states = core.states
        enabled = [entity for entity, entry in core.registry().items() if entry["disabled_by"] is None]
        return [entity for entity in enabled if states.get(entity, {}).get("state") in {None, "unavailable"}]

    core.wait(lambda: not missing(), "every entity has a state", 40)


def test_home_assistant_restarts(home: Home) -> None:
    wait_alive(home)
    before, devices = ids(home), home.core.devices()
    home.core.restart()
    wait_alive(home)
    assert ids(home) == before
    assert [device["id"] for device in home.core.devices()] == [device["id"] for device in devices]


def test_the_broker_restarts(home: Home) -> None:
    wait_alive(home)
    before = ids(home)
    home.broker.stop()
    home.core.wait_state(ALIVE, "unavailable")
    home.broker.start()
    wait_alive(home)
    assert ids(home) == before


def test_the_daemon_is_killed(home: Home) -> None:
    wait_alive(home)
    before = ids(home)
    home.kill()
    home.core.wait_state(ALIVE, "unavailable")
    home.start()
    wait_alive(home)
    assert ids(home) == before
    assert len(home.core.devices()) == 1


def test_all_of_them_at_once(home: Home) -> None:
    wait_alive(home)
    before = ids(home)
    home.kill()
    home.core.stop()
    home.broker.stop()
    home.broker.start()
    home.start()
    home.core.start()
    wait_alive(home)
    assert ids(home) == before


SNAPSHOT = {"image.mien_hallway_snapshot", "button.mien_hallway_take_snapshot"}


def test_an_entity_that_is_gone_disappears(home: Home) -> None:
    wait_alive(home)
    before = set(ids(home))
    home.stop()
    home.start(privacy={"snapshot": False})
    home.core.wait(lambda: set(ids(home)) == before - SNAPSHOT, "the entities of the snapshot are gone")
    wait_alive(home)


def test_an_entity_that_went_while_nobody_looked_disappears(home: Home) -> None:
    """Home Assistant keeps what it once knew; it forgets only what it hears of again."""
    home.stop()
    home.start()
    wait_alive(home)
    before = set(ids(home))
    assert before > SNAPSHOT
    home.core.stop()
    home.stop()
    home.start(privacy={"snapshot": False})
    home.core.start()
    home.core.wait(lambda: set(ids(home)) == before - SNAPSHOT, "the entities of the snapshot are gone", 30)
    wait_alive(home)


def test_a_device_that_is_no_longer_used_is_purged(home: Home) -> None:
    wait_alive(home)
    device = home.device
    assert device is not None
    command = [sys.executable, "-m", "mien_device", "discovery", "purge", "--json", "--config"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOME": str(device.home),
        "MIEN_STATE_DIR": str(device.state),
        "MIEN_MQTT_PASSWORD": PASSWORD,
    }

    def purge() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, str(device.config)], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    refused = purge()
    assert refused.returncode == 10
    assert "stop it first" in refused.stderr
    home.stop()
    done = purge()
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["device"] == ID
    assert f"mien/{ID}/availability" in answer["cleared"]
    home.core.wait(lambda: home.core.devices() == [] and ids(home) == {}, "the device is gone")
    with home.listener() as late:
        late.wait_for("$nothing", count=0)
        assert [topic for topic in late.topics() if ID in topic] == []
    assert not (Path(device.state) / "discovery.json").exists()
