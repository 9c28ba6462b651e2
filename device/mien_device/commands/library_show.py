"""`mien library list`, `show`, `art`, `stats`, `correct`, `like`."""

from __future__ import annotations

import argparse
import base64
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mien_device.commands import say
from mien_device.library import CORRECTED_SD, MOOD_SD, Song
from mien_device.library.cover import find_cover
from mien_device.library.files import printable, write_file
from mien_device.library.moods import CENTRES
from mien_device.library.store import Library
from mien_device.names import utf8
from mien_models.errors import ConfigError, MusicError, OutcomeError, one_line
from mien_models.listening import SongMood


def list_songs(library: Library, arguments: argparse.Namespace) -> int:
    """Print the songs."""
    words = (arguments.search or "").casefold()
    songs = [
        song
        for song in library.songs(missing=arguments.missing)
        if song.missing is arguments.missing
        and (not arguments.mood or song.mood == arguments.mood)
        and (not words or words in _text(song))
    ]
    if arguments.as_json:
        say(json.dumps([as_json(song) for song in songs], indent=2, ensure_ascii=False))
        return 0
    for song in songs:
        say(_line(song))
    return 0


def show_song(library: Library, arguments: argparse.Namespace) -> int:
    """Print all that is known of one."""
    song = find(library, arguments.song)
    plays, analysis = library.plays(song=song.id), song.analysis
    audio, cover = library.links().get(song.id, ("", ""))
    known: dict[str, Any] = as_json(song) | {
        "files": [{"path": printable(path), "there": there} for path, there in library.files(song.id)],
        "corrected_by": song.correction.source if song.correction else None,
        "audio_url": audio or None,
        "cover_url": cover or None,
        "plays": len(plays),
        "skips": sum(play.skipped for play in plays),
        "last_played": datetime.fromtimestamp(plays[-1].started, UTC).isoformat() if plays else None,
        "why": plays[-1].why if plays else None,
    }
    if analysis:
        known |= {
            name: getattr(analysis, name)
            for name in ("loudness_lufs", "true_peak_dbtp", "cue_in_s", "cue_out_s", "tempo_bpm", "key")
        }
        heard = analysis.estimate
        known["heard"] = {"mood": analysis.mood, "valence": heard.valence, "arousal": heard.arousal}
    if arguments.as_json:
        say(json.dumps(known, indent=2, ensure_ascii=False))
        return 0
    say(_line(song))
    for name, value in known.items():
        if value is not None and name not in {"files", "heard"}:
            say(f"  {name}: {f'{value:.3g}' if isinstance(value, float) else one_line(str(value))}")
    for file in known["files"]:
        say(f"  file: {one_line(file['path'])}{'' if file['there'] else ' (missing)'}")
    return 0


def write_art(library: Library, arguments: argparse.Namespace) -> int:
    """Write a song's cover.

    Raises:
        OutcomeError: it has none.

    """
    song = find(library, arguments.song)
    cover = next((found for path, there in library.files(song.id) if there and (found := find_cover(path))), None)
    if cover is None:
        raise OutcomeError(
            f"{printable(song.path)}: no cover, neither in the file nor in its folder; put a cover.jpg beside it"
        )
    target = arguments.out or Path(f"cover{cover.suffix}")
    write_file(target, cover.content)
    if arguments.as_json:
        say(json.dumps({"file": str(target), "mime": cover.mime, "bytes": len(cover.content), "hash": cover.hash}))
    else:
        say(f"wrote {one_line(str(target))} ({cover.mime}, {len(cover.content) / 1e3:.0f} kB)")
    return 0


def show_stats(library: Library, arguments: argparse.Namespace) -> int:
    """Print how many there are of what."""
    songs, broken = library.songs(missing=True), library.broken()
    there = [song for song in songs if not song.missing]
    moods = Counter(song.mood for song in there)
    figures = {
        "songs": len(there),
        "files": library.rows("SELECT count(*) AS n FROM file WHERE gone IS NULL")[0]["n"],
        "hours": round(sum(song.duration_s or 0 for song in there) / 3600, 2),
        "analysed": sum(song.analysis is not None for song in there),
        "corrected": sum(song.correction is not None for song in there),
        "with_cover": sum(song.art is not None for song in there),
        "missing": len(songs) - len(there),
        "broken": len(broken),
        "plays": library.rows("SELECT count(*) AS n FROM play")[0]["n"],
    }
    if arguments.as_json:
        unusable = [{"path": printable(each.path), "reason": each.reason} for each in broken]
        say(
            json.dumps(
                figures | {"moods": {mood: moods[mood] for mood in SongMood}, "broken_files": unusable},
                ensure_ascii=False,
            )
        )
        return 0
    say("\n".join(f"{name.replace('_', ' '):<11}{value:>8}" for name, value in figures.items()))
    say("\n".join(f"{mood:<11}{moods[mood]:>8}" for mood in SongMood))
    for each in broken:
        say(f"broken: {printable(each.path)!r}: {each.reason}")
    return 0


def correct_song(library: Library, arguments: argparse.Namespace) -> int:
    """Keep what a person says of a song.

    Raises:
        ConfigError: it is not said what.

    """
    place = (arguments.valence, arguments.arousal)
    ways = [arguments.undo, arguments.mood is not None, None not in place]
    if sum(ways) != 1 or (place.count(None) == 1):
        raise ConfigError("mien library correct: say --mood MOOD, or both --valence V and --arousal A, or --undo")
    song = find(library, arguments.song)
    if arguments.undo:
        library.uncorrect(song.id)
    elif arguments.mood:
        library.correct(song.id, *CENTRES[SongMood(arguments.mood)], sd=MOOD_SD)
    else:
        library.correct(song.id, *place, sd=CORRECTED_SD)
    return _say_song(library.song(song.id), as_json_=arguments.as_json)


def like_song(library: Library, arguments: argparse.Namespace) -> int:
    """Keep that a person likes a song, or does not."""
    song = find(library, arguments.song)
    library.like(song.id, not arguments.dislike)
    return _say_song(library.song(song.id), as_json_=arguments.as_json)


ACTIONS: dict[str, Callable[[Library, argparse.Namespace], int]] = {
    "list": list_songs,
    "show": show_song,
    "art": write_art,
    "stats": show_stats,
    "correct": correct_song,
    "like": like_song,
}


def find(library: Library, words: str) -> Song:
    """The song that a person means: by path, by the beginning of its id, or by words that only one song has.

    Raises:
        MusicError: there is none, or more than one.

    """
    songs = library.songs(missing=True)
    by_path = library.song_at(Path(os.path.normpath(Path(words).absolute())))
    found = [song for song in songs if song.id == by_path]
    found = found or [song for song in songs if len(words) >= 4 and song.id.startswith(words.lower())]
    found = found or [song for song in songs if words.casefold() in _text(song)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise MusicError(f"{words}: no such song; see `mien library list`, or scan its folder")
    raise MusicError(
        f"{words}: {len(found)} songs, such as {', '.join(song.id[:8] for song in found[:3])}; give an id or a path"
    )


def as_json(song: Song) -> dict[str, Any]:
    """A song for programs. A path that is no UTF-8 is also given whole, in base64."""
    estimate = song.estimate
    return {
        "id": song.id,
        "path": printable(song.path),
        **({} if utf8(song.path) is not None else {"path_base64": base64.b64encode(os.fsencode(song.path)).decode()}),
        "title": song.title,
        "artist": song.artist,
        "album": song.album,
        "duration_s": song.duration_s,
        "missing": song.missing,
        "art": song.art,
        "liked": song.liked,
        "mood": song.mood,
        "valence": estimate.valence if estimate else None,
        "valence_sd": estimate.valence_sd if estimate else None,
        "arousal": estimate.arousal if estimate else None,
        "arousal_sd": estimate.arousal_sd if estimate else None,
        "valence_percentile": song.valence_percentile,
        "arousal_percentile": song.arousal_percentile,
        "corrected": song.correction is not None,
    }


def _say_song(song: Song, *, as_json_: bool) -> int:
    say(json.dumps(as_json(song), indent=2, ensure_ascii=False) if as_json_ else _line(song))
    return 0


def _line(song: Song) -> str:
    name = f"{song.artist} - {song.title}" if song.artist else song.title
    if not (estimate := song.estimate):
        return f"{song.id[:8]}  {'?':<5}  {'':<26}{name}"
    place = f"v {estimate.valence:+.2f}±{estimate.valence_sd:.2f} a {estimate.arousal:+.2f}±{estimate.arousal_sd:.2f}"
    return f"{song.id[:8]}  {song.mood:<5}  {place}  {name}"


def _text(song: Song) -> str:
    return "\n".join((song.title, song.artist, song.album, printable(song.path))).casefold()
