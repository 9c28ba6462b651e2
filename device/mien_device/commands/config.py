"""`mien config`, and what the command line changes in the configuration."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import ValidationError

from mien_device.camera.addresses import without_secrets
from mien_device.commands import say
from mien_device.config import CameraConfig, Config
from mien_device.config.load import PASSWORD, TOKEN, default_paths, find_config, load_config
from mien_device.config.template import commented_template, effective
from mien_device.home.tls import check_settings
from mien_device.page import access
from mien_models.errors import ConfigError
from mien_models.validation import explain


def init_config(target: Path | None, *, to_stdout: bool) -> int:
    """Write the commented template, never over a file that exists."""
    if to_stdout:
        say(commented_template(), end="")
        return 0
    path = target or default_paths()[0]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(commented_template())
    except FileExistsError:
        raise ConfigError(f"{path}: exists already and was left alone; name another file with --out") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name another file with --out") from None
    say(f"wrote {path}")
    return 0


def check_config(named: Path | None, *, as_json: bool) -> int:
    """Read the configuration and see that its settings fit together; every mistake is in the error that this raises."""
    path = find_config(named)
    where = str(path) if path else None
    try:
        config = load_config(path)
        if config.mqtt.host:
            # Whether there is a password, not which: its file may be readable for the service's user only.
            has_password = config.mqtt.password_file is not None or PASSWORD.variable in os.environ
            check_settings(config.mqtt, "" if has_password else None)
        if config.page.enabled:
            has_token = config.page.token_file is not None or TOKEN.variable in os.environ
            access.check_settings(config.page, has_token=has_token)
    except ConfigError as error:
        if not as_json:
            raise
        say(json.dumps({"file": where, "ok": False, "error": str(error)}, ensure_ascii=False))
        return error.exit_code
    say(json.dumps({"file": where, "ok": True}) if as_json else f"{where or 'no file, built-in defaults'}: no mistakes")
    return 0


def show_config(config: Config, *, as_json: bool) -> int:
    """Print the settings in force. Of a network camera's address, which may hold a password, only scheme and host."""
    camera = config.camera.model_copy(update={"source": without_secrets(config.camera.source)})
    config = config.model_copy(update={"camera": camera})
    say(
        json.dumps(config.model_dump(mode="json"), indent=2) if as_json else effective(config),
        end="" if not as_json else "\n",
    )
    return 0


def with_camera(config: Config, source: str) -> Config:
    """The configuration with another camera.

    Raises:
        ConfigError: there is no such kind of source.

    """
    try:
        camera = config.camera.model_validate(config.camera.model_dump() | {"source": source})
    except ValidationError as error:
        raise ConfigError(f"--camera: {'; '.join(explain(error, CameraConfig))}") from None
    return config.model_copy(update={"camera": camera})
