"""Bring the library up to date with the disk. What has not changed is not opened."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mien_device.library import Broken
from mien_device.library.art import read_picture
from mien_device.library.catalogue import Catalogue, Entry
from mien_device.library.reading import Reading, read
from mien_device.library.store import Library, as_path
from mien_device.library.walk import Found, walk
from mien_models.errors import MusicError

NO_FOLDER = "no such folder; is its disk mounted?"
COMMIT_S = 1.0
"""What was read for so long is written down at once: a kill costs no more than that."""
Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""


@dataclass
class Report:
    """What a scan found."""

    files: int = 0
    unchanged: int = 0
    read: int = 0
    """New, or changed, or moved out of sight: opened, hashed and their tags read."""
    new: int = 0
    """New or changed."""
    moved: int = 0
    """Known, with another name or in another place."""
    returned: int = 0
    gone: int = 0
    settling: int = 0
    """Still being written, it seems; left for the next scan."""
    problems: list[Broken] = field(default_factory=list)
    """Files and folders that could not be read in this scan. Files that are known to be broken are not read again."""


@dataclass
class _Plan:
    returned: list[Entry] = field(default_factory=list)
    adopted: list[tuple[Found, Entry]] = field(default_factory=list)
    to_read: list[Found] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)


def scan(
    library: Library, folders: Sequence[Path], *, settle_s: float = 0.0, progress: Progress = lambda done, total: None
) -> Report:
    """Look at all files below `folders`. Of other folders only what is gone is noted. Files changed less than `settle_s` ago wait.

    Raises:
        MusicError: none of the folders is there, or the library cannot be written.

    """
    absent = [folder for folder in folders if not folder.is_dir()]
    if len(absent) == len(folders):
        raise MusicError(f"{absent[0]}: {NO_FOLDER} Name another one, or set library.folders")
    walks = [walk(folder) for folder in folders if folder not in absent]
    found = {each.path: each for one in walks for each in one.files}
    covers = {folder: cover for one in walks for folder, cover in one.covers.items()}
    unreadable = {folder: why for one in walks for folder, why in one.unreadable.items()}
    catalogue = Catalogue(library, [os.fsencode(folder.absolute()) for folder in folders])
    report = Report(files=len(found), problems=[Broken(as_path(path), why) for path, why in unreadable.items()])
    report.problems += [Broken(folder, NO_FOLDER) for folder in absent]
    hidden = tuple(folder + b"/" for folder in unreadable)
    plan = _plan(catalogue, found, hidden, settle_s, report)
    catalogue.settle(plan.returned, plan.adopted, plan.gone)
    catalogue.forget_broken([path for path in catalogue.broken if path not in found and not path.startswith(hidden)])
    _read_all(catalogue, plan.to_read, report, progress)
    _look_at_covers(catalogue, covers, unreadable)
    moved_from = set(catalogue.moved_from)
    report.moved = len(moved_from)
    report.gone = sum(entry.id not in moved_from for entry in plan.gone)
    report.new = max(0, len(plan.adopted) + report.read - report.moved)
    return report


def _plan(
    catalogue: Catalogue, found: dict[bytes, Found], hidden: tuple[bytes, ...], settle_s: float, report: Report
) -> _Plan:
    """Sort the files by what must be done about them."""
    plan, now_ns = _Plan(), time.time_ns()
    for path, each in found.items():
        known = next((entry for entry in catalogue.entries.get(path, ()) if entry.stamp == each.stamp), None)
        elsewhere = catalogue.by_identity.get((each.device, each.stamp)) if each.stamp.inode else None
        if (known and not known.gone) or catalogue.broken.get(path) == each.stamp:
            report.unchanged += 1
        elif abs(now_ns - each.stamp.mtime_ns) < settle_s * 1e9:
            report.settling += 1
        elif known and not catalogue.present(path):
            plan.returned.append(known)
        elif elsewhere:
            plan.adopted.append((each, elsewhere))
        else:
            plan.to_read.append(each)
    for entry in (entry for entries in catalogue.entries.values() for entry in entries):
        if not entry.gone and entry.path not in found and not entry.path.startswith(hidden):
            plan.gone.append(entry)
    plan.gone += [entry for entry in catalogue.outside if not _is_there(entry.path)]
    report.returned = len(plan.returned)
    return plan


def _is_there(path: bytes) -> bool:
    """Also where it may not be looked at."""
    try:
        os.stat(path)  # noqa: PTH116 - bytes
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _read_all(catalogue: Catalogue, files: list[Found], report: Report, progress: Progress) -> None:
    read_now: list[tuple[Found, Reading]] = []
    broken_now: list[tuple[Found, str, bool]] = []
    written = time.monotonic()
    for done, found in enumerate(files, 1):
        try:
            reading = read(found)
        except MusicError as error:
            broken_now.append((found, str(error), False))
        except OSError as error:
            broken_now.append((found, error.strerror or str(error), True))
        else:
            if reading:
                read_now.append((found, reading))
            else:
                report.settling += 1
        if time.monotonic() - written > COMMIT_S or done == len(files):
            catalogue.record(read_now, broken_now)
            report.read += len(read_now)
            report.problems.extend(Broken(as_path(found.path), reason) for found, reason, _ in broken_now)
            read_now, broken_now, written = [], [], time.monotonic()
        progress(done, len(files))


def _look_at_covers(catalogue: Catalogue, covers: dict[bytes, Found], unreadable: dict[bytes, str]) -> None:
    for folder, found in catalogue.new_covers(covers):
        if picture := read_picture(as_path(found.path)):
            catalogue.record_cover(folder, found, (picture.hash, picture.mime, len(picture.content)))
    catalogue.forget_covers(covers, unreadable)
