"""DEAM: what the same learner makes of another laboratory's features and songs (Aljanaki, Yang, Soleymani 2017)."""

from __future__ import annotations

import csv
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_training.music.fit import fit
from mien_training.music.validation import Scores, score

_TABLE = "deam_features_74.csv.xz"
_LABELS = ("valence_mean", "valence_std", "arousal_mean", "arousal_std")
_MIDDLE, _HALF = 5.0, 4.0
"""Listeners answered from 1 to 9."""
WAYS = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of DEAM."""

    features: npt.NDArray[np.float64]
    """(songs, 74), means and deviations of openSMILE's descriptors."""
    places: npt.NDArray[np.float64]
    """Valence and arousal, (songs, 2), -1…1."""
    numbers: npt.NDArray[np.int64]


def read_deam(folder: Path) -> tuple[Table, Table]:
    """Training and validation rows of a folder with the table of features, `train.txt` and `validation.txt`.

    Raises:
        DataError: something is missing or malformed.

    """
    path = folder / _TABLE
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = [name for name in rows[0] if name not in {"track_id", *_LABELS}]
        numbers = np.array([int(row["track_id"]) for row in rows])
        features = np.array([[float(row[name]) for name in names] for row in rows])
        places = np.array([[float(row["valence_mean"]), float(row["arousal_mean"])] for row in rows])
        splits = [np.loadtxt(folder / f"{split}.txt", dtype=int) for split in ("train", "validation")]
    except (OSError, EOFError, lzma.LZMAError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder}: cannot be read as DEAM ({error}); give a folder with {_TABLE} and its splits"
        ) from error
    whole = Table(features=features, places=(places - _MIDDLE) / _HALF, numbers=numbers)
    training, validation = (_take(whole, np.isin(numbers, split)) for split in splits)
    return training, validation


def measure_dealt(training: Table, validation: Table, ways: int = WAYS) -> tuple[Scores, ...]:
    """The same with all these songs dealt out anew, as many to either side: how much hangs on which songs one is judged by."""
    everything = Table(
        features=np.concatenate([training.features, validation.features]),
        places=np.concatenate([training.places, validation.places]),
        numbers=np.concatenate([training.numbers, validation.numbers]),
    )
    scores = []
    for seed in range(ways):
        judged = np.zeros(len(everything.numbers), dtype=np.bool_)
        judged[np.random.default_rng(seed).permutation(len(judged))[: len(validation.numbers)]] = True
        scores.append(measure(_take(everything, ~judged), _take(everything, judged)))
    return tuple(scores)


def measure(training: Table, validation: Table) -> Scores:
    """Learn from the training rows, judge on the validation rows. The table names no artists: each song counts as its own."""
    weight = np.full(training.features.shape[1], training.features.shape[1] ** -0.5)
    model = fit(training.features[:, np.newaxis], training.places, training.numbers.astype(str), weight)
    places, deviations = model.predict(validation.features[:, np.newaxis])
    genres = np.full(len(validation.numbers), "all")
    return score(validation.places, places, deviations, training.places.mean(axis=0), genres)


def _take(table: Table, rows: npt.NDArray[np.bool_]) -> Table:
    return Table(features=table.features[rows], places=table.places[rows], numbers=table.numbers[rows])
