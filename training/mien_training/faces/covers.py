"""What hides a part of a face: masks, hands, glasses, hats, and the dark side of a lamp."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Image
from mien_training.faces.material import Faces

Place = Callable[[float, float], npt.NDArray[np.float64]]
"""From a place in the face (right, down, in halves of its width and height) to the picture's pixels."""


def cover_face(image: Image, face: Faces, rng: np.random.Generator) -> None:
    """Draw over the `face` (7, 2) in place, by chance: half of them stay free."""
    chance = rng.random()
    for cover, share in _COVERS:
        chance -= share
        if chance < 0:
            cover(image, face, _in_face(face), rng)
            return


def _mask(image: Image, face: Faces, at: Place, rng: np.random.Generator) -> None:
    """Over nose, mouth and chin."""
    top = rng.uniform(-0.05, 0.35)
    corners = [at(-1, top), at(0, top - rng.uniform(0, 0.2)), at(1, top), at(0.8, 0.9), at(0, 1.15), at(-0.8, 0.9)]
    _fill(image, corners, rng.uniform(10, 245))


def _block(image: Image, face: Faces, at: Place, rng: np.random.Generator) -> None:
    """Something flat and upright before the lower half, such as a book or a cup."""
    (x, y), (wide, high) = face[0], face[1]
    top = int(y + high * rng.uniform(-0.05, 0.2))
    left, right = int(x - wide * rng.uniform(0.4, 0.8)), int(x + wide * rng.uniform(0.4, 0.8)) + 1
    part = image[max(0, top) : int(y + high * rng.uniform(0.45, 0.8)) + 1, max(0, left) : max(0, right)]
    if not part.size:
        return
    if rng.random() < 0.5:
        part[:] = rng.integers(256)
    else:  # a piece of the picture itself
        up, aside = (
            rng.integers(0, image.shape[0] - part.shape[0] + 1),
            rng.integers(0, image.shape[1] - part.shape[1] + 1),
        )
        part[:] = image[up : up + part.shape[0], aside : aside + part.shape[1]].copy()


def _hand(image: Image, face: Faces, at: Place, rng: np.random.Generator) -> None:
    """Fingers of the face's own brightness across a part of it."""
    tone = _brightness(image, at) * rng.uniform(0.75, 1.25)
    thick = max(1, round(float(face[1, 0]) * rng.uniform(0.14, 0.24)))
    start = np.array([rng.uniform(-1.2, 1.2), rng.uniform(0.1, 1.5)])
    end = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.2, 0.9)])
    across = np.array([-(end - start)[1], (end - start)[0]])
    across *= 0.42 / max(0.1, float(np.hypot(*across)))
    for finger in range(int(rng.integers(1, 5))):
        side = across * (finger - 1.5)
        points = [tuple(np.rint(at(*(place + side))).astype(int).tolist()) for place in (start, end)]
        cv2.line(image, points[0], points[1], float(np.clip(tone * (1 - 0.06 * finger), 0, 255)), thick, cv2.LINE_AA)


def _glasses(image: Image, face: Faces, at: Place, rng: np.random.Generator) -> None:
    """Dark, over both eyes."""
    tone, radius = rng.uniform(0, 70), max(1, round(float(face[1, 0]) * rng.uniform(0.13, 0.2)))
    eyes = [tuple(np.rint(point).astype(int).tolist()) for point in face[2:4]]
    cv2.line(image, eyes[0], eyes[1], tone, max(1, radius // 3), cv2.LINE_AA)
    for eye in eyes:
        cv2.circle(image, eye, radius, tone, -1, cv2.LINE_AA)


def _hat(image: Image, face: Faces, at: Place, rng: np.random.Generator) -> None:
    """Down to the brows."""
    brim = rng.uniform(-0.8, -0.45)
    _fill(image, [at(-1.2, brim), at(1.2, brim), at(1, -1.5), at(-1, -1.5)], rng.uniform(5, 230))


def _shadow(image: Image, face: Faces, at: Place, rng: np.random.Generator) -> None:
    """One half lies in the dark, as of somebody beside a window or a screen."""
    side = rng.choice([-1.0, 1.0])
    inner, outer = side * rng.uniform(-0.2, 0.2), side * 1.6
    shade = np.ones(image.shape, np.float32)
    _fill(
        shade,
        [at(inner, -1.6), at(outer, -1.6), at(outer, 1.6), at(inner, 1.6)],
        float(np.exp(rng.uniform(np.log(0.08), np.log(0.5)))),
    )
    edge = rng.uniform(0.02, 0.15) * float(face[1, 0])  # of a lamp it is sharp, of a window soft
    shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), max(0.3, edge)), np.float32)
    image[:] = cv2.multiply(image, shade, dtype=cv2.CV_8U)


def _fill(image: Image | npt.NDArray[np.float32], corners: list[npt.NDArray[np.float64]], tone: float) -> None:
    cv2.fillPoly(image, [np.rint(np.stack(corners)).astype(np.int32)], tone, cv2.LINE_AA)


def _in_face(face: Faces) -> Place:
    """The face's own axes: along the line from the middle of the eyes to that of the mouth."""
    centre, size = face[0].astype(np.float64), face[1].astype(np.float64)
    down = (face[5] + face[6] - face[2] - face[3]).astype(np.float64)
    length = float(np.hypot(*down))
    down = down / length if length > 1e-3 else np.array([0.0, 1.0])
    right = np.array([down[1], -down[0]])
    return lambda x, y: centre + right * (x * size[0] / 2) + down * (y * size[1] / 2)


def _brightness(image: Image, at: Place) -> float:
    x, y = np.rint(at(0, 0)).astype(int)
    part = image[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
    return float(part.mean()) if part.size else 128.0


_COVERS = ((_mask, 0.08), (_block, 0.1), (_hand, 0.1), (_glasses, 0.04), (_hat, 0.04), (_shadow, 0.2))
