"""Reading of what `mien-train faces` leaves: scenes to calibrate and to judge with, the threshold, the network."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.floating import import_keras, load_network
from mien_convert.runs import CALIBRATION, HOLDOUT, find_network, read_config, read_run_arrays
from mien_models.errors import DataError, ModelError
from mien_models.matching import Truth
from mien_models.preprocess import Box, Image

VALIDATION = "validation.json"
_REMEDY = "train anew with `mien-train faces`, or copy the whole run directory again"

Pixels = npt.NDArray[np.uint8]
"""(n, height, width) grey, of the network's size."""


@dataclass(frozen=True, eq=False)
class FinderRun:
    """A finished training of a face finder."""

    directory: Path
    config: dict[str, Any]
    calibration: Pixels
    """As the network is fed."""
    scenes: list[tuple[Image, Truth]]
    """What it never learned from."""
    start: float
    """The score from which something is a face, as the training set it."""

    @property
    def data(self) -> tuple[str, ...]:
        """What it was trained on."""
        return tuple(self.config.get("credits") or self.config["data"])

    @property
    def command(self) -> str:
        """The command that made it, put together from its settings."""
        config = self.config
        words = ["mien-train", "faces"]
        for folder in config["data"]:
            words += ["--data", folder]
        if config.get("left_out"):
            words += ["--leave-out", config["left_out"]]
        words += ["--out", self.directory.resolve().name, "--size", f"{config['width']}x{config['height']}"]
        for name in ("start", "epochs", "scenes", "batch", "learning_rate", "seed", "limit", "precision"):
            if config.get(name) is not None:
                words += [f"--{name.replace('_', '-')}", str(config[name])]
        return shlex.join(words)


def read_finder_run(directory: Path) -> FinderRun:
    """Read a run directory of `mien-train faces`, without its network.

    Raises:
        DataError: it is none, unfinished, or damaged.

    """
    config = read_config(directory)
    find_network(directory)
    try:
        size = int(config["height"]), int(config["width"])
        start = float(json.loads((directory / VALIDATION).read_text(encoding="utf-8"))["start"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{directory}: its settings or {VALIDATION} are damaged ({error}); {_REMEDY}") from error
    calibration = _pixels(directory / CALIBRATION, read_run_arrays(directory / CALIBRATION), size)
    return FinderRun(directory, config, calibration, _scenes(directory / HOLDOUT, size), start)


def open_network(run: FinderRun) -> Any:
    """The Keras network of a run, its outputs named `score_8`, `shape_8` and so on.

    Raises:
        MissingDependencyError: TensorFlow or Keras is not installed.
        ModelError: it cannot be loaded, or is no face finder.

    """
    path = find_network(run.directory)
    model = load_network(path, _REMEDY)
    outputs = dict(zip(model.output_names, model.outputs, strict=True))
    if not outputs or any(name.partition("_")[0] not in {"score", "shape"} for name in outputs):
        raise ModelError(f"{path}: has the outputs {', '.join(outputs)}; a face finder has score_N and shape_N")
    return import_keras().Model(model.inputs, outputs, name=model.name)


def _scenes(path: Path, size: tuple[int, int]) -> list[tuple[Image, Truth]]:
    arrays = read_run_arrays(path)
    pixels = _pixels(path, arrays, size)
    try:
        groups = [
            [[_box(face) for face in arrays[name][arrays[f"{name}_of"] == index]] for index in range(len(pixels))]
            for name in ("faces", "ignored")
        ]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise DataError(f"{path}: says nothing of faces ({error}); {_REMEDY}") from error
    return [(image, Truth(tuple(faces), tuple(ignored))) for image, faces, ignored in zip(pixels, *groups, strict=True)]


def _pixels(path: Path, arrays: dict[str, npt.NDArray[Any]], size: tuple[int, int]) -> Pixels:
    pixels = arrays.get("pixels")
    if pixels is None or pixels.dtype != np.uint8 or pixels.shape[1:] != size or not len(pixels):
        raise DataError(f"{path}: 'pixels' must be uint8 (n, {size[0]}, {size[1]}); {_REMEDY}")
    return pixels


def _box(face: npt.NDArray[Any]) -> Box:
    (x, y), (width, height) = face[:2].astype(float).tolist()
    return Box(x - width / 2, y - height / 2, width, height)
