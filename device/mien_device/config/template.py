"""The configuration as text: the commented file that `mien config init` writes, and what `mien config show` prints."""

from __future__ import annotations

import json
import textwrap
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mien_device.config.schema import Config

HEADER = """\
# The configuration of mien. Every setting stands here, commented out, with its default (or an example, where nothing
# is set by default): remove the # to change one.
# `mien config check` reads the file and names every mistake. Passwords are never kept here (see [mqtt]).
"""


def commented_template() -> str:
    """Every setting with its explanation, in TOML; all defaults commented out."""
    lines = [HEADER, "version = 1", ""]
    for name, field in Config.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            continue
        lines += [*_comment(section.__doc__ or ""), f"[{name}]"]
        for key, setting in section.model_fields.items():
            default = setting.get_default(call_default_factory=True)
            lines += _comment(setting.description or "")
            shown = default if default is not None else (setting.examples or [""])[0]
            lines.append(f"#{key} = {_toml(shown)}")
        lines.append("")
    return "\n".join(lines)


def effective(config: Config) -> str:
    """The settings in force, in TOML."""
    lines = [f"version = {config.version}"]
    for name, section in config:
        if isinstance(section, BaseModel):
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in section if value is not None]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    words = " ".join(text.split())
    return textwrap.wrap(words, 110, initial_indent="# ", subsequent_indent="# ") if words else []


def _toml(value: Any) -> str:
    """A setting's value in TOML. The few types that settings have are written alike in JSON, bar inline tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, Enum | Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
