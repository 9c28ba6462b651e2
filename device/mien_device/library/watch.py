"""Notice that files change, and when it is quiet again."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from mien_device.library import art
from mien_device.library.walk import is_audio

QUIET_S = 5.0
"""Files that are being copied change every moment; a scan waits until nothing changed for so long,"""
PATIENCE_S = 60.0
"""but not longer than this."""

log = logging.getLogger(__name__)


class Watch:
    """Watches folders in a thread of its own (inotify, through watchfiles)."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def changed(self) -> bool:
        """Whether something changed that `wait` has not told yet."""
        return self._changed.is_set()

    def wait(self, limit_s: float) -> bool:
        """Wait for a change, and until it is quiet after it; False if there was none for so long."""
        if not self._changed.wait(limit_s):
            return False
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self._changed.clear()
            if not self._changed.wait(QUIET_S):
                return True
        self._changed.clear()
        return True

    def close(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        from watchfiles import watch

        try:
            for _ in watch(
                *[folder for folder in self._folders if folder.is_dir()],
                watch_filter=_matters,
                stop_event=self._stopping,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._changed.set()
        except (OSError, RuntimeError) as error:
            # Most often the limit on watches; RuntimeError is what watchfiles calls the rest of the kernel's refusals.
            log.warning(
                "%s: no notice of changes here, so only the full rescan finds them; sysctl fs.inotify.max_user_watches may help",
                error,
            )


def _matters(_kind: object, path: str) -> bool:
    """Whether a change may be one of music. Of what is gone nobody can say any more whether it was a folder."""
    name = os.path.basename(path)  # noqa: PTH119 - called for every change of a busy folder
    if name.startswith("."):
        return False
    return is_audio(name) or art.rank(name) is not None or os.path.isdir(path) or not os.path.exists(path)  # noqa: PTH110, PTH112
