"""The words that `mien library` understands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mien_device.commands.options import add_config, add_json
from mien_models.listening import SongMood
from mien_models.options import number_from, whole_number

MOODS = tuple(mood.value for mood in SongMood)
_EXAMPLES = """\
examples:
  mien library scan                        all songs below music.folder (or library.folders)
  mien library scan ~/Music                those of another folder
  mien library list --mood calm            what there is for a quiet evening
  mien library show "blue in green"        all that is known of a song
  mien library why                         why the last songs were played
  mien library correct a1b2c3 --mood sad   mien heard it wrongly
  mien library import songs.csv            a table with name, audio, cover and mood
  mien library playlists ~/Playlists       one M3U8 a mood
"""


def add_library(commands: Any) -> None:
    """Add `mien library` with its sub-commands."""
    library = commands.add_parser(
        "library",
        help="the songs on the disk, and the mood of each",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = library.add_subparsers(dest="action", required=True, metavar="ACTION")
    for add in (_add_scan, _add_watch, _add_list, _add_show, _add_why, _add_art, _add_opinions, _add_tables):
        add(actions)
    for action in actions.choices.values():
        add_json(action)


def _add_scan(actions: Any) -> None:
    scan = actions.add_parser(
        "scan",
        help="bring the library up to date with the disk",
        description="Read what is new or has changed, and listen to the songs that were not listened to yet. It can be stopped "
        "at any time and goes on where it was.",
    )
    _add_scanning(scan)
    scan.add_argument(
        "--retry", action="store_true", help="look again at files that were found broken or took too long"
    )


def _add_watch(actions: Any) -> None:
    watch = actions.add_parser(
        "watch",
        help="keep it up to date",
        description="Scan, then scan again whenever files change. Run until SIGTERM or Ctrl-C.",
    )
    _add_scanning(watch)


def _add_scanning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="default: library.folders, else music.folder"
    )
    add_config(parser)
    parser.add_argument(
        "--analyser",
        choices=("listener", "none", "fake"),
        default="listener",
        help="what listens: mien's own model, nothing (tags only), or a fake that makes answers up, to try things out",
    )
    parser.add_argument(
        "--time-limit",
        type=number_from(1e-3, 1e9),
        default=300.0,
        metavar="S",
        help="seconds to listen to a file at most (default: %(default)g)",
    )
    parser.add_argument(
        "--size-limit",
        type=number_from(1e-3, 1e9),
        default=2048.0,
        metavar="MB",
        help="larger files are not listened to (default: %(default)g)",
    )


def _add_list(actions: Any) -> None:
    songs = actions.add_parser(
        "list", help="the songs", description="The songs that can be played, by their files' names."
    )
    songs.add_argument("--mood", choices=MOODS, help="only those")
    songs.add_argument("--search", metavar="TEXT", help="only those with this in title, artist, album or path")
    songs.add_argument("--missing", action="store_true", help="only those whose files are not there now")
    actions.add_parser("stats", help="how many of what")


def _add_show(actions: Any) -> None:
    show = actions.add_parser("show", help="all that is known of a song")
    _add_song(show)


def _add_why(actions: Any) -> None:
    why = actions.add_parser("why", help="why the last songs were played", description="Newest first.")
    why.add_argument("--last", type=whole_number, default=10, metavar="N", help="so many (default: %(default)d)")


def _add_art(actions: Any) -> None:
    art = actions.add_parser(
        "art",
        help="a song's cover",
        description="Write the cover that is in the file, or in its folder. Exit code 10 without one.",
    )
    _add_song(art)
    art.add_argument("--out", type=Path, metavar="FILE", help="default: cover.jpg (or .png, …) here")


def _add_opinions(actions: Any) -> None:
    correct = actions.add_parser("correct", help="say what a song is like; that wins over what mien hears")
    _add_song(correct)
    correct.add_argument("--mood", choices=MOODS)
    correct.add_argument(
        "--valence", type=number_from(-1, 1), metavar="V", help="unpleasant -1 … pleasant 1; with --arousal"
    )
    correct.add_argument("--arousal", type=number_from(-1, 1), metavar="A", help="quiet -1 … lively 1; with --valence")
    correct.add_argument("--undo", action="store_true", help="go back to what mien hears")
    like = actions.add_parser("like", help="say that you like a song")
    _add_song(like)
    like.add_argument("--not", action="store_true", dest="dislike", help="that you do not")


def _add_tables(actions: Any) -> None:
    reading = actions.add_parser(
        "import",
        help="take moods over from a CSV or JSON table",
        description="A row a song: name, audio (a path; or an address, then the name must match), cover, mood. Exit code 10 if rows "
        "could not be used; each has its line.",
    )
    reading.add_argument("table", type=Path, metavar="TABLE")
    writing = actions.add_parser("export", help="write all songs to a CSV or JSON table")
    writing.add_argument("table", type=Path, metavar="TABLE", help="NAME.csv or NAME.json")
    playlists = actions.add_parser("playlists", help="write a playlist (M3U8) for each mood")
    playlists.add_argument("folder", type=Path, metavar="FOLDER")


def _add_song(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("song", metavar="SONG", help="a file, the beginning of an id, or words that only one song has")
