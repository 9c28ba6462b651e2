"""Batches of scenes, drawn by processes of their own while the network learns."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Queue

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.errors import MienError, OutcomeError
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
    """Draws the batches of an epoch; which they are follows from the source, what was mined before the epoch, and the epoch."""

    def __init__(self, source: Source, material: Material, epoch: int) -> None:
        self._source, self._epoch = source, epoch
        mistakes = read_mistakes(source.mistakes, material, epoch)
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
    """Processes that draw ahead, in turn: of three each draws every third batch."""

    def __init__(self, workers: list[tuple[BaseProcess, Connection]]) -> None:
        self._workers = workers

    def epoch(self, number: int, count: int) -> Iterator[Batch]:
        """The `count` batches of an epoch, in order.

        Raises:
            OutcomeError: a process was ended from outside.

        """
        for _, connection in self._workers:
            with contextlib.suppress(OSError):  # what ended it is to be read below
                connection.send((number, count))
        for index in range(count):
            yield _receive(self._workers[index % len(self._workers)][1])


def _receive(connection: Connection) -> Batch:
    try:
        drawn: Batch | MienError = connection.recv()
    except (EOFError, OSError):  # the latter in the middle of a batch
        raise OutcomeError(
            "a process that draws scenes was ended, by what stands above or because the memory was full; the same command goes "
            "on, with fewer --workers"
        ) from None
    if isinstance(drawn, MienError):
        raise drawn
    return drawn


@contextmanager
def batch_pool(source: Source, workers: int) -> Iterator[BatchPool]:
    """A pool for as long as the block lasts. Spawned, not forked: TensorFlow's threads would not survive a fork.

    A pipe for each process: of one that is killed while it writes into a pipe of all, as those of `multiprocessing.Pool` and
    `ProcessPoolExecutor`, nobody would know, and everybody wait for the rest.
    """
    context, started = get_context("spawn"), list[tuple[BaseProcess, Connection]]()
    try:
        for place in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(source, theirs, place, workers), daemon=True)
            process.start()
            theirs.close()  # else its end would be no end
            started.append((process, ours))
        yield BatchPool(started)
    finally:
        for worker, connection in started:
            worker.kill()
            worker.join()
            connection.close()


def _work(source: Source, connection: Connection, place: int, workers: int) -> None:
    """Draw batch `place` of an epoch, and then every `workers`-th, until the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    cv2.setNumThreads(1)
    drawn = Queue[Batch | MienError](_AHEAD)
    threading.Thread(target=_send, args=(connection, drawn), daemon=True).start()
    try:
        material = source.material()
        while True:
            epoch, count = connection.recv()
            maker = BatchMaker(source, material, epoch)
            for index in range(place, count, workers):
                drawn.put(maker.draw(index))
    except EOFError:  # the parent is gone
        return
    except MienError as error:  # for the parent to raise
        drawn.put(error)
        drawn.join()
        connection.poll(None)  # until it has, and ends


def _send(connection: Connection, drawn: Queue[Batch | MienError]) -> None:
    while True:
        try:
            connection.send(drawn.get())
        except OSError:  # the parent is gone, and the other thread waits for room in the queue
            os._exit(1)
        drawn.task_done()
