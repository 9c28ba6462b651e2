"""From a picture to the faces in it: the one place where a face finder's bytes are fed and read, on the device and off it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien_models import cells
from mien_models.cells import Floats, Grid
from mien_models.manifest import FinderManifest, load_finder_manifest
from mien_models.preprocess import Box, Image, brighten, even_light, grey
from mien_models.runner import dequantize, find_tensor, quantize
from mien_models.runtime import Accelerator, Opener, open_interpreter

Network = Callable[[Image], Sequence[tuple[Floats, Floats]]]
"""From grey pixels (height, width) to each grid's logits (rows, columns, 1) and numbers (rows, columns, 14)."""

_WINDOW = 2.6
"""Side of the surroundings in which a known face is looked for, in its heights."""


def letterbox(image: Image, height: int, width: int, *, even: bool = False) -> tuple[Image, float]:
    """The picture (h, w[, 3]) grey and shrunk or grown to fit (height, width), black below or beside it; and by which factor.

    A dark one is brightened; with `even` so is what is dark in it.
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    # Grey first: a third of the bytes to shrink.
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey(image), size, interpolation=method)
    canvas = np.zeros((height, width), np.uint8)
    bright = brighten(np.asarray(small, np.uint8))
    canvas[: size[1], : size[0]] = even_light(bright) if even else bright
    return canvas, scale


def surroundings(image: Image, box: Box, wide: float, high: float) -> tuple[Image, int, int]:
    """What of a picture (h, w[, 3]) lies in so many pixels about a box's middle, and where: left, top. Empty beside the picture."""
    height, width = image.shape[:2]
    x, y = box.centre
    left, top = max(0, int(x - wide / 2)), max(0, int(y - high / 2))
    # An end below 0 would count from the other side.
    right, bottom = max(0, min(width, int(x + wide / 2))), max(0, min(height, int(y + high / 2)))
    return image[top:bottom, left:right], left, top


class Finder:
    """A face finder, ready to run. Not safe to share between threads."""

    def __init__(
        self, network: Network, grids: Sequence[Grid], height: int, width: int, *, even_light: bool = False
    ) -> None:
        """Look with a network that is fed (height, width), in even light or as it is, and answers in `grids`."""
        self.height, self.width = height, width
        self.even_light = even_light
        self._network = network
        self.grids = tuple(grids)

    def look(self, image: Image, least: float) -> list[Box]:
        """The faces in a picture (h, w[, 3]) with a score of `least` or more, best first, in its pixels."""
        pixels, scale = letterbox(image, self.height, self.width, even=self.even_light)
        found = cells.faces(self.grids, self._network(pixels), self.height, self.width, least)
        return [_moved(box, 1 / scale, 0, 0) for box in found]

    def look_near(self, image: Image, box: Box, least: float) -> Box | None:
        """The face that was at `box`, from its surroundings alone: larger in the network's eyes than in the whole picture."""
        high = max(box.height, 8.0) * _WINDOW
        part, left, top = surroundings(image, box, high * self.width / self.height, high)
        if min(part.shape[:2]) < 2:
            return None
        found = [_moved(face, 1.0, left, top) for face in self.look(part, least)]
        return max((face for face in found if face.iou(box) > 0), key=box.iou, default=None)


def _moved(box: Box, factor: float, left: float, top: float) -> Box:
    return replace(
        box,
        x=box.x * factor + left,
        y=box.y * factor + top,
        width=box.width * factor,
        height=box.height * factor,
        landmarks=tuple((x * factor + left, y * factor + top) for x, y in box.landmarks),
    )


class ModelFinder(Finder):
    """The finder of a model directory."""

    def __init__(self, manifest: FinderManifest, interpreter: Any, accelerator: Accelerator) -> None:
        self.manifest = manifest
        self._accelerator = accelerator
        self._interpreter = interpreter
        where = manifest.file.path
        entry = find_tensor(interpreter.get_input_details(), manifest.input, where)
        details = interpreter.get_output_details()
        outputs = [
            (level, find_tensor(details, level.score, where), find_tensor(details, level.shape, where))
            for level in manifest.levels
        ]

        def run(pixels: Image) -> list[tuple[Floats, Floats]]:
            interpreter.set_tensor(entry, quantize(pixels, manifest.input).reshape(manifest.input.shape))
            interpreter.invoke()
            return [
                (
                    dequantize(interpreter.get_tensor(score)[0], level.score),
                    dequantize(interpreter.get_tensor(shape)[0], level.shape),
                )
                for level, score, shape in outputs
            ]

        _, height, width, _ = manifest.input.shape
        super().__init__(run, manifest.levels, height, width, even_light=manifest.even_light)

    @property
    def accelerator(self) -> Accelerator:
        """What runs it at this moment."""
        return Accelerator(getattr(self._interpreter, "accelerator", self._accelerator))

    @classmethod
    def open(
        cls,
        directory: Path,
        accelerator: Accelerator = Accelerator.CPU,
        threads: int = 1,
        opener: Opener | None = None,
    ) -> ModelFinder:
        """Open the face finder in `directory` after checking its manifest, hash and tensors.

        Raises:
            ManifestError: the manifest is wrong, of another kind of model, or does not match the file.
            ModelError: the runtime cannot run it.

        """
        manifest = load_finder_manifest(directory)
        interpreter, used = open_interpreter(directory / manifest.file.path, accelerator, threads, opener)
        return cls(manifest, interpreter, used)

    def find(self, image: Image) -> list[Box]:
        """The faces in a picture (h, w[, 3]), best first: those with the manifest's `start` score or more."""
        return self.look(image, self.manifest.start)

    def find_near(self, image: Image, box: Box) -> Box | None:
        """The face that was at `box` a moment ago: the manifest's `hold` score is enough."""
        return self.look_near(image, box, self.manifest.hold)
