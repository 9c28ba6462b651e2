"""`mien library`: bring it up to date; the other actions are in `library_show.py` and `library_tables.py`."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from mien_device.commands import library_show, library_tables, library_why, say
from mien_device.commands.progress import Bar
from mien_device.config import Config
from mien_device.config.load import find_config, load_config
from mien_device.folders import state_folder
from mien_device.library import Broken
from mien_device.library.analysis_worker import AnalysisWorker
from mien_device.library.catalogue import forgive
from mien_device.library.files import printable
from mien_device.library.listening import Heard, listen_to_all
from mien_device.library.scan import Report, scan
from mien_device.library.store import Library
from mien_device.library.watch import QUIET_S, Watch
from mien_models.files import user_path

WRITING = {"correct", "like", "import"}
"""The actions that a full disk makes useless."""
STOPPED = "stopped; what was done is kept, and the next scan goes on from there"


def run_library(arguments: argparse.Namespace) -> int:
    """Carry the action out.

    Raises:
        MienError: as the action says.

    """
    if arguments.action in {"scan", "watch"}:
        return _keep_up(arguments)
    actions = library_show.ACTIONS | library_tables.ACTIONS | {"why": library_why.show_why}
    with Library.open(state_folder(), or_read=arguments.action not in WRITING) as library:
        return actions[arguments.action](library, arguments)


def _keep_up(arguments: argparse.Namespace) -> int:
    config = load_config(find_config(arguments.config))
    folders = [user_path(folder) for folder in arguments.folders or config.library.folders or (config.music.folder,)]
    with _sigterm_is_ctrl_c(), contextlib.ExitStack() as open_things:
        # Who watches is a service that nobody looks after; who scans reads what is wrong, and decides.
        library = open_things.enter_context(Library.open(state_folder(), or_anew=arguments.action == "watch"))
        worker = None
        if arguments.analyser != "none":
            worker = open_things.enter_context(AnalysisWorker(arguments.analyser, arguments.time_limit))
        size_limit = int(arguments.size_limit * (1 << 20))
        try:
            if arguments.action == "watch":
                _watch(library, folders, worker, size_limit, config, as_json=arguments.as_json)
            with library.scanning():
                if arguments.retry:
                    forgive(library)
                _scan(library, folders, worker, size_limit, as_json=arguments.as_json)
        except KeyboardInterrupt:
            sys.stderr.write(f"mien library: {STOPPED}\n")
            raise
    return 0


def _watch(
    library: Library,
    folders: list[Path],
    worker: AnalysisWorker | None,
    size_limit: int,
    config: Config,
    *,
    as_json: bool,
) -> NoReturn:
    """Scan for ever. Watching begins before the first scan, so that no change falls between the two."""
    watch = Watch(folders)
    try:
        while True:
            with library.scanning():
                settling, left = _scan(library, folders, worker, size_limit, as_json=as_json, watch=watch)
            # Files that were still being written get no further notice once they are whole.
            limit_s = 0.0 if left else 2 * QUIET_S if settling else config.library.rescan_minutes * 60
            watch.wait(limit_s)
    finally:
        watch.close()


def _scan(
    library: Library,
    folders: list[Path],
    worker: AnalysisWorker | None,
    size_limit: int,
    *,
    as_json: bool,
    watch: Watch | None = None,
) -> tuple[int, int]:
    """Scan once and say what was found: how many files are still being written, how many songs are still to be heard."""
    bar = Bar("reading")
    report = scan(library, folders, settle_s=QUIET_S if watch else 0.0, progress=bar.show)
    bar.close()
    _say_problems(bar, report.problems)
    heard = Heard()
    if worker:
        bar = Bar("listening")
        heard = listen_to_all(
            library, worker, size_limit, progress=bar.show, stop=watch.changed if watch else lambda: False
        )
        bar.close()
        _say_problems(bar, heard.problems)
    quiet = watch and not (
        report.read or report.moved or report.returned or report.gone or heard.songs or report.problems
    )
    if as_json:
        say(json.dumps(_as_json(report, heard), ensure_ascii=False))
    elif not quiet:
        say(_in_words(report, heard, listening=worker is not None))
    sys.stdout.flush()
    return report.settling, heard.left


def _say_problems(bar: Bar, problems: list[Broken]) -> None:
    for problem in problems:
        bar.line(f"mien library: {printable(problem.path)!r}: {problem.reason}")


def _as_json(report: Report, heard: Heard) -> dict[str, Any]:
    problems = [
        {"path": printable(problem.path), "reason": problem.reason} for problem in report.problems + heard.problems
    ]
    return {**asdict(report), "heard": heard.songs, "to_hear": heard.left, "problems": problems}


def _in_words(report: Report, heard: Heard, *, listening: bool) -> str:
    parts = [f"{report.files} files", f"{report.unchanged} unchanged", f"{report.new} new or changed"]
    parts += [
        f"{count} {word}"
        for count, word in (
            (report.moved, "moved"),
            (report.returned, "back"),
            (report.gone, "gone"),
            (report.settling, "still being written"),
            (len(report.problems) + len(heard.problems), "broken"),
        )
        if count
    ]
    return ", ".join(parts) + (f"; {heard.songs} songs listened to" if listening else "")


@contextlib.contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """A service is stopped as kindly as a person stops it."""

    def stop(_signal: int, _frame: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
