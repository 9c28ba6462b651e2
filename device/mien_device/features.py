"""What this very device can do, of what not every one can."""

from __future__ import annotations

import os

from mien_device.config import Config
from mien_device.config.schema import ModelConfig
from mien_device.health import board
from mien_device.home.entities import Feature

SUPERVISED = "SYSTEMD_EXEC_PID"
"""systemd sets this variable to the process that it started itself (systemd.exec(5)); only then somebody starts the daemon again.
What such a process starts inherits the variable, but has another number."""


def updates_wanted(config: Config) -> bool:
    """Whether new emotion models may come. One that the user chose, by its path or instead of the usual one, is never exchanged."""
    return bool(config.updates.keys) and config.model.emotion == ModelConfig().emotion


def features(config: Config) -> frozenset[Feature]:
    """Looked at once, when the daemon starts: what a home was shown should stay."""
    has = {
        Feature.TEMPERATURE: board.temperature_c() is not None,
        Feature.THROTTLED: board.throttled() is not None,
        Feature.RESTART: os.environ.get(SUPERVISED) == str(os.getpid()),
        Feature.SNAPSHOT: config.privacy.snapshot,
        Feature.UPDATE: updates_wanted(config),
    }
    return frozenset(feature for feature, there in has.items() if there)
