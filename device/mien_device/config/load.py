"""Finding and reading the configuration file, and the one secret that is not in it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import ValidationError

from mien_device.config.schema import Config, MqttConfig
from mien_models.errors import ConfigError
from mien_models.validation import explain

CREDENTIAL = "mqtt_password"
PASSWORD_VARIABLE = "MIEN_MQTT_PASSWORD"  # noqa: S105 - the variable's name


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
    mistakes = []
    mqtt = values.get("mqtt")
    if isinstance(mqtt, dict) and mqtt.pop("password", None) is not None:
        mistakes.append(
            "'mqtt.password': passwords are not kept in this file; put it into a file named by mqtt.password_file "
            f"(readable by mien only), into {PASSWORD_VARIABLE}, or hand it over as the systemd credential {CREDENTIAL}"
        )
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        mistakes += [*explain(error, Config), "see `mien config init --print`"]
    if mistakes:
        raise ConfigError(f"{path}: {'; '.join(mistakes)}") from None
    return config


def read_password(config: MqttConfig) -> str | None:
    """The broker's password: from the systemd credential, else the environment, else `password_file`; None without one.

    Raises:
        ConfigError: `password_file` is named but cannot be read or is empty.

    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(credentials) / CREDENTIAL if credentials else None
    if credential is not None and credential.is_file():
        return _read_secret(credential, f"systemd credential {CREDENTIAL}")
    if variable := os.environ.get(PASSWORD_VARIABLE):
        return variable
    if config.password_file is not None:
        return _read_secret(config.password_file, "mqtt.password_file")
    return None


def _read_secret(path: Path, source: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"{path}: {source}: {reason}; make it readable for the user that runs mien") from None
    if not secret:
        raise ConfigError(f"{path}: {source} is empty; write the broker's password into it")
    return secret
