"""Scenes to learn from: faces and things, of any size, place, tilt and light, put together from the material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Image, brighten
from mien_training.faces.canvas import SMALLEST, Canvas
from mien_training.faces.covers import cover_face
from mien_training.faces.drawn import drawn_faces
from mien_training.faces.geometry import mirrored, placed, turned
from mien_training.faces.light import spoil
from mien_training.faces.material import Faces, Material, Picture

_CROWD = 14
_EMPTY, _CROWDED, _NATURAL = 0.22, 0.1, 0.3
"""Shares of the scenes without a face, with a crowd, and, of the others, in a whole picture with faces."""
_TILTED = 0.3
"""Share of the scenes whose background is turned; where it ends then, its border is repeated."""
_LEAST_CONTRAST = 5.0
"""Standard deviation of the grey levels within a face's box, without noise: with less nobody would see it, so it is ignored."""
_SHAPES = ((3 / 4, 0.35), (9 / 16, 0.15), (1.2, 0.08))
"""Height to width of the picture inside the letterbox, each with its share; else it fills the input."""

_DRAWN = 400
_DRAWN_SHARE, _TRAP_SHARE = 0.2, 0.65
"""Of the things: drawings, and those together with what finders fell for."""

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture of the network's size, with its truth."""

    pixels: Image
    faces: Faces
    ignored: Faces


class SceneMaker:
    """Draws scenes (height, width)."""

    def __init__(self, material: Material, height: int, width: int, mistakes: list[Picture] | None = None) -> None:
        """Make scenes of `material`; `mistakes` are pictures whose `traps` an earlier network fell into."""
        self._material = material
        self._height, self._width = height, width
        trapped = [p for p in (*material.with_faces, *material.without) if len(p.traps)]
        self._traps = [(p, trap) for p in [*trapped, *(mistakes or [])] for trap in p.traps]
        self._drawn = drawn_faces(_DRAWN, seed=0)

    def draw(self, rng: np.random.Generator) -> Scene:
        """A scene; everything in it follows from the state of `rng`."""
        height, width = self._canvas_size(rng)
        canvas = Canvas(height, width)
        kind = rng.random()
        natural = kind > _EMPTY and rng.random() < _NATURAL
        self._background(canvas, self._material.with_faces if natural else self._material.without, rng)
        for _ in range(int(rng.integers(0, 3))):
            self._paste_thing(canvas, rng)
        if kind > _EMPTY and not (natural and rng.random() < 0.5):
            crowded = kind > 1 - _CROWDED
            count = int(rng.integers(4, _CROWD)) if crowded else int(rng.geometric(0.6))
            for _ in range(min(count, _CROWD)):
                self._paste_face(canvas, rng, 0.3 * height if crowded else 0.95 * height)
        for face in canvas.faces:
            cover_face(canvas.pixels, face, rng)
        if rng.random() < 0.35:
            self._paste_thing(canvas, rng)  # in front of somebody, perhaps
        pixels = np.zeros((self._height, self._width), np.uint8)
        pixels[:height, :width] = brighten(spoil(canvas.pixels, rng))
        visible = [_contrast(pixels, face) >= _LEAST_CONTRAST for face in canvas.faces]
        faces = [face for face, there in zip(canvas.faces, visible, strict=True) if there]
        lost = [face for face, there in zip(canvas.faces, visible, strict=True) if not there]
        return Scene(pixels, _stacked(faces), _stacked([*canvas.ignored, *lost]))

    def _canvas_size(self, rng: np.random.Generator) -> tuple[int, int]:
        chance = rng.random()
        for shape, share in _SHAPES:
            chance -= share
            if chance < 0:
                scale = min(self._height / shape, self._width)
                return round(scale * shape), round(scale)
        return self._height, self._width

    def _background(self, canvas: Canvas, pictures: list[Picture], rng: np.random.Generator) -> None:
        """A part of one of the pictures that fills the scene."""
        picture = _pick(pictures, rng)
        height, width = picture.pixels.shape
        least = max(canvas.height / height, canvas.width / width)
        # A picture with faces is shown nearly whole, or they would be larger than the scene.
        scale = least * np.exp(rng.uniform(0, 0.4 if len(picture.faces) else 1.2))
        spare_x, spare_y = width * scale - canvas.width, height * scale - canvas.height
        matrix = np.array([[scale, 0, -rng.uniform(0, spare_x)], [0, scale, -rng.uniform(0, spare_y)]])
        if rng.random() < 0.5:
            matrix = mirrored(matrix, width)
        if rng.random() < _TILTED:
            matrix = turned(matrix, rng.uniform(-40, 40), (canvas.width / 2, canvas.height / 2))
        canvas.fill(picture, matrix)

    def _paste_thing(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """What is no face, laid in like one, lest the seam give faces away; most often something that looks like one."""
        size = _log_uniform(rng, 1.3 * SMALLEST, canvas.height)
        chance = rng.random()
        if chance < _DRAWN_SHARE:
            picture = _pick(self._drawn, rng)
            centre, side = picture.traps[0, 0], float(picture.traps[0, 1, 1])
        elif self._traps and chance < _TRAP_SHARE:
            picture, trap = _pick(self._traps, rng)
            centre, side = trap[0], float(trap[1, 1])
        else:
            picture = _pick(self._material.without, rng)
            height, width = picture.pixels.shape
            side = _log_uniform(rng, 0.15, 0.6) * min(height, width)
            centre = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        matrix = placed(centre, size / side, _roll(rng), _somewhere(canvas, rng), mirrored=rng.random() < 0.5)
        canvas.paste(picture, matrix, centre, np.array([0.8 * side, side]), rng)

    def _paste_face(self, canvas: Canvas, rng: np.random.Generator, largest: float) -> None:
        picture = _pick(self._material.with_faces, rng)
        face = picture.faces[rng.integers(len(picture.faces))]
        size = _log_uniform(rng, SMALLEST, max(1.5 * SMALLEST, largest))
        # Blowing a poor face up teaches what blurred blocks look like.
        size = min(size, 1.8 * float(face[1, 1]))
        matrix = placed(
            face[0], size / float(face[1, 1]), _roll(rng), _somewhere(canvas, rng, size), mirrored=rng.random() < 0.5
        )
        canvas.paste(picture, matrix, face[0], face[1], rng)


def _contrast(pixels: Image, face: Faces) -> float:
    low, high = np.rint(face[0] - face[1] / 2).astype(int), np.rint(face[0] + face[1] / 2).astype(int)
    part = pixels[max(0, low[1]) : max(0, high[1]), max(0, low[0]) : max(0, high[0])]
    return float(cv2.blur(part, (3, 3)).std()) if part.size else 0.0


def _somewhere(canvas: Canvas, rng: np.random.Generator, size: float = 0.0) -> npt.NDArray[np.float64]:
    """A place, now and then partly outside; a face that fills the picture about its middle."""
    margin = size * rng.choice([0.1, 0.4], p=[0.15, 0.85])
    low, high = np.full(2, margin), np.array([canvas.width, canvas.height]) - margin
    middle = np.array([canvas.width, canvas.height]) / 2
    return np.asarray(rng.uniform(np.minimum(low, middle - 3), np.maximum(high, middle + 3)))


def _roll(rng: np.random.Generator) -> float:
    """Degrees: mostly upright, often tilted up to 45, now and then lying or upside down."""
    chance = rng.random()
    if chance < 0.04:
        return float(rng.choice([90, 180, 270]) + rng.uniform(-20, 20))
    return float(rng.uniform(-45, 45) if chance < 0.5 else rng.normal(0, 8))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _pick(items: list[Item], rng: np.random.Generator) -> Item:
    return items[int(rng.integers(len(items)))]


def _stacked(faces: list[Faces]) -> Faces:
    return np.stack(faces) if faces else np.zeros((0, 7, 2), np.float32)
