"""The two folders that mien writes to, and the few settings that outlive a restart."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from pydantic import Field, ValidationError

from mien_models.validation import Strict

log = logging.getLogger(__name__)


def state_folder() -> Path:
    """Where mien keeps what must outlive a restart: MIEN_STATE_DIR, systemd's StateDirectory, or the user's own."""
    return _folder("STATE", "XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """Where mien keeps what it can make again: MIEN_CACHE_DIR, systemd's CacheDirectory, or the user's own."""
    return _folder("CACHE", "XDG_CACHE_HOME", ".cache")


def models_folder() -> Path:
    """Where `mien models install` puts what is not shipped."""
    return state_folder() / "models"


def _folder(kind: str, xdg: str, default: str) -> Path:
    if own := os.environ.get(f"MIEN_{kind}_DIR"):
        return Path(own)
    if systemd := os.environ.get(f"{kind}_DIRECTORY"):
        return Path(systemd.partition(":")[0])
    return Path(os.environ.get(xdg) or Path.home() / default) / "mien"


class Remembered(Strict):
    """What was set while running and is kept."""

    volume: int | None = Field(None, ge=0, le=100)
    """Per cent; None: that of the configuration."""


def load_remembered(folder: Path) -> Remembered:
    """What was kept; nothing if the file is missing, and nothing, with a warning, if it is damaged."""
    path = folder / "state.json"
    try:
        return Remembered.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValidationError) as error:
        log.warning("%s: not read (%s); starting from the configuration", path, type(error).__name__)
        return Remembered()


def save_remembered(remembered: Remembered, folder: Path) -> None:
    """Write it whole or not at all; a full or read-only disk costs the memory, not the daemon."""
    path, temporary = folder / "state.json", folder / ".state.json.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(remembered.model_dump(mode="json"), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)  # without it a power cut can bring the old file back
        finally:
            os.close(directory)
    except OSError as error:
        log.warning("%s: not saved (%s)", path, error.strerror)
