"""The history as tables for other programs: CSV as in RFC 4180, in UTF-8."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from mien_device.history import Minute, Play
from mien_device.history.summary import local
from mien_device.spreadsheet import harmless
from mien_models.labels import Emotion

MOODS_HEADER = ("begins", "seen_s", *(f"{emotion}_s" for emotion in Emotion), "valence", "arousal", "people")
SONGS_HEADER = ("begins", "title", "artist", "mode", "heard_s", "valence_before", "valence_after")


def moods(minutes: Iterable[Minute]) -> Iterator[str]:
    """A line a minute."""
    yield _line(MOODS_HEADER)
    for minute in minutes:
        read_s = minute.read_s
        places = [round(s / read_s, 3) if read_s else "" for s in (minute.valence_s, minute.arousal_s)]
        seconds = [round(s, 1) for s in (minute.seen_s, *minute.moods)]
        yield _line((_time(minute.at), *seconds, *places, minute.people))


def songs(plays: Iterable[Play]) -> Iterator[str]:
    """A line a song that was heard."""
    yield _line(SONGS_HEADER)
    for play in plays:
        faces = ["" if value is None else round(value, 3) for value in (play.before, play.after)]
        words = (harmless(play.title), harmless(play.artist), play.mode)
        yield _line((_time(play.at), *words, round(play.heard_s, 1), *faces))


def _time(at: float) -> str:
    return local(at).isoformat(timespec="seconds")


def _line(fields: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return text.getvalue()
