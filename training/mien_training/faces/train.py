"""Training of the face finder, from pictures to a run directory. Reads top to bottom."""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mien_models.errors import ConfigError
from mien_training import runs
from mien_training.checkpoint import resume, save
from mien_training.epochs import epochs_of, train_epoch
from mien_training.faces import mistakes
from mien_training.faces.batches import Batch, BatchPool, Source, batch_pool
from mien_training.faces.config import FinderConfig
from mien_training.faces.finish import finish
from mien_training.faces.judge import judge
from mien_training.faces.loss import FinderLoss
from mien_training.faces.material import Material
from mien_training.faces.network import build, with_rows
from mien_training.faces.report import draw_sheet
from mien_training.faces.validation import SCENES, averaged, keras_finder, samples, validation_scenes
from mien_training.precision import for_training

log = logging.getLogger(__name__)

_SETTLING = 24
"""Batches that batch normalisation is measured anew with."""


def train(
    config: FinderConfig,
    source: Source,
    material: Material,
    held_back: Material,
    run: Path,
    start: Path | None = None,
    workers: int = 1,
) -> None:
    """Train to the end, or take up the training that stopped in `run`; then write the model and what belongs to it.

    `material` is the source's; its scenes are drawn by `workers` processes, which read it themselves.
    `start` is a finished run whose weights to begin with, of any size of picture: all sizes have the same weights.

    Raises:
        ConfigError: `run` holds a training with other settings or one that is at work, or `start` no network.
        DataError: its checkpoint is damaged.
        OutcomeError: the loss is no number any more.

    """
    runs.claim(run, config)
    with runs.alone(run):
        if (run / runs.MODEL).exists():
            log.info("%s: finished already (%d epochs)", run, config.epochs)
        else:
            _train(config, source, material, held_back, run, start, workers)


def _train(
    config: FinderConfig,
    source: Source,
    material: Material,
    held_back: Material,
    run: Path,
    start: Path | None,
    workers: int,
) -> None:
    keras.utils.set_random_seed(config.seed)
    network = build(config.height, config.width)
    if start is not None:
        _begin_with(network, start)
    model = for_training(with_rows(network), config.precision)
    steps = math.ceil(config.scenes / config.batch)
    model.compile(_optimizer(config, steps), FinderLoss())
    model.optimizer.build(model.trainable_variables)
    progress = resume(model, run / runs.CHECKPOINT)
    history = progress.history

    scenes = validation_scenes(held_back, config.height, config.width, SCENES)
    draw_sheet(run / "preview.png", scenes[:48])
    looked_at = samples(scenes, held_back)
    with batch_pool(source, workers) as pool:
        with epochs_of(run, history, config.learning_rate):
            while len(history) < config.epochs:
                epoch, started = len(history), time.monotonic()
                batches, settling = _epoch(pool, epoch, steps)
                loss = train_epoch(model, batches, steps)
                with averaged(model, settling):
                    finder = keras_finder(model, config)
                    judged = judge(finder.look, looked_at)
                    if epoch + 1 >= config.mine_from * config.epochs:
                        rng = np.random.default_rng((config.seed, epoch))
                        mined = mistakes.mine(finder, material, run / mistakes.NAME, epoch, rng)
                    else:
                        mined = 0
                found = judged.findings(judged.start())
                record = {
                    "epoch": epoch + 1,
                    "loss": loss,
                    "validation": {"recall": found.recall, "false": found.false_per_empty, "start": found.start},
                    "mistakes": mined,
                    "seconds": round(time.monotonic() - started, 1),
                }
                history.append(record)
                save(model, progress, run / runs.CHECKPOINT)
                runs.write_json(run / runs.HISTORY, history)
                log.info("%s", _summary(record, config.epochs))
        settling = list(pool.epoch(config.epochs, _SETTLING))
    with averaged(model, settling):
        network.set_weights(model.get_weights())
    finish(network, config, settling, scenes, looked_at, held_back, history, run)


def fingerprint(*parts: Material) -> str:
    """A hash of the pictures' names, sizes and boxes, to tell data sets apart."""
    digest = hashlib.sha256()
    for picture in itertools.chain(*((*part.with_faces, *part.without) for part in parts)):
        digest.update(f"{picture.name}{picture.pixels.shape}".encode())
        for faces in (picture.faces, picture.ignored, picture.traps):
            digest.update(np.ascontiguousarray(faces).tobytes())
    return digest.hexdigest()[:16]


def _begin_with(network: Any, start: Path) -> None:
    path = start / runs.MODEL
    if not path.is_file():
        raise ConfigError(f"--start {start}: no {runs.MODEL} there; give a finished run of `mien-train faces`")
    try:
        network.set_weights(keras.saving.load_model(path, compile=False).get_weights())
    except ValueError as error:
        raise ConfigError(f"--start {start}: has another network ({error}); leave it out") from error


def _optimizer(config: FinderConfig, steps: int) -> Any:
    total = config.epochs * steps
    warmup = min(steps, total // 10)
    # The rate follows from optimizer.iterations, which the checkpoint holds: a resumed training carries on in it.
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(1, total - warmup),
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=config.weight_decay,
        global_clipnorm=5.0,
        use_ema=True,
        # A short training's average looks back a tenth of it at most, or it would hold the untrained weights still.
        ema_momentum=min(config.average, max(0.0, 1 - 10 / total)),
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _epoch(pool: BatchPool, number: int, steps: int) -> tuple[Any, list[Batch]]:
    """The batches of an epoch, and the last of them, which are kept while they pass."""
    kept: list[Batch] = []

    def passing() -> Any:
        for batch in pool.epoch(number, steps):
            kept.append(batch)
            del kept[:-_SETTLING]
            pixels, targets = batch
            yield pixels.astype(np.float32), targets

    return passing(), kept


def _summary(record: dict[str, Any], epochs: int) -> str:
    found = record["validation"]
    return (
        f"epoch {record['epoch']}/{epochs}  {record['seconds']:.0f} s  loss {record['loss']:.3f}  "
        f"recall {100 * (found['recall'] or 0):.1f} % with {found['false'] or 0:.3f} false faces an empty picture "
        f"(from score {found['start']:.2f})  {record['mistakes']} mistakes to learn from"
    )
