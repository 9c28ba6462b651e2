"""Files that are written for the user: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from mien_models.errors import DataError
from mien_models.files import write_atomically


def write_file(path: Path, content: bytes) -> None:
    """Write it so that a reader, or a power cut, finds the old file or the new one.

    Raises:
        DataError: it cannot be written.

    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; name a place that can be written and has room") from None


def printable(path: Path) -> str:
    """The same with a sign of replacement for what is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")
