"""Emotify: songs, and what listeners felt at them (Aljanaki, Wiering, Veltkamp 2016)."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_training.music.gems import PLACES, place

_TRACKS, _ANNOTATIONS, _AUDIO = "tracks.csv", "annotations.csv", "audio"


@dataclass(frozen=True, slots=True)
class Songs:
    """Songs with labels, in the order of their numbers."""

    paths: tuple[Path, ...]
    artists: npt.NDArray[np.str_]
    genres: npt.NDArray[np.str_]
    places: npt.NDArray[np.float64]
    """Valence and arousal, (songs, 2), -1…1."""
    votes: tuple[npt.NDArray[np.float64], ...]
    """What each listener of each song felt, (listeners, 9), 0 or 1."""

    def __len__(self) -> int:
        return len(self.paths)


def read_emotify(folder: Path) -> Songs:
    """The songs of a folder with `audio/`, `tracks.csv` and `annotations.csv` that have a file, a row and listeners.

    Raises:
        DataError: something is missing or malformed.

    """
    tracks = {
        _number(row, "track_id", folder / _TRACKS): row
        for row in _rows(folder / _TRACKS, "track_id", "artist", "genre")
    }
    votes: dict[int, list[list[int]]] = defaultdict(list)
    annotations = folder / _ANNOTATIONS
    for row in _rows(annotations, "track id", *PLACES):
        votes[_number(row, "track id", annotations)].append([_number(row, emotion, annotations) for emotion in PLACES])
    files = {path.stem: path for path in sorted((folder / _AUDIO).glob("*")) if path.is_file()}
    numbers = [number for number in sorted(tracks) if f"{number:03d}" in files and number in votes]
    if not numbers:
        raise DataError(f"{folder}: no song has a file in {_AUDIO}, a row in {_TRACKS} and listeners in {_ANNOTATIONS}")
    felt = tuple(np.array(votes[number], np.float64) for number in numbers)
    return Songs(
        paths=tuple(files[f"{number:03d}"] for number in numbers),
        artists=np.array([tracks[number]["artist"] for number in numbers]),
        genres=np.array([tracks[number]["genre"] for number in numbers]),
        places=np.stack([place(listeners.sum(axis=0)) for listeners in felt]),
        votes=felt,
    )


def agreement(songs: Songs, rounds: int = 50) -> tuple[float, float]:
    """How well listeners agree on valence and on arousal: the most that any model could explain.

    Correlation of the places by two random halves of each song's listeners, stepped up to all of them (Spearman 1910, Brown 1910).
    """
    random = np.random.default_rng(0)
    found = np.mean([_split_half(songs, random) for _ in range(rounds)], axis=0)
    valence, arousal = 2 * found / (1 + found)
    return float(valence), float(arousal)


def _split_half(songs: Songs, random: np.random.Generator) -> npt.NDArray[np.float64]:
    halves = np.empty((2, len(songs), 2))
    for row, votes in enumerate(songs.votes):
        mixed = random.permutation(votes)
        for half in (0, 1):
            halves[half, row] = place(mixed[half::2].sum(axis=0))
    return np.array([np.corrcoef(halves[0, :, axis], halves[1, :, axis])[0, 1] for axis in (0, 1)])


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise DataError(f"{path}: no column {', '.join(missing)}; give a folder laid out like Emotify")
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _number(row: dict[str, str], column: str, path: Path) -> int:
    try:
        return int(row[column])
    except (TypeError, ValueError):
        raise DataError(f"{path}: {row[column]!r} in column '{column}' is no number") from None
