"""The few settings that outlive a restart."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from pydantic import Field, ValidationError

from mien_device.config.schema import MusicMode
from mien_models.files import write_atomically
from mien_models.validation import Strict

log = logging.getLogger(__name__)

WRITE_INTERVAL_S = 1.0
"""Settings are written this often at most, whatever moves a slider: each time wears the card out a little."""
RETRY_S = 10.0
"""What could not be written, because the disk is full or read-only, is tried again this often."""
WAITING = 32
"""So many wait to be told of the next write at most; of a flood the oldest goes first."""

_CLOSED = "the camera stays switched off; switch it on from the home, or delete the file"


class Remembered(Strict):
    """What was set while running and is kept. None: as configured."""

    camera: bool | None = None
    """Whether it is switched on."""
    volume: int | None = Field(None, ge=0, le=100)
    """Per cent."""
    paused: bool | None = None
    mode: MusicMode | None = None
    place: str | None = None
    """The file that plays; empty: nothing does."""
    place_s: float | None = Field(None, ge=0)
    """How far it has come."""


class Memory:
    """Keeps `Remembered` in `state.json`. Used by any thread.

    `keep` only takes note; a thread of its own writes, at most once in `WRITE_INTERVAL_S`, until `close`.
    """

    def __init__(self, folder: Path) -> None:
        """Read what was kept, see `_read`."""
        self._path = folder / "state.json"
        self._writing = threading.Lock()
        """Held while the file is written, so that the newest settings are those that stay."""
        self._changed = threading.Condition()
        """Guards what follows."""
        self._remembered = _read(self._path)
        self._on_disk: Remembered | None = self._remembered
        """None: nobody knows; also while it is written."""
        self._wanted = self._closed = False
        """Whether something is to be written; whether nothing will be kept any more."""
        self._written_at = -math.inf
        self._failed = False
        """Whether the last write failed."""
        self._waiting: deque[Callable[[bool], None]] = deque(maxlen=WAITING)
        self._thread: threading.Thread | None = None

    @property
    def remembered(self) -> Remembered:
        """What is kept now."""
        return self._remembered

    @property
    def trouble(self) -> str | None:
        """What the home is told of the disk; None while all is kept."""
        if not self._failed:
            return None
        return f"{self._path} cannot be written, so settings are lost with the power: is the disk full, or read-only?"

    def keep(
        self,
        *,
        camera: bool | None = None,
        volume: int | None = None,
        paused: bool | None = None,
        mode: MusicMode | None = None,
        place: str | None = None,
        place_s: float | None = None,
    ) -> None:
        """Take note of what is given, and leave the rest as it is; returns at once."""
        new = {
            "camera": camera,
            "volume": volume,
            "paused": paused,
            "mode": mode,
            "place": place,
            "place_s": place_s,
        }
        with self._changed:
            self._remembered = self._remembered.model_copy(
                update={key: value for key, value in new.items() if value is not None}
            )
            self._want()

    def when_saved(self, then: Callable[[bool], None]) -> None:
        """Call `then` once all that was kept until now is on the disk, or with False if it cannot be written.

        At once if there is nothing to write, else from the thread that writes it.
        """
        with self._changed:
            if self._want():
                self._waiting.append(then)
                return
        then(True)

    def save(self) -> bool:
        """Write at once what is not on the disk yet; whether all of it will outlive a restart."""
        with self._writing:
            with self._changed:
                self._wanted = False
                settings, on_disk = self._remembered, self._on_disk
                waiting = list(self._waiting)
                self._waiting.clear()
                if settings != on_disk:
                    self._on_disk, self._written_at = None, time.monotonic()
            saved = settings == on_disk or write_whole(
                self._path, json.dumps(settings.model_dump(mode="json", exclude_none=True))
            )
            with self._changed:
                self._on_disk = settings if saved else None
                self._failed = not saved
                self._wanted = self._wanted or self._failed
        for then in waiting:
            then(saved)
        return saved

    def close(self) -> None:
        """Write what is left, and end the thread. May be called twice."""
        self.save()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _want(self) -> bool:
        """See that what is not on the disk is written; whether there is something."""
        if self._remembered == self._on_disk:
            return False
        self._wanted = True
        self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="mien-memory", daemon=True)
            self._thread.start()
        return True

    def _write(self) -> None:
        """The thread's loop."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._closed)
                if self._failed:
                    retry_s = self._written_at + RETRY_S - time.monotonic()
                    self._changed.wait_for(lambda: self._closed or bool(self._waiting), max(0.0, retry_s))
                pause_s = self._written_at + WRITE_INTERVAL_S - time.monotonic()
                self._changed.wait_for(lambda: self._closed, max(0.0, pause_s))
                if self._closed:
                    return
            if self._wanted:  # else somebody else saved it meanwhile
                self.save()


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
    except OSError as error:
        log.warning("%s: not saved (%s)", path, error.strerror)
        return False
    return True
