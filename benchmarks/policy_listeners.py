"""Listeners made of Emotify's rows: what a person who is in such a mood says of each song.

Emotify (Aljanaki, Wiering and Veltkamp 2016) does not number its listeners; people of one age, gender and mother tongue are
taken for one. Nobody heard all songs, so a simulated listener answers with their own row where there is one, and elsewhere
with the row of somebody else who heard that very song in a mood near theirs, the same one each time. No liking is made up.
What a listener's own taste would add where rows of others stand in, likings of like things by like people, is lost: there is
less to learn here than at home.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_training.music.gems import PLACES

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

MOODS = range(1, 6)
"""Before listening, worst to best."""
FEWEST_SONGS = 10
MOOD_REACH = 0.7
"""A row that was given in a mood so many degrees away weighs 1/e."""
SPREAD = 0.35
"""Standard deviation of the songs' valence and arousal, as they are scaled here."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The listenings, and the songs that they are of."""

    track: Numbers
    """(n,): number of the song."""
    mood: Numbers
    liking: Numbers
    """(n,): 1 liked, 0 neither or both, -1 disliked."""
    felt: Floats
    """(n, 2): valence and arousal of what was felt."""
    name: npt.NDArray[np.str_]
    """(n,): of the person."""
    titles: tuple[str, ...]
    artists: tuple[str, ...]
    true: Floats
    """(songs, 2): valence and arousal as all who heard a song felt it on average; no policy sees it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated listener."""

    name: str
    moods: tuple[int, ...]
    """Those of the person's own rows."""
    answers: Numbers
    """(5, songs): the number of the row that is the answer to a song in each mood."""


def read_rows(folder: Path) -> Rows:
    """Emotify's `annotations.csv` and `tracks.csv` in `folder`."""
    with (folder / "tracks.csv").open(encoding="utf-8", newline="") as file:
        tracks = {row["track_id"]: row for row in csv.DictReader(file)}
    with (folder / "annotations.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["track id"] in tracks]
    heard, track = np.unique([row["track id"] for row in rows], return_inverse=True)
    places = np.array([[float(row[word]) for word in PLACES] for row in rows]) @ np.array(list(PLACES.values()))
    means = np.stack([places[track == number].mean(axis=0) for number in range(len(heard))])
    middle, scale = means.mean(axis=0), SPREAD / means.std(axis=0)
    return Rows(
        track=track,
        mood=np.array([int(row["mood"]) for row in rows]),
        liking=np.array([int(row["liked"]) - int(row["disliked"]) for row in rows]),
        felt=(places - middle) * scale,
        name=np.array(["/".join((row["age"], row["gender"], row["mother tongue"])) for row in rows]),
        titles=tuple(tracks[number]["title"] for number in heard),
        artists=tuple(tracks[number]["artist"] for number in heard),
        true=(means - middle) * scale,
    )


def make_people(rows: Rows, *, seed: int, half: int, fewest: int = FEWEST_SONGS) -> list[Person]:
    """Those of every second person who heard at least `fewest` songs; rows of the other half are not touched."""
    names, count = np.unique(rows.name, return_counts=True)
    half_of = {str(name): number % 2 for number, name in enumerate(np.random.default_rng(seed).permutation(names))}
    mine = np.flatnonzero([half_of[str(name)] == half for name in rows.name])
    by_track = defaultdict(list)
    for number in mine:
        by_track[int(rows.track[number])].append(int(number))
    wanted = [str(name) for name, heard in zip(names, count, strict=True) if heard >= fewest and half_of[name] == half]
    return [_person(rows, name, by_track, np.random.default_rng([seed, n])) for n, name in enumerate(wanted)]


def _person(rows: Rows, name: str, by_track: dict[int, list[int]], rng: np.random.Generator) -> Person:
    answers = np.zeros((len(MOODS), len(rows.titles)), np.int64)
    for track in range(len(rows.titles)):
        numbers = np.array(by_track[track])
        own = numbers[rows.name[numbers] == name]
        numbers = own if len(own) else numbers
        # From the worst to the best answer, and the same way along them in every mood: a taste that moods only shift.
        numbers = numbers[np.lexsort((rng.random(len(numbers)), rows.liking[numbers]))]
        way = rng.random()
        for mood in MOODS:
            weight = np.exp(-np.abs(rows.mood[numbers] - mood) / MOOD_REACH).cumsum()
            answers[mood - 1, track] = numbers[np.searchsorted(weight, way * weight[-1])]
    return Person(name, tuple(int(mood) for mood in rows.mood[rows.name == name]), answers)
