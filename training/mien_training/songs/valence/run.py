"""The whole of `mien-train valence`: search on one split, then judge over many."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from mien_models.errors import DataError
from mien_models.validation import Strict
from mien_training import runs
from mien_training.songs.valence import judge
from mien_training.songs.valence.clips import Clips
from mien_training.songs.valence.judge import FOLDS, MEAN, Judged
from mien_training.songs.valence.network import Trainer
from mien_training.songs.valence.search import Trial, search
from mien_training.songs.valence.splits import by_clip

log = logging.getLogger(__name__)

_JUDGED = "judged.json"
FEWEST = 40
"""Clips. With fewer, one in twenty is a clip or two, and no figure says anything."""


class ValenceConfig(Strict):
    """Settings of a run; kept with it, so that it can be gone on with."""

    format: int = runs.FORMAT
    data: str
    fingerprint: str
    trials: int
    epochs: int
    splits: int
    seed: int


class ValenceReport(Strict):
    """All that came of it."""

    config: ValenceConfig
    clips: int
    artists: int
    label_mean: float
    label_sd: float
    validation_clips: int
    """Of the search's one split."""
    baseline_mse: float
    """Of the mean predictor on these."""
    trials: list[Trial]
    best: int
    """Number of the trial with the least error."""
    worst: int
    """Number of the trial that an optimiser told to maximise would have picked."""
    judged_clips: int
    """All but those that the settings were chosen on."""
    judged: list[Judged]


class _Kept(Strict):
    best: int
    worst: int
    judged: list[Judged]


def check(clips: Clips, folder: Path) -> None:
    """Make sure that something can be learned and asked.

    Raises:
        DataError: too few clips or artists, or all have the same valence.

    """
    if len(clips) < FEWEST:
        raise DataError(f"{folder}: {len(clips)} labelled clips; give {FEWEST} at least")
    if (artists := len(np.unique(clips.artists))) < 2 * FOLDS:
        raise DataError(f"{folder}: clips of {artists} artists; give {2 * FOLDS} at least, or leave the artists out")
    if np.ptp(clips.valence) == 0:
        raise DataError(f"{folder}: all clips have valence {clips.valence[0]:g}; there is nothing to learn")


def run(clips: Clips, config: ValenceConfig, out: Path) -> ValenceReport:
    """Search, judge, and return everything; what `out` holds already is not done again.

    Raises:
        ConfigError: `out` holds a run with other settings.
        DataError: a file in it is damaged or cannot be written.
        OutcomeError: no training came to its end.

    """
    runs.claim(out, config)
    known, asked = by_clip(len(clips), config.seed)
    trials = search(clips, known, asked, out, config.trials, config.epochs, config.seed)
    best, worst = (choose(trials, key=lambda trial: trial.mse) for choose in (min, max))
    rest = clips.take(known)
    return ValenceReport(
        config=config,
        clips=len(clips),
        artists=len(np.unique(clips.artists)),
        label_mean=float(clips.valence.mean()),
        label_sd=float(clips.valence.std()),
        validation_clips=len(asked),
        baseline_mse=float(np.mean((clips.valence[known].mean() - clips.valence[asked]) ** 2)),
        trials=trials,
        best=best.number,
        worst=worst.number,
        judged_clips=len(rest),
        judged=_judge(rest, config, best, worst, out / _JUDGED),
    )


def _judge(clips: Clips, config: ValenceConfig, best: Trial, worst: Trial, path: Path) -> list[Judged]:
    done: list[Judged] = []
    if path.exists():
        kept = _read(path)
        if (kept.best, kept.worst) == (best.number, worst.number):
            done = kept.judged

    def keep(judged: list[Judged]) -> None:
        runs.write_json(path, _Kept(best=best.number, worst=worst.number, judged=judged).model_dump(mode="json"))

    trainer = Trainer(config.seed)
    models = {
        MEAN: judge.mean_predictor(),
        "network, best row": judge.network(trainer, best.settings, config.epochs),
        "network, worst row": judge.network(trainer, worst.settings, config.epochs),
        "support vectors": judge.support_vectors(),
    }
    log.info("judging on %d clips", len(clips))
    return judge.judge(clips, models, config.splits, config.seed, done, keep)


def _read(path: Path) -> _Kept:
    try:
        return _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{path}: damaged ({str(error).splitlines()[0]}); delete it and give the command again"
        ) from error
