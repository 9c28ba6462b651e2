"""The configuration file: every mistake at once, and secrets from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien_device.config import Config, MqttConfig
from mien_device.config.load import find_config, load_config, read_password
from mien_models.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    path = folder / "mien.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_every_default() -> None:
    assert load_config(None) == Config()


def test_values_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[camera]\nsource = "opencv:1"\n[music.playlists]\nhappy = "~/party.m3u"\nsad = "~nosuchuser/rain.m3u"\n',
    )
    config = load_config(path)
    assert config.camera.source == "opencv:1"
    assert config.music.playlists["happy"] == Path.home() / "party.m3u"  # type: ignore[index]  # a StrEnum is a str
    assert config.music.playlists["sad"] == Path("~nosuchuser/rain.m3u")  # type: ignore[index]  # named as missing later


@pytest.mark.parametrize("host", ["", "broker", "broker.local", "192.168.1.2", "::1", "fe80::1%eth0", "büro.example"])
def test_brokers(tmp_path: Path, host: str) -> None:
    assert load_config(written(tmp_path, f'[mqtt]\nhost = "{host}"\n')).mqtt.host == host


def test_all_mistakes_are_named_at_once_with_the_nearest_key(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[camera]\nsorce = "auto"\nfps = -1\n[muzic]\n[mood]\nmargin = "wide"\n[mqtt]\npassword = "hunter2"\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert str(path) in message
    assert "unknown key 'camera.sorce', did you mean 'source'?" in message
    assert "'camera.fps'" in message
    assert "unknown key 'muzic', did you mean 'music'?" in message
    assert "'mood.margin'" in message
    assert "passwords are not kept in this file" in message
    assert "hunter2" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[camera\n", "not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"version = 2\n", "version 2 of the configuration"),
        (b'[camera]\nsource = "webcam"\n', "must be auto, picamera2, demo, opencv:"),
        (b'[model]\naccelerator = "gpu"\n', "'model.accelerator'"),
        (b"mqtt = 3\n", "'mqtt'"),
        (b'[mqtt]\npassword = "hunter2"\n', "passwords are not kept in this file"),
        (b'[mqtt]\nhost = "mqtt://me:hunter2@broker"\n', "'mqtt.host': must be the broker's name or address alone"),
        (b'[mqtt]\nhost = "me:hunter2@broker"\n', "a user into mqtt.username"),
        (b'[mqtt]\nhost = "broker.local:1883"\n', "the port goes into mqtt.port"),
        (b'[mqtt]\nhost = "[::1]:1883"\n', "the port goes into mqtt.port"),
        (b'[mqtt]\nhost = "' + b"a" * 70 + b'"\n', "'mqtt.host': is not a host name"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "mien.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(path)
    assert "hunter2" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.toml: No such file.*mien config init"):
        load_config(tmp_path / "nowhere.toml")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(tmp_path)


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MIEN_CONFIG", raising=False)
    own = tmp_path / "mien" / "mien.toml"
    own.parent.mkdir()
    own.write_text("", encoding="utf-8")
    assert find_config(None) == own
    monkeypatch.setenv("MIEN_CONFIG", "/from/variable.toml")
    assert find_config(None) == Path("/from/variable.toml")
    assert find_config(Path("/named.toml")) == Path("/named.toml")


class TestPassword:
    @pytest.fixture(autouse=True)
    def _bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("CREDENTIALS_DIRECTORY", "MIEN_MQTT_PASSWORD"):
            monkeypatch.delenv(name, raising=False)

    def test_none(self) -> None:
        assert read_password(MqttConfig()) is None

    def test_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "secret"
        file.write_text("from file\n", encoding="utf-8")
        config = MqttConfig(password_file=file)
        assert read_password(config) == "from file"
        monkeypatch.setenv("MIEN_MQTT_PASSWORD", "from variable")
        assert read_password(config) == "from variable"
        (tmp_path / "mqtt_password").write_text("from systemd", encoding="utf-8")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        assert read_password(config) == "from systemd"

    def test_missing_and_empty_files(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"mqtt\.password_file: No such file"):
            read_password(MqttConfig(password_file=tmp_path / "none"))
        (tmp_path / "empty").touch()
        with pytest.raises(ConfigError, match="is empty"):
            read_password(MqttConfig(password_file=tmp_path / "empty"))
