"""`mien library why`: the last songs that were chosen, each with its sentence."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

from mien_device.commands import say
from mien_device.library import Play, Song
from mien_device.library.store import Library


def show_why(library: Library, arguments: argparse.Namespace) -> int:
    """Print the last choices, newest first."""
    plays = library.plays()[-arguments.last :][::-1]
    songs = {song.id: song for song in library.songs(missing=True)}
    if arguments.as_json:
        say(json.dumps([_row(play, songs[play.song]) for play in plays], indent=2, ensure_ascii=False))
        return 0
    for play in plays:
        song, began = songs[play.song], datetime.fromtimestamp(play.started, UTC).astimezone()
        by = f" - {song.artist}" if song.artist else ""
        skipped = " (skipped)" if play.skipped else ""
        say(f"{began:%Y-%m-%d %H:%M}  {song.title}{by}{skipped}\n    {play.why or 'No reason was kept.'}")
    if not plays:
        say("nothing was played from the library yet")
    return 0


def _row(play: Play, song: Song) -> dict[str, str | bool]:
    return {
        "started": datetime.fromtimestamp(play.started, UTC).isoformat(timespec="seconds"),
        "id": play.song,
        "title": song.title,
        "artist": song.artist,
        "mode": play.mode,
        "mood": play.mood,
        "skipped": play.skipped,
        "why": play.why,
    }
