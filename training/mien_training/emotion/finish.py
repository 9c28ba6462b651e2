"""The end of a training: which weights are kept, and what the run directory holds of them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mien_models.labels import HEAD_LABELS, Head
from mien_training import runs
from mien_training.average import settle_normalisation, use_running_average
from mien_training.emotion.batches import FaceBatches
from mien_training.emotion.calibration import Calibration, calibrate
from mien_training.emotion.config import TrainConfig
from mien_training.emotion.datasets import Faces, balanced_rows
from mien_training.emotion.networks import ARCHITECTURES
from mien_training.emotion.validation import score_heads
from mien_training.report import draw_confusion

log = logging.getLogger(__name__)

_CALIBRATION_FACES = 1000
_SETTLING = 400  # batches


def finish(
    model: Any,
    config: TrainConfig,
    training: Faces,
    validation: Faces,
    batches: FaceBatches,
    best: list[npt.NDArray[Any]] | None,
    run: Path,
) -> None:
    """Write what conversion and the reader need; the model last, because its presence means that the run is whole."""
    if best is not None:
        model.set_weights(best)
    elif config.average and config.epochs:
        _keep_better(model, config.heads, validation, batches)
    if config.calibrate:
        for head, calibration in calibrate(model, config.heads, validation).items():
            log.info("%s: %s", head, _describe(calibration, HEAD_LABELS[Head(head)]))
    scores = {head.value: s.model_dump(mode="json") for head, s in score_heads(model, validation, config.heads).items()}
    runs.write_json(run / runs.VALIDATION, scores)
    draw_confusion(run / "confusion.png", scores)
    chosen = balanced_rows(training, _CALIBRATION_FACES, config.seed)
    runs.write_arrays(run / runs.CALIBRATION, {"faces": training.pixels[chosen]})
    labels = {head.value: validation.labels(head) for head in config.heads}
    runs.write_arrays(run / runs.HOLDOUT, {"faces": validation.pixels, **labels})
    # A copy that was never compiled: without the optimizer, half the size, and loadable under any Keras backend.
    final = ARCHITECTURES[config.arch].build(config.heads)
    final.set_weights(model.get_weights())
    runs.write_model(run, final)
    for head, values in scores.items():
        log.info("%s: %s %.1f %% on validation (n = %d)", run, head, 100 * values["accuracy"], values["n"])


def _keep_better(model: Any, heads: tuple[Head, ...], validation: Faces, batches: FaceBatches) -> None:
    """Leave in the model its last weights or their running average, whichever reads the validation faces better.

    The average wins after long trainings; after short ones it still holds weights from far back.
    """
    last = [weight.copy() for weight in model.get_weights()]
    accuracy = _accuracy(model, validation, heads)
    use_running_average(model)
    settle_normalisation(model, (batches[index][0] for index in range(min(_SETTLING, len(batches)))))
    averaged = _accuracy(model, validation, heads)
    if averaged < accuracy:
        model.set_weights(last)
    kept = "average" if averaged >= accuracy else "last weights"
    log.info("kept the %s: %.1f %% (the average), %.1f %% (the last)", kept, 100 * averaged, 100 * accuracy)


def _describe(calibration: Calibration, labels: tuple[str, ...]) -> str:
    offsets = [f"{label} {value:+.2f}" for label, value in zip(labels, calibration.offsets, strict=True) if value]
    return ", ".join([f"temperature {calibration.temperature:.2f}", *offsets])


def _accuracy(model: Any, faces: Faces, heads: tuple[Head, ...]) -> float:
    """Of the head that the device answers with."""
    answering = Head.FERPLUS if Head.FERPLUS in heads else heads[0]
    return score_heads(model, faces, (answering,))[answering].accuracy
