"""Scenes that the network never learns from, and how well it does on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from mien_models.cells import LEVELS, NUMBERS, Floats
from mien_models.finder import Finder
from mien_models.matching import Truth
from mien_models.preprocess import Box, Image
from mien_training.average import running_average, settle_normalisation
from mien_training.faces.batches import Batch
from mien_training.faces.config import FinderConfig
from mien_training.faces.disturb import DISTURBANCES
from mien_training.faces.judge import WHOLE, Sample
from mien_training.faces.material import Faces, Material
from mien_training.faces.scenes import Scene, SceneMaker

SCENES = 500
_SEED = 1


def validation_scenes(material: Material, height: int, width: int, count: int) -> list[Scene]:
    """Scenes of held-back pictures, the same in every run."""
    maker = SceneMaker(material, height, width)
    rng = np.random.default_rng(_SEED)
    return [maker.draw(rng) for _ in range(count)]


def samples(scenes: list[Scene], material: Material) -> list[Sample]:
    """The scenes, and the held-back pictures without people as they are."""
    return [sample_of(scene) for scene in scenes] + [
        Sample(picture.pixels, Truth((), tuple(map(box_of, picture.ignored))), (WHOLE,)) for picture in material.without
    ]


def disturbed(material: Material) -> Iterator[Sample]:
    """The held-back pictures with faces as they are, and after every disturbance, each in its group."""
    for picture in material.with_faces:
        plain = sample_of(Scene(picture.pixels, picture.faces, picture.ignored))
        yield replace(plain, groups=("plain",))
        for name, disturb in DISTURBANCES.items():
            yield replace(disturb(plain), groups=(name,))


def sample_of(scene: Scene) -> Sample:
    """A scene as judges want it."""
    truth = Truth(tuple(map(box_of, scene.faces)), tuple(map(box_of, scene.ignored)))
    return Sample(scene.pixels, truth, (), tuple(tuple(map(tuple, face[2:].tolist())) for face in scene.faces))


def box_of(face: Faces) -> Box:
    """The box of a face (7, 2)."""
    (x, y), (width, height) = face[:2].tolist()
    return Box(x - width / 2, y - height / 2, width, height)


def keras_finder(model: Any, config: FinderConfig) -> Finder:
    """A finder that looks with a model of `network.with_rows`."""
    height, width = config.height, config.width
    grids = [(-(-height // level.stride), -(-width // level.stride)) for level in LEVELS]
    ends = np.cumsum([rows * columns for rows, columns in grids])[:-1]

    def run(pixels: Image) -> list[tuple[Floats, Floats]]:
        rows = model.predict_on_batch(pixels[np.newaxis, ..., np.newaxis].astype(np.float32))[0]
        tables = [part.reshape(*grid, 1 + NUMBERS) for part, grid in zip(np.split(rows, ends), grids, strict=True)]
        return [(table[..., :1], table[..., 1:]) for table in tables]

    return Finder(run, LEVELS, height, width, even_light=config.even_light)


@contextmanager
def averaged(model: Any, batches: list[Batch]) -> Iterator[None]:
    """The model with the running average as its weights, settled on `batches`, for as long as the block lasts."""
    with running_average(model):
        settle_normalisation(model, (pixels.astype(np.float32) for pixels, _ in batches))
        yield
