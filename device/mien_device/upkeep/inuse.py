"""Who uses the state folder: one daemon for as long as it runs, or a restore; neither beside another."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from mien_models.errors import DataError, InUseError
from mien_models.files import open_private

log = logging.getLogger(__name__)

FILE = "mien.lock"
PATIENCE_S, TURN_S = 2.0, 0.05
"""A restart begins while the process before is on its way out."""


@contextlib.contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Have the state in `folder` for this daemon alone, for as long as the block lasts, at most until the process ends.

    A disk that cannot be written has no such sign; nothing is kept there, so nobody can spoil it for another.

    Raises:
        InUseError: another daemon has it, or a restore.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("%s: %s", folder / FILE, error.strerror)
        yield
        return
    try:
        if not _taken(handle, time.monotonic() + PATIENCE_S):
            raise InUseError(
                f"{folder}: another mien runs with this state folder; stop it first (as a service: sudo systemctl stop mien), "
                "or set MIEN_STATE_DIR to another folder"
            )
        yield
    finally:
        os.close(handle)


def _taken(handle: int, until: float) -> bool:
    """Whether the lock could be had in time: one who only looks whether it is held holds it for a moment."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(TURN_S)
        else:
            return True


@contextlib.contextmanager
def alone(folder: Path, *others: Path) -> Iterator[None]:
    """Have `folder` for oneself; `others` are the locks of others who write there.

    Raises:
        DataError: somebody uses it, or it cannot be written.

    """
    with contextlib.ExitStack() as opened:
        for path in (folder / FILE, *others):
            try:
                handle = open_private(path)
            except OSError as error:
                raise DataError(f"{path}: {error.strerror}; run as a user that may write there") from None
            opened.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(
                    f"{folder}: mien is running; stop it first (as a service: sudo systemctl stop mien mien-library)"
                ) from None
        yield


def is_in_use(folder: Path) -> bool:
    """Whether a daemon runs with the state in `folder`. Makes nothing there."""
    try:
        handle = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
