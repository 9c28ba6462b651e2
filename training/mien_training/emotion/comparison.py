"""Trainings side by side: everything that is measured of each, on the same faces."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mien_models.errors import ConfigError, DataError, ModelError
from mien_models.labels import LABEL_SETS, Head
from mien_models.manifest import load_manifest
from mien_models.validation import Strict
from mien_training import runs
from mien_training.emotion.config import TrainConfig
from mien_training.emotion.cost import Int8Cost, int8_cost, multiply_adds
from mien_training.emotion.datasets import NO_LABEL, Faces, Usage, split
from mien_training.emotion.evaluate import Asked, Evaluation, ask, judge
from mien_training.emotion.metrics import Bin, reliability
from mien_training.emotion.networks import Architecture, find_architecture
from mien_training.emotion.predictors import keras_predictor, load_network

log = logging.getLogger(__name__)

_FIELDS = {"epoch", "loss", "validation", "seconds"}
SEEN_FACES = 3000
"""Training faces that a model is asked about once more, the same ones for every model."""


class Judged(Evaluation):
    """The scores by one label set, with the diagram behind the calibration error."""

    reliability: list[Bin]


@dataclass(frozen=True)
class _Subject:
    """A finished run before it is measured."""

    name: str
    directory: Path
    config: TrainConfig
    history: list[dict[str, Any]]
    architecture: Architecture
    converted: Path | None
    """The int8 model directory that is named like it, where there is one."""


class RunReport(Strict):
    """One training as it is compared."""

    run: str
    """Name of the run directory."""
    config: TrainConfig
    epochs_trained: int
    stopped_early: bool
    cut_short_of: int | None
    """The epochs that the architecture's own recipe asks for, where a training from nothing was told to end sooner."""
    seconds_per_epoch: float
    """Median, on the machine that it was trained on."""
    unseen: dict[Head, Judged]
    """Scores on faces that it was not trained on, by the labels that count as the truth."""
    seen_n: int
    seen_accuracy: float
    """Accuracy on faces that it was trained on, as they are, by the same labels as `unseen`'s first."""
    parameters: int
    multiply_adds: int
    int8: Int8Cost | None
    """None where no converted model was given."""


def compare(
    directories: list[Path], faces: Faces, data: Path, usage: Usage, int8: Path | None, limit: int | None = None
) -> list[RunReport]:
    """Measure each run on the rows of `usage`, and on a sample of the rows that it was trained on.

    Args:
        directories: finished runs, of different names.
        faces: the data set that they were trained on.
        data: its path.
        usage: the rows to judge on.
        int8: a folder with model directories that are named like the runs; those that are not there are left out.
        limit: the first rows of each split, to try things out.

    Raises:
        ConfigError: a directory is no run, or one of another version, or two have the same name.
        DataError: a run was trained on other faces or its history is damaged, or there are no faces of `usage`.
        ModelError: a run has no network yet, or it cannot be loaded, or its converted model is damaged.

    """
    names = [directory.resolve().name for directory in directories]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{twice[0]}: two runs have this name; rename one, the report calls them by it")
    # All are read before any is measured, which takes minutes.
    subjects = [_read(directory, faces, data, int8) for directory in directories]
    unseen = split(faces, usage, data, limit)
    reports = []
    for subject in subjects:
        log.info("%s", subject.directory)
        learned = split(faces, Usage.TRAINING, data, subject.config.limit)
        seen = sample_of_seen(learned, min(limit or SEEN_FACES, SEEN_FACES))
        reports.append(_measure(subject, unseen, seen, data, usage))
    return reports


def read_history(directory: Path, epochs: int) -> list[dict[str, Any]]:
    """What became of the epochs of a run that was to have so many, 0 if it is a mean of others and was not trained further.

    Raises:
        DataError: the file is missing or damaged.

    """
    path = directory / runs.HISTORY
    try:
        history: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); copy the whole run directory again") from error
    is_list = isinstance(history, list) and all(isinstance(record, dict) for record in history)
    if not is_list or (epochs and not history) or any(_FIELDS - record.keys() for record in history):
        raise DataError(f"{path}: not the epochs of a training; copy the whole run directory again")
    return list(history)


def sample_of_seen(training: Faces, count: int) -> Faces:
    """`count` labelled training faces, drawn once for all: always the same of the same data set."""
    labelled = np.flatnonzero((training.fer != NO_LABEL) | (training.ferplus != NO_LABEL))
    return training.take(np.sort(np.random.default_rng(0).permutation(labelled)[:count]))


def _read(directory: Path, faces: Faces, data: Path, int8: Path | None) -> _Subject:
    """See that it can be measured, as far as that is told without its network."""
    config = runs.load_config(directory, TrainConfig)
    if not (directory / runs.MODEL).is_file():
        raise ModelError(f"{directory}: no {runs.MODEL} there; finish the training by giving its command again")
    _check_split(directory, split(faces, Usage.PUBLIC_TEST, data, config.limit), data)
    history, architecture = read_history(directory, config.epochs), find_architecture(config.arch)
    name = directory.resolve().name
    converted = int8 / name if int8 and (int8 / name).is_dir() else None
    if converted:
        load_manifest(converted)
    return _Subject(name, directory, config, history, architecture, converted)


def _check_split(directory: Path, validation: Faces, data: Path) -> None:
    """Make sure that what counts as unseen was not trained on: `validation` must be the faces that the run held back."""
    remedy = f"delete {runs.MODEL} and give the training's command again, which writes both anew"
    held_back = runs.read_arrays(directory / runs.HOLDOUT, remedy).get("faces")
    # Negatives, if there were any, lie behind the faces.
    if held_back is None or not np.array_equal(held_back[: len(validation)], validation.pixels):
        raise DataError(
            f"{directory}: held back other faces than {data} has for validation; give the data set that it was trained on"
        )


def _measure(subject: _Subject, unseen: Faces, seen: Faces, data: Path, usage: Usage) -> RunReport:
    name, config, history = subject.name, subject.config, subject.history
    network = load_network(subject.directory / runs.MODEL)
    predict = keras_predictor(network)
    judged = _judge(ask(predict, unseen.pixels, model=name, moved=True), config.heads, unseen, data, usage)
    seen_scores = _judge(ask(predict, seen.pixels, model=name), config.heads, seen, data, Usage.TRAINING)
    truth = next(iter(judged))
    own = subject.architecture.recipe.epochs
    return RunReport(
        run=name,
        config=config,
        epochs_trained=len(history),
        stopped_early=len(history) < config.epochs,
        cut_short_of=own if not config.warm_start and config.epochs < own else None,
        seconds_per_epoch=float(np.median([record["seconds"] for record in history])) if history else 0.0,
        unseen=judged,
        seen_n=seen_scores[truth].n,
        seen_accuracy=seen_scores[truth].accuracy,
        parameters=network.count_params(),
        multiply_adds=multiply_adds(network),
        int8=int8_cost(subject.converted, unseen.pixels) if subject.converted else None,
    )


def _judge(asked: Asked, heads: tuple[Head, ...], faces: Faces, data: Path, usage: Usage) -> dict[Head, Judged]:
    """Scores by each label set that the faces have and the model answers in; FER2013's own labels come first."""
    result = {}
    for truth in LABEL_SETS:
        if (faces.labels(truth) != NO_LABEL).any() and (truth is Head.FER or truth in heads):
            scores, probabilities = judge(asked, faces, truth, data=data, usage=usage)
            bins = reliability(probabilities, faces.labels(truth))
            result[truth] = Judged(**scores.model_dump(), reliability=bins)
    return result
