"""The two folders that mien writes to, and the few settings that outlive a restart."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

from pydantic import Field, ValidationError

from mien_device.config.schema import MusicMode
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
    """What was set while running and is kept. None: as configured."""

    camera: bool | None = None
    """Whether it is switched on."""
    volume: int | None = Field(None, ge=0, le=100)
    """Per cent."""
    paused: bool | None = None
    mode: MusicMode | None = None


class Memory:
    """Keeps `Remembered` in `state.json`. Used by any thread."""

    def __init__(self, folder: Path) -> None:
        """Read what was kept: nothing if the file is missing, and nothing, with a warning, if it is damaged."""
        self._path = folder / "state.json"
        self._lock = threading.Lock()
        self._remembered = Remembered()
        try:
            self._remembered = Remembered.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValidationError) as error:
            log.warning("%s: not read (%s); starting from the configuration", self._path, type(error).__name__)

    @property
    def remembered(self) -> Remembered:
        """What is kept now."""
        return self._remembered

    def keep(
        self,
        *,
        camera: bool | None = None,
        volume: int | None = None,
        paused: bool | None = None,
        mode: MusicMode | None = None,
    ) -> None:
        """Take note of what is given, and leave the rest as it is."""
        new = {"camera": camera, "volume": volume, "paused": paused, "mode": mode}
        with self._lock:
            changed = self._remembered.model_copy(
                update={key: value for key, value in new.items() if value is not None}
            )
            if changed != self._remembered:
                self._remembered = changed
                write_whole(self._path, json.dumps(changed.model_dump(mode="json", exclude_none=True)))


def write_whole(path: Path, text: str) -> None:
    """Write it whole or not at all; a full or read-only disk costs the memory, not the daemon."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # without it a power cut can bring the old file back
        finally:
            os.close(directory)
    except OSError as error:
        log.warning("%s: not saved (%s)", path, error.strerror)
