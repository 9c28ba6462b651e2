"""The end of a training: which weights are kept, and what the run directory holds of them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.labels import HEAD_LABELS, LABEL_SETS, Head
from mien_training import runs
from mien_training.average import settle_normalisation, use_running_average
from mien_training.emotion.augment import FaceBatches
from mien_training.emotion.calibration import Calibration, calibrate
from mien_training.emotion.config import TrainConfig
from mien_training.emotion.datasets import Faces, balanced_rows
from mien_training.emotion.networks import ARCHITECTURES
from mien_training.emotion.validation import score_heads
from mien_training.report import draw_confusion

log = logging.getLogger(__name__)

Weights = list[npt.NDArray[Any]]

_CALIBRATION_FACES = 1000
_SETTLING = 400  # batches


def finish(
    model: Any,
    config: TrainConfig,
    training: Faces,
    validation: Faces,
    batches: FaceBatches,
    best: Weights | None,
    run: Path,
    first: Weights | None = None,
) -> None:
    """Write what conversion and the reader need; the model last, because its presence means that the run is whole.

    `best` are the weights of the best epoch, where those are kept, `first` those that a fine-tuning began with.
    """
    if best is not None:
        model.set_weights(best)
    elif config.average:
        _keep_best(model, config.heads, validation, batches, first)
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


def _keep_best(
    model: Any, heads: tuple[Head, ...], validation: Faces, batches: FaceBatches, first: Weights | None
) -> None:
    """Leave in the model what reads the validation faces best of its last weights, their running average, and halfway to it.

    The average wins after long trainings; after short ones it still holds weights from far back. Halfway from where a
    fine-tuning began it has the new skill and still the old one (Wortsman et al. 2022).
    """
    found = {"last weights": (_mean_accuracy(model, validation, heads), _weights(model))}
    use_running_average(model)
    average = _weights(model)
    candidates = {"average": average}
    if first is not None:
        candidates["halfway to the average"] = [(old + new) / 2 for old, new in zip(first, average, strict=True)]
    for name, weights in candidates.items():
        model.set_weights(weights)
        settle_normalisation(model, (batches[index][0] for index in range(min(_SETTLING, len(batches)))))
        found[name] = _mean_accuracy(model, validation, heads), _weights(model)
    kept = max(found, key=lambda name: found[name][0])
    model.set_weights(found[kept][1])
    log.info("kept the %s: %s", kept, ", ".join(f"{100 * found[name][0]:.1f} % (the {name})" for name in found))


def _weights(model: Any) -> Weights:
    return [weight.copy() for weight in model.get_weights()]


def _describe(calibration: Calibration, labels: tuple[str, ...]) -> str:
    offsets = [f"{label} {value:+.2f}" for label, value in zip(labels, calibration.offsets, strict=True) if value]
    return ", ".join([f"temperature {calibration.temperature:.2f}", *offsets])


def _mean_accuracy(model: Any, faces: Faces, heads: tuple[Head, ...]) -> float:
    scores = score_heads(model, faces, heads)
    return float(np.mean([scores[head].accuracy for head in LABEL_SETS if head in scores]))
