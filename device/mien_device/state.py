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

_CLOSED = "the camera stays switched off; switch it on from the home, or delete the file"


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
        """Read what was kept, see `_read`."""
        self._path = folder / "state.json"
        self._lock = threading.Lock()
        self._remembered = _read(self._path)
        self._saved = True

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
    ) -> bool:
        """Take note of what is given, and leave the rest as it is; whether it will outlive a restart."""
        new = {"camera": camera, "volume": volume, "paused": paused, "mode": mode}
        with self._lock:
            changed = self._remembered.model_copy(
                update={key: value for key, value in new.items() if value is not None}
            )
            if changed == self._remembered and self._saved:
                return True
            self._remembered = changed
            self._saved = write_whole(self._path, json.dumps(changed.model_dump(mode="json", exclude_none=True)))
            return self._saved


def _read(path: Path) -> Remembered:
    """What was kept there; of a damaged file what can be understood, with a warning for the rest.

    A camera that may have been switched off stays off: a switch for privacy fails to the safe side.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        log.warning("%s: damaged, so %s", path, _CLOSED)
        return Remembered(camera=False)
    understood: dict[str, object] = {}
    for name, value in content.items():
        try:
            Remembered.model_validate_json(json.dumps({name: value}))
        except ValidationError:
            log.warning(
                "%s: '%s' is not understood, so %s", path, name, _CLOSED if name == "camera" else "it is left out"
            )
            understood |= {"camera": False} if name == "camera" else {}
        else:
            understood[name] = value
    return Remembered.model_validate_json(json.dumps(understood))


def write_whole(path: Path, text: str) -> bool:
    """Write it whole or not at all, and say whether; a full or read-only disk costs the memory, not the daemon."""
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
        return False
    return True
