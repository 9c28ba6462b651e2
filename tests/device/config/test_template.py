"""The commented template says what the schema says."""

from __future__ import annotations

import tomllib
from pathlib import Path

from mien_device.config import Config
from mien_device.config.template import commented_template, effective

ROOT = Path(__file__).parents[3]


def test_the_template_as_written_is_the_default() -> None:
    assert Config.model_validate(tomllib.loads(commented_template())) == Config()


def test_every_setting_can_be_uncommented() -> None:
    lines = commented_template().splitlines()
    uncommented = "\n".join(line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines)
    config = Config.model_validate(tomllib.loads(uncommented))
    for name, section in config:
        if name != "version":
            assert set(type(section).model_fields) <= section.model_fields_set


def test_every_setting_stands_in_the_template() -> None:
    template = commented_template()
    for name, field in Config.model_fields.items():
        for key in getattr(field.annotation, "model_fields", {}):
            assert f"\n#{key} = " in template, f"{name}.{key}"


def test_the_example_of_the_unit_is_the_template() -> None:
    assert (ROOT / "systemd" / "mien.toml.example").read_text(encoding="utf-8") == commented_template()


def test_what_show_prints_can_be_read_again() -> None:
    config = Config.model_validate(
        {"music": {"playlists": {"happy": "/a b/ü.m3u"}}, "mqtt": {"host": "broker", "port": 8883, "tls": True}}
    )
    assert Config.model_validate(tomllib.loads(effective(config))) == config
