"""Finding and reading the configuration file, and the two secrets that are not in it."""

from __future__ import annotations

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mien_device.config.migrations import migrate
from mien_device.config.schema import Config, MqttConfig, PageConfig
from mien_models.errors import ConfigError, DataError
from mien_models.validation import explain


@dataclass(frozen=True, slots=True)
class Secret:
    """A word that is never kept in the configuration file, and the places where it may be."""

    credential: str
    """systemd's name for it."""
    variable: str
    """Of the environment."""
    setting: str
    """Names a file."""
    what: str

    def read(self, file: Path | None) -> str | None:
        """From the systemd credential, else the environment, else `file`; None without one.

        Raises:
            ConfigError: a file is named but cannot be read or is empty.

        """
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        credential = Path(credentials) / self.credential if credentials else None
        if credential is not None and credential.is_file():
            return self._read(credential, f"systemd credential {self.credential}")
        if variable := os.environ.get(self.variable):
            return variable
        return None if file is None else self._read(file, self.setting)

    def _read(self, path: Path, source: str) -> str:
        try:
            secret = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ConfigError(f"{path}: {source}: {reason}; make it readable for the user that runs mien") from None
        if not secret:
            raise ConfigError(f"{path}: {source} is empty; write {self.what} into it")
        return secret


PASSWORD = Secret("mqtt_password", "MIEN_MQTT_PASSWORD", "mqtt.password_file", "the broker's password")
TOKEN = Secret("page_token", "MIEN_PAGE_TOKEN", "page.token_file", "the page's token")


def default_paths() -> tuple[Path, ...]:
    """Where the file is looked for when nobody names one, in order."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "mien" / "mien.toml", Path("/etc/mien/mien.toml")


def find_config(named: Path | None) -> Path | None:
    """The file to read: the one named, that of MIEN_CONFIG, or the first default that exists; None for built-in defaults."""
    if named is not None:
        return named
    if variable := os.environ.get("MIEN_CONFIG"):
        return Path(variable)
    return next((path for path in default_paths() if path.is_file()), None)


def load_config(path: Path | None) -> Config:
    """Read the file, or take every default if there is none.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has mistakes; all of them are named at once.

    """
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; write one with `mien config init`") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    migrate(values, path)
    mistakes = []
    mqtt = values.get("mqtt")
    if isinstance(mqtt, dict) and mqtt.pop("password", None) is not None:
        mistakes.append(
            "'mqtt.password': passwords are not kept in this file; put it into a file named by mqtt.password_file "
            f"(readable by mien only), into {PASSWORD.variable}, or hand it over as the systemd credential {PASSWORD.credential}"
        )
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        mistakes += [*explain(error, Config), "see `mien config init --print`"]
    if mistakes:
        raise ConfigError(f"{path}: {'; '.join(mistakes)}") from None
    return config


def read_password(config: MqttConfig) -> str | None:
    """The broker's password, see `Secret.read`."""
    return PASSWORD.read(config.password_file)


def find_password(config: MqttConfig, path: Path | None) -> str | None:
    """The broker's password for who is not the service: also where `systemd/install` keeps it beside the configuration at `path`.

    There it is in a file, or encrypted with this machine's key.

    Raises:
        ConfigError: as `Secret.read`.
        DataError: it cannot be decrypted.

    """
    password = read_password(config)
    if password is not None or path is None:
        return password
    plain, encrypted = path.parent / PASSWORD.credential, path.parent / f"{PASSWORD.credential}.cred"
    if encrypted.is_file():
        decrypt = ["systemd-creds", "decrypt", f"--name={PASSWORD.credential}", str(encrypted), "-"]
        try:
            return subprocess.run(decrypt, capture_output=True, text=True, check=True).stdout.rstrip("\n")
        except (OSError, subprocess.CalledProcessError):
            raise DataError(f"{encrypted}: cannot be decrypted; only root can, on the machine that wrote it") from None
    return PASSWORD.read(plain) if plain.is_file() else None


def read_token(config: PageConfig) -> str | None:
    """The page's token, see `Secret.read`."""
    return TOKEN.read(config.token_file)
