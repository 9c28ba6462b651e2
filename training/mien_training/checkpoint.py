"""How far a training is, and its checkpoint: one file that is replaced whole after every epoch."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_training import runs

log = logging.getLogger(__name__)

History = list[dict[str, Any]]


@dataclass
class Progress:
    """What a training has done so far. All that it decides from here on follows from this, the model and the settings."""

    history: History = field(default_factory=list)
    """A record for each epoch, as in history.json."""
    best: list[npt.NDArray[Any]] | None = None
    """The weights of the best epoch, where the recipe keeps those."""


def resume(model: Any, checkpoint: Path) -> Progress:
    """Bring the model and its optimizer to where `checkpoint` left them, if there is one.

    Raises:
        DataError: it is damaged, or of another network.

    """
    if not checkpoint.exists():
        return Progress()
    arrays = runs.read_arrays(checkpoint)
    try:
        for name, variable in _state(model).items():
            variable.assign(arrays[name])
        history: History = json.loads(arrays["history"].item())
    except (KeyError, ValueError) as error:
        reason = str(error).partition(" Received:")[0].partition("\n")[0][:200]  # Keras prints the weights as well
        raise DataError(
            f"{checkpoint}: does not fit this network ({reason}); it is damaged, or the architecture is another one in this "
            "version of mien; delete it to start this run anew"
        ) from error
    log.info("%s: resuming after epoch %d", checkpoint, len(history))
    best = [arrays[f"best_{i}"] for i in range(len(model.weights))] if "best_0" in arrays else None
    return Progress(history, best)


def save(model: Any, progress: Progress, checkpoint: Path) -> None:
    """Write everything that `resume` needs, in one step."""
    arrays = {name: variable.numpy() for name, variable in _state(model).items()}
    arrays |= {f"best_{i}": weight for i, weight in enumerate(progress.best or [])}
    # Weights hardly shrink, and those of the largest architecture take a minute to try.
    runs.write_arrays(checkpoint, {**arrays, "history": np.array(json.dumps(progress.history))}, compress=False)


def _state(model: Any) -> dict[str, Any]:
    """Every variable of the model and its optimizer (moments, averages, step count) by a name that stays."""
    model_state = {f"model_{i}": variable for i, variable in enumerate(model.variables)}
    return model_state | {f"optimizer_{i}": variable for i, variable in enumerate(model.optimizer.variables)}
