"""Whether more epochs would help: the validation accuracy by which epochs are compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien_models.labels import LABEL_SETS
from mien_training.checkpoint import History


def validation_accuracy(record: dict[str, Any]) -> float:
    """The figure that epochs are compared by: the mean over the label sets, of the weights as they were."""
    return float(np.mean([record["validation"][head] for head in LABEL_SETS if head in record["validation"]]))


def best_epoch(history: History) -> int:
    """Position of the first epoch with the highest validation accuracy."""
    return int(np.argmax([validation_accuracy(record) for record in history]))


def out_of_patience(history: History, patience: int | None) -> bool:
    """Whether the last `patience` epochs brought nothing better than what was before them."""
    return patience is not None and bool(history) and len(history) - 1 - best_epoch(history) >= patience
