"""A note for the next run, that this one used something which may take the process down."""

from __future__ import annotations

import contextlib
from pathlib import Path


class Mark:
    """How often in a row a process was cut off while it used the Edge TPU, by a file that is there while it does."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.count = 0
        """Of the runs before this one."""
        try:
            if path is not None:
                self.count = min(int(path.read_text(encoding="ascii")), 9)
        except (OSError, ValueError):
            pass  # there is none, or it says nothing

    def set(self) -> None:
        """It is in use from now on."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):  # a full disk costs the note
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(str(self.count + 1), encoding="ascii")

    def clear(self) -> None:
        """It is not."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
