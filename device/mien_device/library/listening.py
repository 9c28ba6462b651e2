"""Listen to the songs that nobody has listened to yet."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from mien_device.library import Broken
from mien_device.library.analysis_worker import AnalysisWorker
from mien_device.library.catalogue import Entry, heard, not_heard, to_hear
from mien_device.library.scan import Progress
from mien_device.library.store import Library, as_path
from mien_models.errors import MusicError


@dataclass
class Heard:
    """What came of listening."""

    songs: int = 0
    left: int = 0
    """Still to be heard, as it was stopped before."""
    problems: list[Broken] = field(default_factory=list)


def listen_to_all(
    library: Library,
    worker: AnalysisWorker,
    size_limit: int,
    *,
    progress: Progress = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Heard:
    """Listen to each song that is there and that this analyser did not hear yet. Each answer is kept at once.

    Raises:
        MusicError: the library cannot be written.

    """
    waiting, report = to_hear(library, worker.version), Heard()
    for done, entry in enumerate(waiting):
        if stop():
            report.left = len(waiting) - done
            break
        if _unchanged(entry):
            _listen(library, worker, entry, size_limit, report)
        progress(done + 1, len(waiting))
    return report


def _listen(library: Library, worker: AnalysisWorker, entry: Entry, size_limit: int, report: Heard) -> None:
    path = as_path(entry.path)
    try:
        if entry.stamp.size > size_limit:
            raise MusicError(f"{path}: larger than {size_limit >> 20} MB; --retry with --size-limit")
        analysis = worker.listen(path)
    except MusicError as error:
        if _unchanged(entry):
            not_heard(library, entry.track, worker.version, str(error).removeprefix(f"{path}: "))
            report.problems.append(Broken(path, str(error).removeprefix(f"{path}: ")))
        return
    if _unchanged(entry):
        heard(library, entry.track, worker.version, analysis)
        report.songs += 1


def _unchanged(entry: Entry) -> bool:
    """Whether the file is still the one that was scanned; if not, the next scan says what it is now."""
    try:
        status = os.stat(entry.path)  # noqa: PTH116 - bytes
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (entry.stamp.size, entry.stamp.mtime_ns)
