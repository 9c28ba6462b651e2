"""New models as a home sees them: the real daemon, a real broker, a real web server, and models that are killed for."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien_device.updates.store import STARTS, Store
from mien_models.signing import make_key
from tests.device.updates.conftest import Key, model, unlike
from tests.device.updates.https import serving
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import HOST, Authority, Mosquitto, require_mosquitto
from tests.waiting import LIMIT_S, wait_until


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def ears(broker: Mosquitto, request: pytest.FixtureRequest) -> Iterator[Listener]:
    ears = Listener(broker.port, topics=f"mien/{device_id(request)}/#")
    yield ears
    ears.close()


def device_id(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).replace("_", "-")[:32]


class Home:
    """The device's configuration, and what the home hears of its model."""

    def __init__(self, name: str, broker: Mosquitto, ears: Listener, folder: Path, key: Key) -> None:
        self._name, self._broker, self._ears, self.folder, self.key = name, broker, ears, folder, key

    def config(self, **updates: Any) -> str:
        known: dict[str, Any] = {"folder": self.folder / "drop", "shadow_minutes": 0.02, "shadow_faces": 10}
        return toml(
            camera={"source": "demo"},
            music={"player": "null", "folder": self.folder},
            mqtt={"host": HOST, "port": self._broker.port, "device_id": self._name},
            updates=known | {"keys": [self.key.public]} | updates,
        )

    def ask(self, word: str) -> None:
        self._ears.publish(f"mien/{self._name}/update/set", word)

    @property
    def states(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self._ears.received(f"mien/{self._name}/update/state")]

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1] if self.states else {}

    @property
    def models(self) -> list[str]:
        return [json.loads(text)["model"] for text in self._ears.received(f"mien/{self._name}/info")]


@pytest.fixture
def home(broker: Mosquitto, ears: Listener, tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    key = Key(tmp_path / "secret.key", make_key(tmp_path / "secret.key"))
    return Home(device_id(request), broker, ears, tmp_path, key)


def test_fetched_tried_and_switched_to_while_it_runs(home: Home, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    model(tmp_path / "site" / "emotion", home.key, "99.1")
    with serving(tmp_path / "site", authority) as address:
        config = home.config(url=f"{address}/emotion")
        environment = {"SSL_CERT_FILE": str(authority.certificate)}
        with Device(tmp_path, config, environment=environment) as device:
            wait_until(lambda: home.state, lambda: device.log)
            shipped = home.state["installed_version"]
            assert home.state["latest_version"] == shipped  # the network is not asked before somebody asks
            home.ask("check")
            wait_until(lambda: home.state["latest_version"] == "99.1", lambda: device.log)
            assert not home.state["in_progress"]
            home.ask("install")
            wait_until(lambda: "stays" in home.state["release_summary"], lambda: f"{home.states} {device.log}")
            code, _ = device.terminate()
    assert code == 0, device.log
    phases = [state["phase"] for state in home.states]
    order = sorted(set(phases), key=phases.index)
    assert order == ["idle", "fetching", "shadow", "probation"]
    assert (home.state["installed_version"], home.state["latest_version"], home.state["phase"]) == (
        "99.1",
        "99.1",
        "idle",
    )
    assert any(state["in_progress"] and state["agreement"] == 100 for state in home.states)
    assert home.models[0] == f"emotion {shipped}"
    assert home.models[-1] == "emotion 99.1"
    with Device(tmp_path, config) as device:  # and after a restart
        wait_until(lambda: "model emotion 99.1" in device.log, lambda: device.log)


def test_one_that_reads_otherwise_is_dropped_by_itself(home: Home, tmp_path: Path) -> None:
    unlike(tmp_path / "drop" / "new", home.key)
    with Device(tmp_path, home.config(automatic=True)) as device:
        wait_until(lambda: "taken back" in home.state.get("release_summary", ""), lambda: f"{home.states} {device.log}")
        code, _ = device.terminate()
    assert code == 0, device.log
    assert "70 % are wanted" in home.state["release_summary"]
    assert home.state["latest_version"] == home.state["installed_version"] != "99.2"  # and it is not offered again
    assert len(set(home.models)) == 1


def test_one_that_mien_does_not_survive_is_taken_back(home: Home, tmp_path: Path) -> None:
    """`kill -9` and the watchdog's SIGABRT, as systemd sends it, again and again while the new model is on probation."""
    config = home.config(shadow_minutes=60)
    store = Store(tmp_path / "home" / "state" / "models", (home.key.public,))
    name, _ = store.install(model(tmp_path / "new", home.key))
    store.try_out(name)
    store.switch()
    for kill in (signal.SIGKILL, signal.SIGABRT)[: STARTS - 1]:
        with Device(tmp_path, config) as device:
            wait_until(lambda: "model emotion 99.1" in device.log, lambda: device.log)
            device.process.send_signal(kill)
            device.process.wait(LIMIT_S)
    with Device(tmp_path, config) as device:
        wait_until(lambda: "was taken back: mien came to a bad end" in device.log, lambda: device.log)
        wait_until(lambda: "model emotion 0." in device.log, lambda: device.log)
        device.terminate()
    assert "model emotion 99.1" not in device.log


def test_nobody_may_send_models_to_a_device_that_trusts_nobody(
    broker: Mosquitto, ears: Listener, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = device_id(request)
    config = toml(
        camera={"source": "demo"}, music={"player": "null"}, mqtt={"host": HOST, "port": broker.port, "device_id": name}
    )
    with Device(tmp_path, config) as device:
        ears.wait_for(f"mien/{name}/availability", "online")
        ears.publish(f"mien/{name}/request/update", '{"value": "install"}')
        ears.wait_for(f"mien/{name}/response/update")
        device.terminate()
    (answer,) = map(json.loads, ears.received(f"mien/{name}/response/update"))
    assert answer["status"] == "error"
    assert "updates.keys" in answer["error"]
    assert not ears.received(f"mien/{name}/update/state")
    assert not (device.state / "models").exists()
