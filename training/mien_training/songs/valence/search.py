"""Bayesian optimisation of learning rate and batch size (Optuna), the right way round: the error is minimised."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.storages.journal import JournalFileBackend

from mien_models.errors import OutcomeError
from mien_models.validation import Strict
from mien_training.songs.valence.clips import Clips
from mien_training.songs.valence.network import Epoch, Settings, Trainer

log = logging.getLogger(__name__)

JOURNAL = "journal.log"
RANDOM_STARTS = 2
LEARNING_RATES = (1e-4, 5e-3)
BATCHES = (16, 128)
_NAME = "valence"
_COMPLETE = (optuna.trial.TrialState.COMPLETE,)
_ENDED = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.FAIL)


class Trial(Strict):
    """One row of the search's table."""

    number: int
    settings: Settings
    mse: float
    """On the validation clips, after the last epoch."""
    training_mse: float
    """On the training clips, without dropout."""
    history: list[Epoch]


def search(
    clips: Clips,
    known: npt.NDArray[np.int64],
    asked: npt.NDArray[np.int64],
    out: Path,
    trials: int,
    epochs: int,
    seed: int,
) -> list[Trial]:
    """Train until `trials` trainings are done, those of other processes on the same folder `out` included; returns them.

    Args:
        clips: all clips.
        known: (n,) rows to learn from.
        asked: (m,) rows whose mean squared error is to be small.
        out: holds the journal, which several processes may write to.
        trials: the first two are random, each later one is where the earlier ones make the least error probable.
        epochs: of each training.
        seed: of the proposals and the trainings.

    Raises:
        OutcomeError: no training came to its end.

    """
    study, trainer = _open(out), Trainer(seed)
    while len(study.get_trials(deepcopy=False, states=_ENDED)) < trials:
        trial = study.ask()
        # A number of its own for each trial: processes that begin together do not propose the same, one alone repeats itself.
        study.sampler = optuna.samplers.TPESampler(
            seed=seed + 7919 * trial.number, n_startup_trials=RANDOM_STARTS, constant_liar=True
        )
        settings = Settings(
            learning_rate=trial.suggest_float("learning_rate", *LEARNING_RATES, log=True),
            batch=trial.suggest_int("batch", *BATCHES),
        )
        try:
            fitted = trainer.fit(
                clips.patches[known],
                clips.valence[known],
                clips.patches[asked],
                clips.valence[asked],
                settings,
                epochs,
            )
        except OutcomeError as error:
            log.info("%s", error)
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        trial.set_user_attr("training_mse", fitted.training_mse)
        trial.set_user_attr("history", [epoch.model_dump() for epoch in fitted.history])
        mse = float(np.mean((fitted.answers - clips.valence[asked]) ** 2))
        study.tell(trial, mse)
        log.info(
            "training %d: learning rate %.2g, batch %d: MSE %.4f", trial.number, *settings.model_dump().values(), mse
        )
    found = [_trial(trial) for trial in study.get_trials(deepcopy=False, states=_COMPLETE)]
    if not found:
        raise OutcomeError(f"{out}: no training came to its end; give --trials a larger number")
    return found[:trials]


def _open(out: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(out / JOURNAL)))
    return optuna.create_study(study_name=_NAME, storage=storage, load_if_exists=True, direction="minimize")


def _trial(trial: optuna.trial.FrozenTrial) -> Trial:
    attributes: dict[str, Any] = trial.user_attrs
    return Trial(
        number=trial.number,
        settings=Settings(**trial.params),
        mse=trial.value or 0.0,
        training_mse=attributes["training_mse"],
        history=[Epoch(**epoch) for epoch in attributes["history"]],
    )
