"""The best model that was found for the table: three of different kinds, their probabilities averaged and calibrated."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_training.songs.moods.dense import Task, scaler

log = logging.getLogger(__name__)

_SAY_EVERY_S = 15.0


def make_ensemble(seed: int, rows: int) -> Any:
    """Logistic regression on normal quantiles, gradient boosting and extra trees, for so many training rows."""
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return VotingClassifier(
        [
            ("logistic", make_pipeline(scaler("normal", rows), LogisticRegression(max_iter=2000))),
            (
                "boosting",
                HistGradientBoostingClassifier(
                    max_iter=120,
                    max_leaf_nodes=8,
                    learning_rate=0.06,
                    l2_regularization=1.0,
                    early_stopping=False,
                    random_state=seed,
                ),
            ),
            ("trees", ExtraTreesClassifier(300, min_samples_leaf=2, random_state=seed)),
        ],
        voting="soft",
    )


def answers(tasks: list[Task]) -> list[npt.NDArray[np.float32]]:
    """As `dense.answers`, one task after the other; every task must know all classes."""
    from threadpoolctl import threadpool_limits

    result, said = [], time.monotonic()
    with threadpool_limits(1):  # 600 songs are too few to share among threads
        for number, task in enumerate(tasks, 1):
            model = make_ensemble(task.seed[0], len(task.labels)).fit(task.features, task.labels)
            result.append(model.predict_proba(task.asked).astype(np.float32))
            if time.monotonic() - said > _SAY_EVERY_S:
                log.info("  ensemble %d/%d", number, len(tasks))
                said = time.monotonic()
    return result
