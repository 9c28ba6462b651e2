"""Signed models: the shipped one under another version, which reads every face alike, and one that reads few alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mien_device.config.schema import UpdatesConfig
from mien_models.shipped import find_model
from mien_models.signing import make_key, sign
from tests.make_tiny_model import TINY_MODEL


@dataclass
class Key:
    file: Path
    public: str


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path / "secret.key", make_key(tmp_path / "secret.key"))


def model(target: Path, key: Key, version: str = "99.1", source: Path | None = None, **manifest: object) -> Path:
    """A signed model directory."""
    shutil.copytree(source or find_model("emotion"), target)
    path = target / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": version} | manifest))
    sign(target, key.file)
    return target


def unlike(target: Path, key: Key, version: str = "99.2") -> Path:
    """One that takes most faces for something else."""
    return model(target, key, version, TINY_MODEL, name="emotion")


@pytest.fixture
def config(tmp_path: Path, key: Key) -> Callable[..., UpdatesConfig]:
    def make(**settings: object) -> UpdatesConfig:
        known = {"keys": (key.public,), "folder": tmp_path / "drop", "shadow_minutes": 0.001, "shadow_faces": 20}
        return UpdatesConfig.model_validate(known | settings)

    return make
