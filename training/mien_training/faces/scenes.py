"""Scenes to learn from: faces and things, of any size, place, tilt and light, put together from the material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Image, brighten
from mien_training.faces.covers import cover_face
from mien_training.faces.drawn import drawn_faces
from mien_training.faces.light import spoil
from mien_training.faces.masks import MASKS
from mien_training.faces.material import Faces, Material, Picture

SMALLEST = 8.0
"""Height in pixels of the network's input of the smallest face."""
_CROWD = 14
_EMPTY, _CROWDED, _NATURAL = 0.22, 0.1, 0.3
"""Shares of the scenes without a face, with a crowd, and, of the others, in a whole picture with faces."""
_LEAST_SEEN = 0.55
"""A face of which less lies in the picture is ignored."""
_SHAPES = ((3 / 4, 0.35), (9 / 16, 0.15), (1.2, 0.08))
"""Height to width of the picture inside the letterbox, each with its share; else it fills the input."""

_DRAWN = 400
_DRAWN_SHARE, _TRAP_SHARE = 0.2, 0.65
"""Of the things: drawings, and those together with what finders fell for."""

Matrix = npt.NDArray[np.float64]
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture as the network is fed, with its truth."""

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
        canvas = _Canvas(height, width)
        kind = rng.random()
        natural = kind > _EMPTY and rng.random() < _NATURAL
        self._background(canvas, self._material.with_faces if natural else self._material.without, rng)
        for _ in range(int(rng.integers(0, 3))):
            self._paste_thing(canvas, rng)
        if kind > _EMPTY and not (natural and rng.random() < 0.5):
            crowded = kind > 1 - _CROWDED
            count = int(rng.integers(4, _CROWD)) if crowded else 1 + int(rng.geometric(0.6) - 1)
            for _ in range(min(count, _CROWD)):
                self._paste_face(canvas, rng, 0.3 * height if crowded else 0.95 * height)
        for face in canvas.faces:
            cover_face(canvas.pixels, face, rng)
        if rng.random() < 0.35:
            self._paste_thing(canvas, rng)  # in front of somebody, perhaps
        pixels = np.zeros((self._height, self._width), np.uint8)
        pixels[:height, :width] = brighten(spoil(canvas.pixels, rng))
        return Scene(pixels, _stacked(canvas.faces), _stacked(canvas.ignored))

    def _canvas_size(self, rng: np.random.Generator) -> tuple[int, int]:
        chance = rng.random()
        for shape, share in _SHAPES:
            chance -= share
            if chance < 0:
                scale = min(self._height / shape, self._width)
                return round(scale * shape), round(scale)
        return self._height, self._width

    def _background(self, canvas: _Canvas, pictures: list[Picture], rng: np.random.Generator) -> None:
        """A part of one of the pictures that fills the scene."""
        picture = _pick(pictures, rng)
        height, width = picture.pixels.shape
        least = max(canvas.height / height, canvas.width / width)
        scale = least * np.exp(rng.uniform(0, 1.2))
        spare_x, spare_y = width * scale - canvas.width, height * scale - canvas.height
        matrix = np.array([[scale, 0, -rng.uniform(0, spare_x)], [0, scale, -rng.uniform(0, spare_y)]])
        if rng.random() < 0.5:
            matrix = _mirrored(matrix, width)
        canvas.fill(picture, matrix)

    def _paste_thing(self, canvas: _Canvas, rng: np.random.Generator) -> None:
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
        matrix = _placed(centre, size / side, _roll(rng), _somewhere(canvas, rng), mirrored=rng.random() < 0.5)
        canvas.paste(picture, matrix, centre, np.array([0.8 * side, side]), rng)

    def _paste_face(self, canvas: _Canvas, rng: np.random.Generator, largest: float) -> None:
        picture = _pick(self._material.with_faces, rng)
        face = picture.faces[rng.integers(len(picture.faces))]
        size = _log_uniform(rng, SMALLEST, max(1.5 * SMALLEST, largest))
        # Blowing a poor face up teaches what blurred blocks look like.
        size = min(size, 1.8 * float(face[1, 1]))
        matrix = _placed(
            face[0], size / float(face[1, 1]), _roll(rng), _somewhere(canvas, rng, size), mirrored=rng.random() < 0.5
        )
        canvas.paste(picture, matrix, face[0], face[1], rng)


class _Canvas:
    """A scene in the making."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.pixels: Image = np.zeros((height, width), np.uint8)
        self.faces: list[Faces] = []
        self.ignored: list[Faces] = []

    def fill(self, picture: Picture, matrix: Matrix) -> None:
        """Make the picture the background."""
        source, moved = _at_scale(picture, matrix)
        size = self.width, self.height
        self.pixels = np.asarray(
            cv2.warpAffine(source, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8
        )
        self._take_in(picture, matrix, np.ones((self.height, self.width), np.float32), 0, 0)

    def paste(
        self, picture: Picture, matrix: Matrix, centre: npt.ArrayLike, size: npt.ArrayLike, rng: np.random.Generator
    ) -> None:
        """Lay in what surrounds a box of the picture, cut out along one of `MASKS`, unless it would half hide a face."""
        mask = MASKS[rng.integers(len(MASKS))]
        reach = np.asarray(size) * rng.uniform(1.15, 2.4)  # of the surroundings, in the picture's pixels
        cut = _mask_matrix(mask.shape[0], np.asarray(centre), reach)
        onto = _joined(matrix, cut)
        corners = cv2.transform(np.array([[[0, 0], [1, 0], [0, 1], [1, 1]]], np.float64) * mask.shape[0], onto)[0]
        left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
        right, bottom = np.minimum(np.ceil(corners.max(axis=0)) + 1, (self.width, self.height)).astype(int)
        if right - left < 2 or bottom - top < 2:
            return
        shift = np.array([[0, 0, left], [0, 0, top]], np.float64)
        source, moved = _at_scale(picture, matrix - shift)
        where = right - left, bottom - top
        alpha = np.asarray(cv2.warpAffine(mask, onto - shift, where, flags=cv2.INTER_LINEAR), np.float32)
        inside = np.full(source.shape, 1, np.float32)
        if rng.random() < 0.7:  # the picture ends where it ends; else its border is repeated
            alpha *= cv2.warpAffine(inside, moved, where, flags=cv2.INTER_LINEAR)
        if self._hides(alpha, left, top):
            return
        laid = cv2.warpAffine(source, moved, where, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        part = self.pixels[top:bottom, left:right]
        part[:] = np.rint(part + alpha * (np.asarray(laid, np.float32) - part)).astype(np.uint8)
        self._take_in(picture, matrix, alpha, left, top)

    def _hides(self, alpha: npt.NDArray[np.float32], left: int, top: int) -> bool:
        """Whether what is laid in would take more than a tenth of a face that is there."""
        for face in self.faces:
            (x, y), (wide, high) = face[0] - (left, top), face[1]
            rows = slice(max(0, int(y - high / 2)), max(0, int(y + high / 2) + 1))
            columns = slice(max(0, int(x - wide / 2)), max(0, int(x + wide / 2) + 1))
            if alpha[rows, columns].sum() > 0.1 * wide * high:
                return True
        return False

    def _take_in(self, picture: Picture, matrix: Matrix, alpha: npt.NDArray[np.float32], left: int, top: int) -> None:
        """Note the faces that came along with a picture, as far as they were not cut away."""
        for faces, sure in ((picture.faces, True), (picture.ignored, False)):
            for face in _moved(faces, matrix):
                seen = _seen(face, alpha, left, top)
                if sure and seen >= _LEAST_SEEN and face[1, 1] >= 0.75 * SMALLEST:
                    self.faces.append(face)
                elif seen > 0.1:
                    self.ignored.append(face)


def _seen(face: Faces, alpha: npt.NDArray[np.float32], left: int, top: int) -> float:
    """The share of a face's box that was laid in."""
    low, high = face[0] - face[1] / 2 - (left, top), face[0] + face[1] / 2 - (left, top)
    (x1, y1), (x2, y2) = np.maximum(np.rint(low), 0).astype(int), np.maximum(np.rint(high), 0).astype(int)
    return float(alpha[y1:y2, x1:x2].sum() / max(1.0, np.prod(np.rint(high) - np.rint(low))))


def _moved(faces: Faces, matrix: Matrix) -> Faces:
    """Faces of a picture where `matrix` takes them. Their boxes go round an ellipse that turns with the face."""
    if not len(faces):
        return faces
    moved = faces.copy()
    linear = matrix[:, :2]
    points = faces[:, [0, 2, 3, 4, 5, 6]] @ linear.T + matrix[:, 2]
    if np.linalg.det(linear) < 0:
        points = points[:, [0, 2, 1, 3, 5, 4]]  # mirrored, the left eye is the right one
    moved[:, [0, 2, 3, 4, 5, 6]] = points
    moved[:, 1] = np.sqrt((faces[:, 1] ** 2) @ (linear.T**2))
    return moved.astype(np.float32)


def _placed(centre: npt.ArrayLike, scale: float, roll: float, at: npt.ArrayLike, *, mirrored: bool) -> Matrix:
    """The similarity that takes `centre` to `at`, turned by `roll` degrees."""
    sine, cosine = np.sin(np.radians(roll)) * scale, np.cos(np.radians(roll)) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear[:, 0] *= -1
    return np.column_stack([linear, np.asarray(at) - linear @ np.asarray(centre)])


def _at_scale(picture: Picture, matrix: Matrix) -> tuple[Image, Matrix]:
    """The picture shrunk ahead of a shrinking `matrix`, which would skip pixels, and the matrix from there."""
    source, shrunk = picture.at_scale(float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    moved = matrix.copy()
    moved[:, :2] /= shrunk
    return source, moved


def _mask_matrix(size: int, centre: npt.NDArray[Any], reach: npt.NDArray[Any]) -> Matrix:
    """From a mask's pixels to the picture's, `reach` wide and high about `centre`."""
    scale = reach / size
    return np.array([[scale[0], 0, centre[0] - reach[0] / 2], [0, scale[1], centre[1] - reach[1] / 2]], np.float64)


def _joined(second: Matrix, first: Matrix) -> Matrix:
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def _mirrored(matrix: Matrix, width: int) -> Matrix:
    return _joined(matrix, np.array([[-1.0, 0, width - 1], [0, 1, 0]]))


def _somewhere(canvas: _Canvas, rng: np.random.Generator, size: float = 0.0) -> npt.NDArray[np.float64]:
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
