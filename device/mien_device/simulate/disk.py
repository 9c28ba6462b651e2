"""A disk of our own that can be full: a small file system in memory that only this process and its children see."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

from mien_models.errors import OutcomeError

SIZE = 4 << 20
_NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of sched.h."""
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14
"""MS_PRIVATE and MS_REC of sys/mount.h."""
_DETACH = 2
"""MNT_DETACH: now, whoever still looks at it."""
_AS_ROOT = ("unshare", "--user", "--map-root-user", "--mount")
"""Of util-linux: root among one's own files, in a world of one's own."""


def become_root() -> None:
    """Go on as root of a user namespace, if we are not root anyway: this process begins anew with its command line.

    Raises:
        OutcomeError: this system does not let us.

    """
    if os.geteuid() == 0:
        return
    trial = subprocess.run([*_AS_ROOT, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        reason = trial.stderr.strip().rpartition(": ")[2]
        raise OutcomeError(f"disk-full wants a small disk of its own ({reason}); run as root, or allow user namespaces")
    os.execvp(_AS_ROOT[0], [*_AS_ROOT, sys.executable, "-m", "mien_device", *sys.argv[1:]])  # noqa: S606 - no shell


class SmallDisk:
    """Mounted at `folder` until `close`. For root, see `become_root`.

    Raises:
        OutcomeError: this system does not let us.

    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._ballast = folder, folder / "ballast"
        self._libc = libc = ctypes.CDLL(None, use_errno=True)
        options = f"size={SIZE},mode=0700".encode()
        done = libc.unshare(_NEW_MOUNTS) == 0
        hidden = done and libc.mount(b"none", b"/", None, ctypes.c_ulong(_PRIVATE | _RECURSIVE), None) == 0
        # In a chroot / is no mount, and cannot be told to hide those below it: then others see this one too until `close`.
        done = done and (hidden or ctypes.get_errno() == errno.EINVAL)
        done = done and libc.mount(b"mien", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), options) == 0
        if not done:
            raise OutcomeError(
                f"disk-full wants a small disk of its own: {os.strerror(ctypes.get_errno())}; run as root"
            )

    def close(self) -> None:
        """Take it away, with what is on it."""
        self._libc.umount2(os.fsencode(self._folder), _DETACH)

    def fill(self) -> None:
        """Leave not a byte."""
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)
