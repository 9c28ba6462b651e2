"""`mien library import`, `export`, `playlists`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from mien_device.commands import say
from mien_device.library.files import write_file
from mien_device.library.playlists import write_playlists
from mien_device.library.song_table import export_table, import_table
from mien_device.library.store import Library
from mien_models.errors import ConfigError, OutcomeError


def import_songs(library: Library, arguments: argparse.Namespace) -> int:
    """Take a table over, and say what of it could not be used."""
    report = import_table(library, arguments.table)
    if arguments.as_json:
        say(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        sys.stderr.writelines(f"{problem}\n" for problem in report.problems)
        say(f"{report.rows} rows, {report.matched} of them songs in the library, {report.moods} moods taken over")
    return OutcomeError.exit_code if report.problems else 0


def export_songs(library: Library, arguments: argparse.Namespace) -> int:
    """Write a table.

    Raises:
        ConfigError: it is not said of which kind.

    """
    kind = arguments.table.suffix.lower()
    if kind not in {".csv", ".json"}:
        raise ConfigError(f"{arguments.table}: name a file that ends in .csv or .json")
    write_file(arguments.table, export_table(library, as_json=kind == ".json"))
    count = len(library.songs())
    say(
        json.dumps({"file": str(arguments.table), "songs": count})
        if arguments.as_json
        else f"wrote {arguments.table}: {count} songs"
    )
    return 0


def export_playlists(library: Library, arguments: argparse.Namespace) -> int:
    """Write a playlist a mood."""
    written, left_out = write_playlists(library.songs(), arguments.folder)
    if arguments.as_json:
        say(
            json.dumps(
                {"files": {str(path): count for path, count in written.items()}, "left_out": left_out},
                ensure_ascii=False,
            )
        )
        return 0
    sys.stderr.writelines(f"{line}\n" for line in left_out)
    say("\n".join(f"wrote {path}: {count} songs" for path, count in written.items()))
    return 0


ACTIONS: dict[str, Callable[[Library, argparse.Namespace], int]] = {
    "import": import_songs,
    "export": export_songs,
    "playlists": export_playlists,
}
