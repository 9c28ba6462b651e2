"""A whole Home Assistant core in a process of its own, headless, with its MQTT integration set up for a test's broker."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.listener import Listener
from tests.mosquitto import HOST, PASSWORD, USER, free_port
from tests.needs import give_up
from tests.waiting import LIMIT_S, wait_until

ROOT = Path(__file__).parents[2]
LAUNCH = Path(__file__).with_name("launch.py")
START_S, STOP_S = 90.0, 60.0
WHEN = "2026-01-01T00:00:00+00:00"
KEY, REFRESH_TOKEN = "k" * 64, "r" * 32

CONFIGURATION = """\
homeassistant:
  name: Test
  latitude: 0
  longitude: 0
  elevation: 0
  unit_system: metric
  time_zone: UTC
  country: GB
  packages: !include_dir_named packages
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
websocket_api:
config:
device_automation:
logger:
  default: warning
  logs:
    homeassistant.core: info
    homeassistant.bootstrap: info
    homeassistant.components.mqtt: info
automation: !include automations.yaml
"""


def find_python() -> Path:
    """The Python that Home Assistant is installed for: that of MIEN_HOME_ASSISTANT, else `.home-assistant/`."""
    folder = Path(os.environ.get("MIEN_HOME_ASSISTANT", ROOT / ".home-assistant"))
    python = folder / "bin" / "python"
    if not python.exists():
        give_up(f"no Home Assistant in {folder} (scripts/ensure-home-assistant installs it)")
    return python


class HomeAssistant:
    """Between `start` and `stop` it runs; its registries and states stay over them, as in a home."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        self._python = find_python()
        self.folder = folder
        self.port = free_port()
        self._broker_port = broker_port
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: ClientConnection | None = None
        self._number = 0
        self._token = _token()
        self.all_logs = ""
        """Of the runs before this one."""
        _write_config(folder, self.port, broker_port)

    def start(self) -> None:
        """Start it, and wait until it has said hello on MQTT: only then it listens to discovery."""
        with Listener(self._broker_port, topics="homeassistant/status", username=USER, password=PASSWORD) as births:
            births.messages.clear()
            output = (self.folder / "output").open("ab")
            with output:
                self._process = subprocess.Popen(
                    [self._python, "-X", "utf8", LAUNCH, "-c", self.folder, "--skip-pip", "--log-no-color"],
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            end = time.monotonic() + START_S
            while not births.received("homeassistant/status").count("online"):
                assert self._process.poll() is None, f"Home Assistant ended:\n{self.log}"
                assert "recovery mode" not in self.log, self.log
                assert time.monotonic() < end, f"Home Assistant did not start:\n{self.log}"
                time.sleep(0.1)
        self._socket = connect(f"ws://{HOST}:{self.port}/api/websocket", max_size=None, proxy=None)
        self._receive()
        self._send({"type": "auth", "access_token": self._token})
        assert self._receive()["type"] == "auth_ok"
        self._number = 0

    def stop(self) -> None:
        """End it as its supervisor does."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self.all_logs += self.log
            self._process.terminate()
            self._process.wait(STOP_S)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> HomeAssistant:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """Of the present run."""
        path = self.folder / "home-assistant.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def ask(self, kind: str, **fields: Any) -> Any:
        """A command of the WebSocket API, and its result."""
        self._number += 1
        self._send({"id": self._number, "type": kind, **fields})
        while (answer := self._receive()).get("id") != self._number or answer["type"] != "result":
            pass
        assert answer["success"], answer
        return answer["result"]

    def call(self, service: str, entity: str, **data: Any) -> None:
        """Do what a user does with an entity."""
        domain, _, name = service.partition(".")
        self.ask("call_service", domain=domain, service=name, service_data=data, target={"entity_id": entity})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """A request of the REST API."""
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}{path}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)

    @property
    def states(self) -> dict[str, dict[str, Any]]:
        """Every entity's state and attributes, by its id."""
        return {state["entity_id"]: state for state in self.ask("get_states")}

    def registry(self) -> dict[str, dict[str, Any]]:
        """The entities of MQTT, by their ids; also those that are disabled."""
        entries = self.ask("config/entity_registry/list")
        return {entry["entity_id"]: entry for entry in entries if entry["platform"] == "mqtt"}

    def devices(self) -> list[dict[str, Any]]:
        """The devices of mien."""
        return [d for d in self.ask("config/device_registry/list") if d["manufacturer"] == "mien"]

    def triggers(self) -> set[tuple[str, str]]:
        """What an automation's editor offers for our device."""
        (device,) = self.devices()
        found = self.ask("device_automation/trigger/list", device_id=device["id"])
        return {(t["type"], t["subtype"]) for t in found if t["domain"] == "mqtt"}

    def wait_state(self, entity: str, expected: object, timeout_s: float = LIMIT_S) -> None:
        """Until the entity's state is this (or one that a function accepts)."""
        accepts: Callable[[Any], object] = expected if callable(expected) else lambda state: state == expected
        self.wait(lambda: accepts(self.states.get(entity, {}).get("state")), f"{entity} = {expected}", timeout_s)

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = LIMIT_S) -> None:
        wait_until(condition, lambda: f"{what}; {self._overview()}", timeout_s)

    def _overview(self) -> str:
        ours = {key: state["state"] for key, state in self.states.items() if "mien" in key}
        return f"{ours}\n{self.log[-3000:]}"

    def _send(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    def _receive(self) -> dict[str, Any]:
        assert self._socket is not None
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=30))
        return message


def _token() -> str:
    """A long-lived access token for the user of `_write_config`, as Home Assistant would have made it."""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    now = int(time.time())
    claims = {"iss": REFRESH_TOKEN, "iat": now - 5, "exp": now + 86400}
    head = f"{encode(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{encode(json.dumps(claims).encode())}"
    return f"{head}.{encode(hmac.digest(KEY.encode(), head.encode(), hashlib.sha256))}"


def _write_config(folder: Path, port: int, broker_port: int) -> None:
    """What onboarding would have made: a user, a token, and the MQTT integration."""
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    (folder / "automations.yaml").write_text("[]\n")
    (folder / "packages").mkdir()
    user = {
        "id": "a" * 32,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": "t",
        "system_generated": False,
        "local_only": False,
    }
    token = {
        "id": REFRESH_TOKEN,
        "user_id": user["id"],
        "client_id": None,
        "client_name": "tests",
        "client_icon": None,
        "token_type": "long_lived_access_token",
        "created_at": WHEN,
        "access_token_expiration": 315360000.0,
        "token": "d" * 128,
        "jwt_key": KEY,
        "last_used_at": None,
        "last_used_ip": None,
        "expire_at": None,
        "credential_id": None,
        "version": "x",
    }
    groups = {"system-admin": "Administrators", "system-users": "Users", "system-read-only": "Read Only"}
    said = {"topic": "homeassistant/status", "qos": 0, "retain": False}
    entry = {
        "entry_id": "01HMQTT0000000000000000000",
        "domain": "mqtt",
        "version": 1,
        "minor_version": 2,
        "title": "m",
        "source": "user",
        "unique_id": None,
        "disabled_by": None,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "discovery_keys": {},
        "subentries": [],
        "created_at": WHEN,
        "modified_at": WHEN,
        "data": {
            "broker": HOST,
            "port": broker_port,
            "username": USER,
            "password": PASSWORD,
            "protocol": "3.1.1",
        },
        "options": {
            "discovery": True,
            "discovery_prefix": "homeassistant",
            "birth_message": said | {"payload": "online"},
            "will_message": said | {"payload": "offline"},
        },
    }
    storage = folder / ".storage"
    storage.mkdir()
    for name, version, minor, data in (
        ("onboarding", 4, 1, {"done": ["user", "core_config", "analytics", "integration"]}),
        ("core.config_entries", 1, 5, {"entries": [entry]}),
        (
            "auth",
            1,
            1,
            {
                "users": [user],
                "groups": [{"id": key, "name": name} for key, name in groups.items()],
                "credentials": [],
                "refresh_tokens": [token],
            },
        ),
    ):
        content = {"version": version, "minor_version": minor, "key": name, "data": data}
        (storage / name).write_text(json.dumps(content))
