"""Batches of scenes, drawn by processes of their own while the network learns."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import even_light
from mien_training.faces.material import Material, read_material
from mien_training.faces.mistakes import read_mistakes
from mien_training.faces.scenes import SceneMaker
from mien_training.faces.targets import TargetMaker, Targets

Pixels = npt.NDArray[np.uint8]
Batch = tuple[Pixels, Targets]
"""Pixels (b, height, width, 1) and targets (b, cells, 17)."""

_AHEAD = 8
"""Batches that wait for the network, a process."""


@dataclass(frozen=True)
class Source:
    """What scenes are drawn from; all that a process must know to draw the same ones."""

    folders: tuple[Path, ...]
    left_out: frozenset[str]
    height: int
    width: int
    even_light: bool
    batch: int
    seed: int
    mistakes: Path
    limit: int | None = None

    def material(self, *, held_back: bool = False) -> Material:
        """The pictures, for training or for validation."""
        material = read_material(self.folders, self.left_out, held_back=held_back)
        return Material(material.with_faces[: self.limit], material.without[: self.limit])


class BatchMaker:
    """Draws the batches of an epoch; which they are follows from the source and the epoch alone."""

    def __init__(self, source: Source, material: Material, epoch: int) -> None:
        self._source, self._epoch = source, epoch
        mistakes = read_mistakes(source.mistakes, material)
        self._scenes = SceneMaker(material, source.height, source.width, mistakes)
        self._targets = TargetMaker(source.height, source.width)

    def draw(self, index: int) -> Batch:
        rng = np.random.default_rng((self._source.seed, self._epoch, index))
        scenes = [self._scenes.draw(rng) for _ in range(self._source.batch)]
        shown = [even_light(scene.pixels) if self._source.even_light else scene.pixels for scene in scenes]
        return np.stack(shown)[..., np.newaxis], np.stack(
            [self._targets.make(scene.faces, scene.ignored) for scene in scenes]
        )


class BatchPool:
    """Processes that draw ahead."""

    def __init__(self, pool: Any, workers: int) -> None:
        self._pool, self._ahead = pool, _AHEAD * workers

    def epoch(self, number: int, count: int) -> Iterator[Batch]:
        """The `count` batches of an epoch, in order, a few of them drawn ahead."""
        waiting = [self._pool.apply_async(_draw, (number, index)) for index in range(min(self._ahead, count))]
        for index in range(count):
            batch: Batch = waiting.pop(0).get()
            if index + self._ahead < count:
                waiting.append(self._pool.apply_async(_draw, (number, index + self._ahead)))
            yield batch


@contextmanager
def batch_pool(source: Source, workers: int) -> Iterator[BatchPool]:
    """A pool for as long as the block lasts. Spawned, not forked: TensorFlow's threads would not survive a fork."""
    pool = multiprocessing.get_context("spawn").Pool(workers, _begin, (source,))
    try:
        yield BatchPool(pool, workers)
    finally:
        pool.terminate()
        pool.join()


_here: dict[str, Any] = {}
"""What a process of the pool keeps between its tasks."""


def _begin(source: Source) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    cv2.setNumThreads(1)
    _here.update(source=source, material=source.material())


def _draw(epoch: int, index: int) -> Batch:
    if _here.get("epoch") != epoch:
        _here.update(epoch=epoch, maker=BatchMaker(_here["source"], _here["material"], epoch))
    batch: Batch = _here["maker"].draw(index)
    return batch
