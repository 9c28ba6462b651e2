"""A table of songs: ten numbers each, as Spotify once gave them, an artist, and a mood."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError, DataError
from mien_training.songs.tables import read_rows

FEATURES = (
    "length",
    "danceability",
    "acousticness",
    "energy",
    "instrumentalness",
    "liveness",
    "valence",
    "loudness",
    "speechiness",
    "tempo",
)
"""What the mood is read from."""


@dataclass(frozen=True, eq=False)
class Songs:
    """The table in arrays, a row a song."""

    features: npt.NDArray[np.float64]
    """(n, 10), in the order and the units of the table."""
    labels: npt.NDArray[np.int64]
    """(n,), a position in `moods`."""
    artists: npt.NDArray[np.int64]
    """(n,), a number an artist."""
    moods: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> dict[str, int]:
        """How many songs have each mood."""
        return {mood: int((self.labels == number).sum()) for number, mood in enumerate(self.moods)}

    def fingerprint(self) -> str:
        """A hash of the whole table, to tell data sets apart."""
        digest = hashlib.sha256("\n".join(self.moods).encode())
        for array in (self.features, self.labels, self.artists):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def read_songs(path: Path, moods: tuple[str, ...] = ()) -> Songs:
    """The songs of a CSV file that have one of these moods; of all moods in it, in alphabetical order, without any given.

    Raises:
        ConfigError: a mood is given that no song has, or given twice.
        DataError: the file cannot be read, lacks a column or a number, or has songs of one mood only.

    """
    rows = read_rows(path, (*FEATURES, "artist", "mood"))
    found = Counter(row.text("mood") for row in rows)
    if unknown := [mood for mood in moods if mood not in found]:
        raise ConfigError(f"--moods: no song in {path} is '{unknown[0]}'; its moods are {', '.join(sorted(found))}")
    if twice := [mood for mood, times in Counter(moods).items() if times > 1]:
        raise ConfigError(f"--moods: '{twice[0]}' is given twice; name each mood once")
    wanted = moods or tuple(sorted(found))
    if len(wanted) < 2:
        raise DataError(f"{path}: all songs are '{wanted[0]}' in column 'mood'; there must be two moods at least")
    rows = [row for row in rows if row.text("mood") in wanted]
    artists = sorted({row.text("artist") for row in rows})
    return Songs(
        features=np.array([[row.number(name) for name in FEATURES] for row in rows]),
        labels=np.array([wanted.index(row.text("mood")) for row in rows]),
        artists=np.searchsorted(artists, [row.text("artist") for row in rows]),
        moods=wanted,
    )


def check_folds(songs: Songs, folds: int, path: Path) -> None:
    """Make sure that every part of a k-fold split can hold each mood, grouped by artist or not.

    Raises:
        ConfigError: it cannot.

    """
    for number, mood in enumerate(songs.moods):
        inside = songs.labels == number
        artists = len(np.unique(songs.artists[inside]))
        if artists < folds:
            raise ConfigError(
                f"--folds {folds}: {path} has {int(inside.sum())} songs by {artists} artists for '{mood}'; give fewer folds"
            )
