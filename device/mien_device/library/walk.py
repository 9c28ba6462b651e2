"""Which music files and covers lie below a folder, and their stamps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mien_device.library import art
from mien_models.listening.sound_file import sound_suffixes

MADE_UP = ("vfat", "msdos", "exfat", "fuse", "cifs", "smb", "9p")
"""Beginnings of file systems whose inode numbers last until the next mount at most."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Equal stamps, same content."""

    size: int
    mtime_ns: int
    inode: int
    """0 where the file system makes the numbers up."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may hold music."""

    path: bytes
    stamp: Stamp
    device: int


@dataclass
class Walk:
    """What lies below a folder."""

    files: list[Found] = field(default_factory=list)
    covers: dict[bytes, Found] = field(default_factory=dict)
    """The likeliest cover of each folder that has one."""
    unreadable: dict[bytes, str] = field(default_factory=dict)
    """Folders that could not be read, and why. What was known below them is not gone for that."""


def walk(folder: Path) -> Walk:
    """Everything below `folder`, in the order of the names.

    Links to folders are followed, people keep their music elsewhere; each folder is read once, so that loops end. Hidden
    files are left out: macOS writes a `._song.mp3` that holds no sound beside each song on a USB stick.
    """
    found, seen, made_up = Walk(), set[tuple[int, int]](), _devices_that_make_up()
    waiting = [os.fsencode(folder.absolute())]
    while waiting:
        place = waiting.pop()
        try:
            status = os.stat(place)  # noqa: PTH116 - bytes: a name need not be UTF-8
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            found.unreadable[place] = error.strerror or str(error)
            continue
        entries = [entry for entry in entries if not entry.name.startswith(b".")]
        # Real folders before links to folders, so that music is known by the place where it lies.
        folders = sorted(filter(_is_folder, entries), key=os.DirEntry.is_symlink)
        waiting.extend(entry.path for entry in reversed(folders))
        found.files.extend(_files(entries, made_up))
        if cover := _cover(entries, made_up):
            found.covers[place] = cover
    return found


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _files(entries: list[os.DirEntry[bytes]], made_up: set[int]) -> Iterator[Found]:
    for entry in entries:
        if is_audio(os.fsdecode(entry.name)) and (found := _stamped(entry, made_up)):
            yield found


def is_audio(name: str) -> bool:
    """Whether a file of this name may hold music."""
    return os.path.splitext(name)[1].lower() in sound_suffixes() and not name.startswith(".")  # noqa: PTH122 - no path


def _cover(entries: list[os.DirEntry[bytes]], made_up: set[int]) -> Found | None:
    named = {os.fsdecode(entry.name): entry for entry in entries}
    best = art.best_cover(named)
    return _stamped(named[best], made_up) if best else None


def _stamped(entry: os.DirEntry[bytes], made_up: set[int]) -> Found | None:
    """None for what is no file (a pipe, a folder named like a song), and for a link that leads nowhere."""
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:
        return None
    inode = 0 if status.st_dev in made_up else _signed(status.st_ino)
    return Found(entry.path, Stamp(status.st_size, status.st_mtime_ns, inode), _signed(status.st_dev))


def _signed(number: int) -> int:
    """SQLite's integers have 64 bits with a sign, inode numbers none."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _devices_that_make_up() -> set[int]:
    """Devices whose inode numbers say nothing (proc_pid_mountinfo(5))."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    devices = set()
    for line in lines:
        mount, _, system = line.partition(" - ")
        if system.startswith(MADE_UP):
            major, _, minor = mount.split()[2].partition(":")
            devices.add(os.makedev(int(major), int(minor)))
    return devices
