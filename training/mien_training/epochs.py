"""What every training's loop has: one pass over the batches, and its end by a stop or by a loss that is no number."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from mien_models.errors import OutcomeError
from mien_training.checkpoint import History

log = logging.getLogger(__name__)


@contextmanager
def epochs_of(run: Path, history: History, learning_rate: float) -> Iterator[None]:
    """The block trains; `history` holds the epochs that are whole.

    Raises:
        OutcomeError: the loss is no number any more.

    """
    try:
        yield
    except KeyboardInterrupt:
        log.info("%s: stopped after epoch %d; the same command resumes there", run, len(history))
        raise
    except FloatingPointError as error:
        raise OutcomeError(
            f"{run}: epoch {len(history) + 1}, {error}; give --learning-rate a smaller number than "
            f"{learning_rate:g}, and --out another directory"
        ) from None


def train_epoch(model: Any, batches: Iterable[tuple[Any, ...]], steps: int) -> float:
    """One pass over `steps` batches, each the arguments of `train_on_batch`; returns the mean loss.

    Not `model.fit`: at its end it puts the running average in the place of the weights (Keras 3.15), so that a training
    that comes back for the next epoch would start from the average every time, and hardly move.

    Raises:
        FloatingPointError: the loss is no number any more.

    """
    bar = keras.utils.Progbar(steps, verbose=1 if sys.stdout.isatty() else 0)
    total = 0.0
    for number, batch in enumerate(batches, start=1):
        # This batch's loss: Keras 3.15 resets its mean before each.
        loss = float(model.train_on_batch(*batch, return_dict=True)["loss"])
        if not math.isfinite(loss):
            raise FloatingPointError(f"step {number}: the loss is {loss}")
        total += loss
        bar.update(number, [("loss", loss)])
    return total / steps
