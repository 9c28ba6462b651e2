"""Files that a reader, or a power cut, finds old or new, never half."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def user_path(text: str | Path) -> Path:
    """`text` as a path, a `~` at its beginning as the home directory.

    Unlike `Path.expanduser` this leaves the `~nobody` of an unknown user as it is, which ends in the caller's error for a
    missing file.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111 - for that difference


def write_atomically(path: Path, content: bytes, *, shared: bool = False) -> None:
    """Replace `path` by `content` in one step, and return when the disk has it.

    Args:
        path: in a folder that is there.
        content: all of it.
        shared: whether other processes may write the same file at the same time; who comes last wins. What is cut off
            then leaves a file of its own name behind, so only say so where it is true.

    Raises:
        OSError: the file system refuses. `path` is as it was, unless the folder alone could not be brought to the disk.

    """
    owner = f".{os.getpid()}" if shared else ""
    temporary = path.with_name(f".{path.name}{owner}.new")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync(path.parent)  # without it a power cut can bring the old file back


def check_place(path: Path) -> None:
    """See that `path` can be written, or made with the folders that it lacks; leaves nothing behind. Links are followed.

    For the beginning of work whose result goes there. Asking the file system for its permissions would not do: a disk that
    is mounted to be read only, or not there any more, says so when it is written to.

    Raises:
        OSError: it cannot; its `filename` is the folder that takes no files.

    """
    place = Path(os.path.realpath(path))
    place.exists()  # a name that is too long says so
    folder = next(parent for parent in (place.parent, *place.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def sync(path: Path) -> None:
    """Bring a file, or which files a folder holds, to the disk.

    Raises:
        OSError: the file system refuses.

    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_private(path: Path) -> int:
    """A handle to read and write `path`, which is made if need be: for the owner of its folder alone, whoever makes it.

    Raises:
        OSError: the file system refuses.

    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:  # who owns the folder must be able to open it, later and in our place
        owner = path.parent.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
    return handle
