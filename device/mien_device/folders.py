"""The two folders that mien writes to, its own or the service's."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

SERVICE_STATE, SERVICE_CACHE = Path("/var/lib/mien"), Path("/var/cache/mien")
"""systemd's StateDirectory and CacheDirectory of the service."""


def state_folder() -> Path:
    """Where mien keeps what must outlive a restart: MIEN_STATE_DIR, systemd's StateDirectory, or the user's own.

    For root it is the service's where one is installed: who types sudo means it.
    """
    return _folder("STATE", "XDG_STATE_HOME", ".local/state", SERVICE_STATE)


def cache_folder() -> Path:
    """Where mien keeps what it can make again: MIEN_CACHE_DIR, systemd's CacheDirectory, or the user's own; see `state_folder`."""
    return _folder("CACHE", "XDG_CACHE_HOME", ".cache", SERVICE_CACHE)


def models_folder() -> Path:
    """Where `mien models install` puts what is not shipped."""
    return state_folder() / "models"


def hand_over() -> None:
    """Give what root wrote in the service's folders to the user that they belong to, or the service could not use it."""
    if os.geteuid() != 0:
        return
    for folder, service in ((state_folder(), SERVICE_STATE), (cache_folder(), SERVICE_CACHE)):
        if folder == service and folder.is_dir():
            owner = folder.stat()
            for _, folders, files, at in os.fwalk(folder):  # by descriptors: no link leads root out of it
                folders[:] = [name for name in folders if name != "lost+found"]  # on a partition of its own
                for name in (*folders, *files):
                    # It may be gone again; on a disk that is read-only there is nothing new.
                    with contextlib.suppress(OSError):
                        _hand_over(name, at, owner)


def _hand_over(name: str, at: int, owner: os.stat_result) -> None:
    status = os.stat(name, dir_fd=at, follow_symlinks=False)
    # A second name of a file may lie anywhere.
    if status.st_uid == 0 and (stat.S_ISDIR(status.st_mode) or status.st_nlink == 1):
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=at, follow_symlinks=False)


def _folder(kind: str, xdg: str, default: str, service: Path) -> Path:
    if own := os.environ.get(f"MIEN_{kind}_DIR"):
        return Path(own)
    if systemd := os.environ.get(f"{kind}_DIRECTORY"):
        return Path(systemd.partition(":")[0])
    if os.geteuid() == 0 and SERVICE_STATE.is_dir():
        return service
    return Path(os.environ.get(xdg) or Path.home() / default) / "mien"
