"""A device with something in every place that a backup saves, and secrets wherever people put them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from mien_device.history import Minute, Play
from mien_device.history.store import History
from mien_device.library.scan import scan
from mien_device.library.store import Library
from tests.device.library.audio import write_sound

CONFIG = """\
version = 1
# old camera: opencv:rtsp://former:Sec-old-camera@garage/1
[camera]
source = "opencv:rtsp://viewer:Sec-camera@door.local:554/live/Sec-path?key=Sec-query"
[mqtt]
host = "broker.local"
username = "Sec-user"
password_file = "{folder}/mqtt_password"
client_cert_file = "{folder}/client.crt"
client_key_file = "{folder}/client.key"
tls = true
[page]
token_file = "{folder}/page_token"
[music]
volume = 33
"""
SECRETS = ("Sec-old-camera", "Sec-camera", "Sec-query", "Sec-password", "Sec-private-key", "Sec-token-of-the-page")


@dataclass
class Home:
    """Where a device keeps everything."""

    config: Path
    state: Path

    def arguments(self) -> list[str]:
        return ["--config", str(self.config), "--state", str(self.state)]

    def content(self) -> dict[str, object]:
        """All that a backup is of, in a form that can be compared."""
        with Library.open(self.state) as library:
            songs = [(song.id, song.correction is not None) for song in library.songs()]
        history = History(self.state)
        titles = [play.title for play in history.plays(0, 1e11)]
        history.close()
        files = {name: self._text(self.state / name) for name in ("state.json", "discovery.json", "device-id")}
        return {"config": self._text(self.config), "songs": songs, "played": titles, **files}

    @staticmethod
    def _text(path: Path) -> str | None:
        return path.read_text(encoding="utf-8") if path.exists() else None


def make_home(folder: Path, volume: int = 70, seed: int = 0) -> Home:
    home = Home(folder / "etc" / "mien.toml", folder / "state")
    home.config.parent.mkdir(parents=True)
    home.config.write_text(CONFIG.format(folder=home.config.parent))
    for name, text in {
        "mqtt_password": "Sec-password\n",
        "page_token": "Sec-token-of-the-page\n",
        "client.crt": "public\n",
        "client.key": "Sec-private-key\n",
    }.items():
        (home.config.parent / name).write_text(text)
    with Library.open(home.state) as library:
        write_sound(folder / "music" / "a.wav", seed)
        scan(library, [folder / "music"])
        library.correct(library.songs()[0].id, 0.5, 0.5)
    history = History(home.state)
    history.write([Minute(1_780_000_000, 30.0)], [Play(1_780_000_000, f"Sec-title {seed}", "", "lift", 60.0)])
    history.close()
    (home.state / "state.json").write_text(json.dumps({"volume": volume, "camera": False}))
    (home.state / "discovery.json").write_text("{}")
    (home.state / "device-id").write_text(f"{seed:08x}\n")
    return home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("MIEN_STATE_DIR", "MIEN_CACHE_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("MIEN_CONFIG", "CREDENTIALS_DIRECTORY", "MIEN_MQTT_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return make_home(tmp_path / "home")


@pytest.fixture
def other(tmp_path: Path) -> Home:
    """Another device, that a backup is restored to."""
    return make_home(tmp_path / "other", volume=5, seed=1)
