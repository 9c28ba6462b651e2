"""The mood classifiers side by side on the same folds, song by song and artist by artist."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from mien_models.errors import DataError
from mien_models.validation import Strict
from mien_training import runs
from mien_training.emotion.metrics import Bin, Scores, reliability, score
from mien_training.songs.moods import dense, ensemble
from mien_training.songs.moods.dense import Task
from mien_training.songs.moods.songs import Songs

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float32]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""The songs to learn from and the songs to ask."""


class MoodConfig(Strict):
    """Settings of a comparison; kept with it, so that it can be gone on with."""

    format: int = runs.FORMAT
    data: str
    fingerprint: str
    moods: tuple[str, ...]
    seeds: int
    """Repetitions: each has its own first weights and its own folds."""
    folds: int
    epochs: int
    seed: int


class Folds(Strict):
    """What a model comes to on one kind of folds."""

    accuracy: list[list[float]]
    """A row an initial seed, in it a figure a fold."""
    by_seed: list[float]
    """Share of all songs that were answered rightly, by initial seed."""
    median: float
    mean: float
    lowest: float
    highest: float
    """All four over `by_seed`."""
    fold_sd: float
    """Standard deviation over all folds of all seeds."""
    scores: Scores
    """Over the answers of all seeds together."""
    reliability: list[Bin]


class MoodModel(Strict):
    """One model, judged."""

    name: str
    about: str
    songs: Folds
    """Folds of songs."""
    artists: Folds
    """Folds of artists: nobody's songs are on both sides."""


class MoodReport(Strict):
    """The whole comparison."""

    config: MoodConfig
    counts: dict[str, int]
    """Songs by mood."""
    artists: int
    models: list[MoodModel]


Answer = Callable[[list[Task]], list[Array]]


def compare(songs: Songs, config: MoodConfig, out: Path) -> MoodReport:
    """Judge every model that `out` does not hold yet, then return all.

    Raises:
        ConfigError: `out` holds a comparison with other settings.
        DataError: a file in it is damaged or cannot be written.

    """
    runs.claim(out, config)
    models = []
    for name, (about, answer) in _models(config, len(songs.moods)).items():
        path = out / f"{name}.json"
        if not path.exists():
            log.info("%s: %d initial seeds × %d folds, by song and by artist", name, config.seeds, config.folds)
            by = {grouped: _judge(songs, config, answer, grouped=grouped) for grouped in (False, True)}
            judged = MoodModel(name=name, about=about, songs=by[False], artists=by[True])
            runs.write_json(path, judged.model_dump(mode="json"))
        models.append(_read(path))
    return MoodReport(config=config, counts=songs.counts(), artists=len(np.unique(songs.artists)), models=models)


def _models(config: MoodConfig, classes: int) -> dict[str, tuple[str, Answer]]:
    def dense_answers(recipe: dense.Recipe) -> Answer:
        return lambda tasks: dense.answers(replace(recipe, epochs=config.epochs), tasks, classes)

    return {
        "majority": ("always the most frequent mood", lambda tasks: [_majority(task, classes) for task in tasks]),
        "seed": (
            "the earlier system: features to 0…1, Dense 8 ReLU, softmax, Adam 1e-3, batch 200",
            dense_answers(dense.SEED),
        ),
        "mended": (
            "the same network: features to normal quantiles, Adam 1e-2 falling along a cosine, L2 2e-3",
            dense_answers(dense.MENDED),
        ),
        "ensemble": (
            "logistic regression, gradient boosting and extra trees averaged, sharpened by a temperature",
            ensemble.answers,
        ),
    }


def _majority(task: Task, classes: int) -> Array:
    shares = np.bincount(task.labels, minlength=classes) / len(task.labels)
    return np.tile(shares, (len(task.asked), 1)).astype(np.float32)


def _judge(songs: Songs, config: MoodConfig, answer: Answer, *, grouped: bool) -> Folds:
    folds = [make_folds(songs, config.folds, config.seed + number, grouped=grouped) for number in range(config.seeds)]
    tasks = [
        Task(songs.features[known], songs.labels[known], songs.features[asked], (config.seed + number, fold))
        for number, parts in enumerate(folds)
        for fold, (known, asked) in enumerate(parts)
    ]
    answered = iter(answer(tasks))
    tables, accuracy = [], []
    for parts in folds:
        table = np.zeros((len(songs), len(songs.moods)), np.float32)
        for _, asked in parts:
            table[asked] = next(answered)
        if answer is ensemble.answers:
            table = _calibrated(table, songs.labels, parts)
        right = table.argmax(axis=1) == songs.labels
        accuracy.append([float(right[asked].mean()) for _, asked in parts])
        tables.append(table)
    everything, truth = np.concatenate(tables), np.tile(songs.labels, config.seeds)
    by_seed = [float((table.argmax(axis=1) == songs.labels).mean()) for table in tables]
    return Folds(
        accuracy=accuracy,
        by_seed=by_seed,
        median=float(np.median(by_seed)),
        mean=float(np.mean(by_seed)),
        lowest=min(by_seed),
        highest=max(by_seed),
        fold_sd=float(np.std(accuracy)),
        scores=score(everything, truth, songs.moods),
        reliability=reliability(everything, truth),
    )


def make_folds(songs: Songs, count: int, seed: int, *, grouped: bool) -> list[Fold]:
    """Folds with about as much of each mood in all of them; `grouped` keeps an artist's songs together."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a mood with fewer songs than folds: `check_folds` has seen to it
        return list(kind(count, shuffle=True, random_state=seed).split(songs.features, songs.labels, songs.artists))


def _calibrated(table: Array, labels: npt.NDArray[np.int64], folds: list[Fold]) -> Array:
    """Each fold's answers sharpened by the temperature that fits the answers on all the other folds (Guo et al. 2017)."""
    from mien_training.emotion.calibration import fit

    result = np.empty_like(table)
    for known, asked in folds:
        result[asked] = fit(table[known], labels[known], offsets=False).apply(table[asked])
    return result


def _read(path: Path) -> MoodModel:
    try:
        return MoodModel.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{path}: damaged ({str(error).splitlines()[0]}); delete it and give the command again"
        ) from error
