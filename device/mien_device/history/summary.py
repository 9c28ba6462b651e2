"""Charts of the history: pure. Days and hours are those of this device's wall clock."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mien_device.history import Minute, Play
from mien_models.labels import Emotion

SLOT_MINUTES = {1: 15, 7: 60}
"""How finely a day and a week are drawn, by days."""
LEAST_PLAYS = 3
"""Of a song, with faces before and after; from fewer nothing can be said."""
LEAST_MODE_PLAYS = 5
RISE = 0.1
"""Valence that went up by so much rose."""
MOST_HELPED = 5


def local(at: float) -> datetime:
    """That moment on this device's wall clock, with its distance from UTC."""
    return datetime.fromtimestamp(at, UTC).astimezone()


def beginning(day: date) -> float:
    """Of a day of this place, seconds since 1970."""
    return datetime.combine(day, time()).astimezone().timestamp()


def span(until: date, days: int) -> tuple[float, float]:
    """From the beginning of the first of `days` days to the end of `until`."""
    return beginning(until - timedelta(days=days - 1)), beginning(until + timedelta(days=1))


def slots(minutes: Iterable[Minute], slot_minutes: int) -> list[dict[str, Any]]:
    """The same by day and slot of the wall clock, oldest first; those in which nobody was seen are left out.

    By the wall clock an hour that comes twice in autumn is one slot with twice the time.
    """
    found: dict[tuple[date, int], Minute] = defaultdict(lambda: Minute(0.0))
    for minute in minutes:
        at = local(minute.at)
        of_day = at.hour * 60 + at.minute
        _add(found[at.date(), of_day - of_day % slot_minutes], minute)
    return [
        {"day": day.isoformat(), "minute": of_day} | _figures(total) for (day, of_day), total in sorted(found.items())
    ]


def total(minutes: Iterable[Minute]) -> dict[str, Any]:
    """All of them as one."""
    whole = Minute(0.0)
    for minute in minutes:
        _add(whole, minute)
    return _figures(whole)


def played(plays: Sequence[Play]) -> list[dict[str, Any]]:
    """What played, newest first."""
    return [
        {
            "at": local(play.at).isoformat(timespec="seconds"),
            "title": play.title,
            "artist": play.artist,
            "mode": play.mode,
            "heard_s": round(play.heard_s),
            "change": None if (change := _change(play)) is None else round(change, 2),
        }
        for play in reversed(plays)
    ]


def helped(plays: Iterable[Play]) -> dict[str, Any]:
    """After what faces looked more pleasant than before, as far as that was seen.

    No more than that: it is no experiment. Whoever looks sad looks happier after a while with any song, so a song is named only
    if valence rose after it more often than not, and by more than after all songs.
    """
    measured = [(play, change) for play in plays if (change := _change(play)) is not None]
    usual = _mean([change for _, change in measured])
    return {
        "measured": len(measured),
        "least": LEAST_PLAYS,
        "change": None if usual is None else round(usual, 2),
        "songs": _better(measured, lambda play: {"title": play.title, "artist": play.artist}, LEAST_PLAYS, usual),
        "modes": _better(measured, lambda play: {"mode": play.mode}, LEAST_MODE_PLAYS, usual),
    }


def _better(
    measured: Sequence[tuple[Play, float]], name: Callable[[Play], Mapping[str, str]], least: int, usual: float | None
) -> list[dict[str, Any]]:
    """The best first."""
    groups: dict[tuple[str, ...], list[float]] = defaultdict(list)
    names: dict[tuple[str, ...], Mapping[str, str]] = {}
    for play, change in measured:
        words = name(play)
        key = tuple(words.values())
        names[key] = words
        groups[key].append(change)
    found = [
        (mean, {**names[key], "plays": len(changes), "rose": rose, "change": round(mean, 2)})
        for key, changes in groups.items()
        if len(changes) >= least
        and 2 * (rose := sum(change >= RISE for change in changes)) > len(changes)
        and (mean := math.fsum(changes) / len(changes)) > max(usual or 0.0, 0.0)
    ]
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])[:MOST_HELPED]]


def _change(play: Play) -> float | None:
    return None if play.before is None or play.after is None else play.after - play.before


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _add(whole: Minute, part: Minute) -> None:
    whole.seen_s += part.seen_s
    whole.moods = [one + other for one, other in zip(whole.moods, part.moods, strict=True)]
    whole.valence_s += part.valence_s
    whole.arousal_s += part.arousal_s
    whole.people = max(whole.people, part.people)


def _figures(minute: Minute) -> dict[str, Any]:
    read_s = minute.read_s
    return {
        "seen_s": round(minute.seen_s, 1),
        "moods": {emotion.value: round(s, 1) for emotion, s in zip(Emotion, minute.moods, strict=True) if s > 0},
        "valence": round(minute.valence_s / read_s, 3) if read_s > 0 else None,
        "arousal": round(minute.arousal_s / read_s, 3) if read_s > 0 else None,
        "people": minute.people,
    }
