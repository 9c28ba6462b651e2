"""Training of the emotion network, from faces to a run directory. Reads top to bottom."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mien_models.errors import ConfigError, DataError
from mien_models.labels import Emotion, Head
from mien_training import runs
from mien_training.checkpoint import Progress, resume, save
from mien_training.emotion.augment import Pixels
from mien_training.emotion.batches import FaceBatches, Targets, batch_count
from mien_training.emotion.config import TrainConfig
from mien_training.emotion.datasets import NO_LABEL, Faces
from mien_training.emotion.distil import Teachers
from mien_training.emotion.ferplus import soft_targets
from mien_training.emotion.finish import finish
from mien_training.emotion.networks import ARCHITECTURES, PUBLISHED
from mien_training.emotion.optimizers import make_optimizer
from mien_training.emotion.patience import best_epoch, out_of_patience
from mien_training.emotion.validation import validate
from mien_training.emotion.warm_start import begin_with_mean
from mien_training.epochs import epochs_of, train_epoch
from mien_training.precision import for_training
from mien_training.report import draw_curves

log = logging.getLogger(__name__)


AfterEpoch = Callable[[list[dict[str, Any]]], None]
"""Is given the history so far; what it raises ends the training."""


def train(
    config: TrainConfig,
    training: Faces,
    validation: Faces,
    run: Path,
    teachers: Teachers | None = None,
    warm_start: Sequence[str] = (),
    framing: Pixels | None = None,
) -> None:
    """Train to the end, or take up the training that stopped in `run`; then write the model and what belongs to it.

    `warm_start` is what to begin with: the mean of runs, .keras files or int8 models, see `warm_start.begin_with_mean`, or one
    .json of published weights where the architecture can read them. `framing` is how a finder crops faces, see `framing.measure`.

    Raises:
        ConfigError: `run` holds a training with other settings or one that is at work, or the warm start is of another
            architecture.
        DataError: its checkpoint is damaged.
        OutcomeError: the loss is no number any more.

    """
    runs.claim(run, config, free=_changeable(run, config))
    with runs.alone(run):
        if (run / runs.MODEL).exists() and runs.load_config(run, TrainConfig) == config:
            log.info("%s: finished already (%d epochs)", run, config.epochs)
            return
        model, progress = fit(config, training, validation, run, teachers, warm_start, framing)
        runs.keep_config(run, config)
        if config.epochs:
            draw_curves(run / "curves.png", progress.history)
        else:
            runs.write_json(run / runs.HISTORY, [])
        batches = _batches(training, _targets(training, config), config, config.epochs, framing)
        finish(model, config, training, validation, batches, progress.best, run)


def fit(
    config: TrainConfig,
    training: Faces,
    validation: Faces,
    run: Path,
    teachers: Teachers | None = None,
    warm_start: Sequence[str] = (),
    framing: Pixels | None = None,
    after_epoch: AfterEpoch | None = None,
) -> tuple[Any, Progress]:
    """The epochs of `train`, with a checkpoint after each; returns the compiled model as it stands and how it got there.

    Only within `runs.alone`.

    Raises:
        ConfigError: the warm start is of another architecture, or `run` has more epochs already.
        DataError: the checkpoint is damaged.
        OutcomeError: the loss is no number any more.

    """
    model = _prepare(config, training, warm_start)
    progress = resume(model, run / runs.CHECKPOINT)
    history = progress.history
    if len(history) > config.epochs:
        raise ConfigError(f"{run}: {len(history)} epochs are trained already; give --epochs no smaller number")
    targets = _targets(training, config)
    if teachers and config.teacher_sees == "face" and len(history) < config.epochs:
        log.info("asking the teachers about %d faces", len(training))
        targets = teachers.blend_faces(training.pixels, targets)
        teachers = None  # they have said all that they are asked
    with epochs_of(run, history, config.learning_rate):
        while len(history) < config.epochs and not out_of_patience(history, config.patience):
            started = time.monotonic()
            record = {
                "epoch": len(history) + 1,
                "loss": _train_epoch(model, _batches(training, targets, config, len(history), framing), teachers),
                "validation": validate(model, validation, config.heads),
                "seconds": round(time.monotonic() - started, 1),
            }
            grown = [*history, record]
            if config.keep == "best" and best_epoch(grown) == len(grown) - 1:
                progress.best = [weight.copy() for weight in model.get_weights()]
            # Not before: who stops a run that was finished in its first further epoch has it back.
            runs.keep_config(run, config)
            save(model, Progress(grown, progress.best), run / runs.CHECKPOINT)
            history.append(record)
            runs.write_json(run / runs.HISTORY, history)
            log.info("%s", _summary(record, config.epochs))
            if after_epoch:
                after_epoch(history)
    if len(history) < config.epochs:
        log.info("%s: stopped early, nothing better in %d epochs", run, config.patience)
    return model, progress


def _changeable(run: Path, config: TrainConfig) -> list[str]:
    """The settings with which the training in `run` may be taken up though they were others."""
    if not (run / runs.CHECKPOINT).exists() and not (run / runs.MODEL).exists():
        return list(TrainConfig.model_fields)  # nothing has been made with them
    # `recipe` says where settings come from. Where the rate is constant an epoch is the same whatever follows: the run
    # may go on for longer, or end here.
    return ["recipe", "epochs"] if config.schedule == "constant" and not config.average else ["recipe"]


def _prepare(config: TrainConfig, training: Faces, warm_start: Sequence[str]) -> Any:
    """The compiled network with its first weights."""
    keras.utils.set_random_seed(config.seed)
    architecture = ARCHITECTURES[config.arch]
    network, begun = architecture.build(config.heads), set[str]()
    if architecture.warm_start and any(source.endswith(PUBLISHED) for source in warm_start):
        architecture.warm_start(network, Path(*warm_start), training.pixels)
    elif warm_start:
        begun = begin_with_mean(network, warm_start, training.pixels)
    if not config.epochs and (missing := [head for head in config.heads if head not in begun]):
        raise ConfigError(
            f"--epochs 0: no --warm-start has the head {' or '.join(missing)}; train it, or leave out the data that it learns from"
        )
    model = for_training(network, config.precision)
    model.compile(
        make_optimizer(config, steps=batch_count(len(training), config.batch)),
        {head.value: "categorical_crossentropy" for head in config.heads},
        loss_weights={head.value: config.readable_weight if head is Head.READABLE else 1.0 for head in config.heads},
    )
    model.optimizer.build(model.trainable_variables)
    return model


def check_trainable(training: Faces, possible: tuple[Head, ...] = tuple(Head)) -> tuple[Head, ...]:
    """The heads, of the `possible` ones, that the faces have labels for: `readable` where there are negatives among them.

    Raises:
        DataError: there is none.

    """
    labelled = {Head.FER: training.fer, Head.FERPLUS: training.ferplus}
    heads = tuple(head for head, labels in labelled.items() if head in possible and (labels != NO_LABEL).any())
    if not heads:
        raise DataError("the training faces have no labels that this architecture learns")
    return (*heads, Head.READABLE) if Head.READABLE in possible and (training.readable == 0).any() else heads


def fingerprint(*parts: Faces) -> str:
    """A hash of faces and labels, to tell data sets apart."""
    digest = hashlib.sha256()
    for faces in parts:
        for array in (faces.pixels, faces.fer, faces.votes):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _targets(faces: Faces, config: TrainConfig) -> Targets:
    """Each head's target (n, k). A row's sum is its weight in the cross entropy: 0 without a label."""
    smoothing, classes = config.label_smoothing, len(Emotion)
    hard = np.eye(classes, dtype=np.float32)[faces.fer] * (1 - smoothing) + smoothing / classes
    targets = {Head.FER.value: (hard * (faces.fer != NO_LABEL)[:, None]).astype(np.float32)}
    if Head.FERPLUS in config.heads and faces.votes is not None:
        targets[Head.FERPLUS.value] = soft_targets(faces.votes)
    targets[Head.READABLE.value] = np.stack([faces.readable, 1 - faces.readable], axis=1)
    return {head.value: targets[head.value] * faces.weight[:, None] for head in config.heads}


def _batches(faces: Faces, targets: Targets, config: TrainConfig, epoch: int, framing: Pixels | None) -> FaceBatches:
    spoilt = config.negative_share if Head.READABLE in config.heads else 0.0
    return FaceBatches(
        faces.pixels,
        targets,
        batch=config.batch,
        seed=config.seed,
        epoch=epoch,
        augmentation=config.augmentation,
        mixup=config.mixup,
        spoilt=spoilt,
        framing=framing,
    )


def _train_epoch(model: Any, batches: FaceBatches, teachers: Teachers | None = None) -> float:
    """One pass over `batches`, see `train_epoch`."""

    def taught() -> Iterator[tuple[Any, ...]]:
        for pixels, targets in _drawn_ahead(batches):
            yield pixels, *_weighed(teachers.blend(pixels, targets) if teachers else targets)

    return train_epoch(model, taught(), len(batches))


def _drawn_ahead(batches: FaceBatches) -> Iterator[tuple[Pixels, Targets]]:
    """The batches in order, each drawn while the network learns from the one before."""
    with ThreadPoolExecutor(1) as drawing:
        upcoming = drawing.submit(batches.__getitem__, 0)
        for index in range(1, len(batches)):
            drawn, upcoming = upcoming, drawing.submit(batches.__getitem__, index)
            yield drawn.result()
        yield upcoming.result()


def _weighed(targets: Targets) -> tuple[Targets, Targets]:
    """Each head's targets (b, k) as true distributions, and the rows' weights (b,) beside them.

    TensorFlow's gradient of softmax cross entropy is p − t, which is right for targets that sum to one only: a lighter
    row would push all of its logits down instead of pushing less.
    """
    weights = {head: table.sum(axis=1) for head, table in targets.items()}
    distributions = {
        head: np.where(weights[head][:, None] > 0, table / np.maximum(weights[head], 1e-6)[:, None], 1 / table.shape[1])
        for head, table in targets.items()
    }
    return {head: table.astype(np.float32) for head, table in distributions.items()}, weights


def _summary(record: dict[str, Any], epochs: int) -> str:
    accuracies = ", ".join(f"{name} {100 * value:.1f} %" for name, value in record["validation"].items())
    return f"epoch {record['epoch']}/{epochs}  {record['seconds']:.0f} s  loss {record['loss']:.3f}  validation: {accuracies}"
