"""Looking for a better recipe: many short trainings, each told by the earlier ones what to try (Optuna)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from mien_models.errors import ConfigError, DataError, OutcomeError
from mien_models.labels import LABEL_SETS
from mien_training import runs
from mien_training.checkpoint import History
from mien_training.emotion.config import TrainConfig
from mien_training.emotion.datasets import Faces
from mien_training.emotion.train import fit

log = logging.getLogger(__name__)

JOURNAL = "journal.log"
BEST = "best.json"
_NAME = "search"
_FIXED = "settings"
_STATES = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
Suggested = dict[str, Any]


def suggest(trial: optuna.Trial) -> Suggested:
    """Settings of `Recipe` to try next. The ranges reach an octave or two beyond what is usual for small networks."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-3, 0.3, log=True),
        "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.3),
        "batch": trial.suggest_categorical("batch", [64, 128, 256]),
        "average": trial.suggest_categorical("average", [0.99, 0.998, 0.9995]),
        "mixup": trial.suggest_categorical("mixup", [True, False]),
    }


def search(
    base: TrainConfig,
    training: Faces,
    validation: Faces,
    out: Path,
    trials: int,
    suggest: Callable[[optuna.Trial], Suggested] = suggest,
) -> optuna.Study:
    """Train until `trials` trainings are done, those of other hosts on the same folder `out` included; returns the study.

    A training that is worse than half of the earlier ones after as many epochs is given up. Each has a run directory of its
    own below `out`; `best.json` holds the settings of the best one so far.

    Raises:
        ConfigError: `out` holds a search with other data or other settings.
        DataError: its journal is damaged.
        OutcomeError: no training came to its end.

    """
    study = _open(out, base)

    def objective(trial: optuna.Trial) -> float:
        keras.backend.clear_session(free_memory=True)
        config = TrainConfig.model_validate(base.model_dump() | suggest(trial))
        run = out / "trials" / f"{trial.number:04}"
        runs.claim(run, config)

        def report(history: History) -> None:
            trial.report(accuracy(history), len(history))
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            with runs.alone(run):
                _, progress = fit(config, training, validation, run, after_epoch=report)
        except OutcomeError as error:  # a rate at which the loss is no number any more
            log.info("%s", error)
            raise optuna.TrialPruned from None
        return accuracy(progress.history)

    def done(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        value = f"{100 * trial.value:.2f} %" if trial.value is not None else "no figure"
        log.info("training %d: %s (%s)", trial.number, value, trial.state.name.lower())
        if best := _best(study):
            runs.write_json(out / BEST, best.params)
        if len(study.get_trials(deepcopy=False, states=_STATES)) >= trials:
            study.stop()

    if len(study.get_trials(deepcopy=False, states=_STATES)) < trials:
        study.optimize(objective, callbacks=[done])
    if _best(study) is None:
        raise OutcomeError(f"{out}: no training came to its end; give --trials a larger number")
    return study


def accuracy(history: History) -> float:
    """What is looked for: the mean over the label sets of the last epoch's accuracy, of the weights or their average."""
    last = history[-1]["validation"]
    return float(np.mean([max(last[head], last.get(f"{head} averaged", 0.0)) for head in LABEL_SETS if head in last]))


def _open(out: Path, base: TrainConfig) -> optuna.Study:
    """The study in `out`: a journal that many processes may write to, over a network drive as well."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with runs.beginning(out, JOURNAL, "search"):
        return _open_journal(out, base)


def _open_journal(out: Path, base: TrainConfig) -> optuna.Study:
    journal = out / JOURNAL
    _cut_off_half_a_line(journal)
    try:
        study = optuna.create_study(
            study_name=_NAME,
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(journal))),
            load_if_exists=True,
            direction="maximize",
            # Hosts that search together must not all try what looks best to each of them.
            sampler=optuna.samplers.TPESampler(constant_liar=True),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
        )
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise DataError(f"{journal}: damaged ({error}); give --out a new directory") from error
    settings = base.model_dump(mode="json")
    earlier = study.user_attrs.get(_FIXED)
    if earlier is None:
        study.set_user_attr(_FIXED, settings)
    elif differing := [name for name in settings if earlier.get(name) != settings[name]]:
        changes = "; ".join(f"'{name}' was {earlier.get(name)}, now {settings[name]}" for name in differing)
        raise ConfigError(f"{out}: {changes}; repeat the settings to go on, or give --out a new directory")
    return study


def _cut_off_half_a_line(journal: Path) -> None:
    """What a power cut left of the last line: Optuna passes over it once, and then writes behind it."""
    if not journal.exists():
        return
    lock = JournalFileSymlinkLock(str(journal))
    lock.acquire()
    try:
        content = journal.read_bytes()
        if not content.endswith(b"\n") and content:
            os.truncate(journal, content.rfind(b"\n") + 1)
    finally:
        lock.release()


def _best(study: optuna.Study) -> optuna.trial.FrozenTrial | None:
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return max(complete, key=lambda trial: trial.value or 0.0, default=None)
