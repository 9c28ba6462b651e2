"""What this very device can do, of what not every one can."""

from __future__ import annotations

import os

from mien_device.config import Config
from mien_device.health import board
from mien_device.home.entities import Feature

SUPERVISED = "INVOCATION_ID"
"""systemd sets this variable for its services (systemd.exec(5)); only then somebody starts the daemon again."""


def features(config: Config) -> frozenset[Feature]:
    """Looked at once, when the daemon starts: what a home was shown should stay."""
    has = {
        Feature.TEMPERATURE: board.temperature_c() is not None,
        Feature.THROTTLED: board.throttled() is not None,
        Feature.RESTART: SUPERVISED in os.environ,
        Feature.SNAPSHOT: config.privacy.snapshot,
    }
    return frozenset(feature for feature, there in has.items() if there)
