"""Reading the configuration again: what can change does, what cannot is named, a bad file changes nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import BaseModel

from mien_device.config import Config
from mien_device.reload import Reloader, live_settings
from mien_models.errors import ConfigError


def config(**sections: dict[str, Any]) -> Config:
    return Config.model_validate(sections)


def test_one_line_names_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    files = [
        config(mood={"dwell_s": 5}, mqtt={"host": "broker"}, camera={"fps": 5}),
        config(mood={"dwell_s": 5}, camera={"fps": 5}),
        config(mood={"dwell_s": 5, "margin": 0.2}),
        config(),
    ]
    applied: list[Config] = []
    steps = iter(files)
    apply = applied.append
    live = {"mood.dwell_s": apply, "mood.margin": apply}
    reloader = Reloader(config(), lambda: next(steps), live)
    for _ in files:
        reloader.reload()
    assert caplog.messages == [
        "configuration read again: in force now: mood.dwell_s; after a restart: camera.fps, mqtt.host",
        "configuration read again: nothing that can change at once; after a restart: camera.fps",
        "configuration read again: in force now: mood.margin",
        "configuration read again: in force now: mood.dwell_s, mood.margin",
    ]
    assert applied == [files[0], files[2], files[3]], (
        "several settings that one function puts in force: it is called once"
    )
    assert reloader.restart_required == ()


def test_a_bad_file_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> Config:
        raise ConfigError("mien.toml: 'mood.dwell': unknown; did you mean 'mood.dwell_s'?")

    reloader = Reloader(config(), load, {"mood.dwell_s": lambda _: pytest.fail("applied")})
    reloader.reload()
    assert "nothing is changed: mien.toml: 'mood.dwell'" in caplog.text
    assert reloader.restart_required == ()


def test_every_live_setting_is_a_setting() -> None:
    names = {f"{name}.{key}" for name, section in config() if isinstance(section, BaseModel) for key, _ in section}
    nobody: Any = None
    live = set(live_settings(nobody, nobody, nobody))
    assert live <= names
    assert "mood.heartbeat_s" not in live, "Home Assistant is told once how long to wait for the next mood"
