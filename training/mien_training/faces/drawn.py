"""Skulls, smileys and other drawings that look like faces and are none: prints on shirts, signs, toys.

Photographs of such things are rare in the material, and a shirt walks through the room all day. Drawn, there are any number.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Image
from mien_training.faces.material import Faces, Picture

Place = npt.NDArray[np.float64]
"""x and y in pixels."""

_HEIGHT, _WIDTH = 150, 130
_BOX = np.array([[_WIDTH / 2, _HEIGHT / 2], [_WIDTH * 0.62, _HEIGHT * 0.72], *[[0, 0]] * 5], np.float32)


def drawn_faces(count: int, seed: int) -> list[Picture]:
    """Drawings, each with itself as its trap."""
    nothing: Faces = np.zeros((0, 7, 2), np.float32)
    rng = np.random.default_rng(seed)
    return [Picture(f"drawn/{number}", _draw(rng), nothing, nothing, _BOX[None]) for number in range(count)]


def _draw(rng: np.random.Generator) -> Image:
    ground, bone = _two_tones(rng)
    image = np.full((_HEIGHT, _WIDTH), ground, np.uint8)
    holes = ground + (bone - ground) * rng.uniform(-0.1, 0.25)
    middle = np.array([_WIDTH / 2, _HEIGHT * rng.uniform(0.42, 0.5)])
    wide, high = _WIDTH * rng.uniform(0.28, 0.36), _HEIGHT * rng.uniform(0.26, 0.4)
    _ellipse(image, middle, (wide, high), 0, bone)
    if rng.random() < 0.7:
        _jaw(image, middle, wide, high, bone, rng)
    _eyes(image, middle, wide, high, (bone, holes), rng)
    if rng.random() < 0.75:
        _nose(image, _off(middle, 0, high * rng.uniform(0.25, 0.5)), wide, holes, rng)
    _mouth(image, _off(middle, 0, high * rng.uniform(0.75, 1.0)), wide, (bone, holes), rng)
    if rng.random() < 0.5:
        _letters(image, bone, rng)
    grain = rng.normal(0, rng.uniform(0, 14), image.shape)
    soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.5))
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def _two_tones(rng: np.random.Generator) -> tuple[float, float]:
    """Of the ground and of what is drawn on it, far enough apart; a pale drawing on dark cloth most often."""
    dark, light = rng.uniform(5, 110), rng.uniform(140, 250)
    return (dark, light) if rng.random() < 0.75 else (light, dark)


def _jaw(image: Image, middle: Place, wide: float, high: float, tone: float, rng: np.random.Generator) -> None:
    bottom = middle[1] + high * rng.uniform(1.15, 1.5)
    broad = wide * rng.uniform(0.4, 0.75)
    x, y = middle
    corners = [
        (x - wide * 0.85, y + high * 0.4),
        (x + wide * 0.85, y + high * 0.4),
        (x + broad, bottom),
        (x - broad, bottom),
    ]
    cv2.fillPoly(image, [np.rint(corners).astype(np.int32)], tone, cv2.LINE_AA)


def _eyes(
    image: Image, middle: Place, wide: float, high: float, tones: tuple[float, float], rng: np.random.Generator
) -> None:
    """Sockets, slanted or not, now and then with a spark in them; or dots."""
    bone, hole = tones
    apart, up = wide * rng.uniform(0.36, 0.5), high * rng.uniform(-0.15, 0.25)
    size = (wide * rng.uniform(0.12, 0.38), high * rng.uniform(0.1, 0.3))
    slant = rng.uniform(-30, 30)
    spark = rng.random() < 0.4
    for side in (-1, 1):
        place = _off(middle, side * apart, -up)
        _ellipse(image, place, size, side * slant, hole)
        if spark:
            _ellipse(image, place, (size[0] * 0.35, size[1] * 0.3), 0, bone)


def _nose(image: Image, at: Place, wide: float, tone: float, rng: np.random.Generator) -> None:
    half, tall = wide * rng.uniform(0.08, 0.2), wide * rng.uniform(0.15, 0.4)
    if rng.random() < 0.5:
        corners = [_off(at, 0, -tall), _off(at, half, tall / 2), _off(at, -half, tall / 2)]
        cv2.fillPoly(image, [np.rint(corners).astype(np.int32)], tone, cv2.LINE_AA)
    else:
        for side in (-1, 1):
            _ellipse(image, _off(at, side * half * 0.7, 0), (half * 0.45, tall / 2), side * 15, tone)


def _mouth(image: Image, at: Place, wide: float, tones: tuple[float, float], rng: np.random.Generator) -> None:
    """A row of teeth, a smile, a hole, or none."""
    bone, hole = tones
    kind, half = rng.random(), wide * rng.uniform(0.35, 0.75)
    if kind < 0.55:
        tall = wide * rng.uniform(0.12, 0.3)
        low, high = np.rint(_off(at, -half, -tall)).astype(int), np.rint(_off(at, half, tall)).astype(int)
        cv2.rectangle(image, low.tolist(), high.tolist(), hole, -1)
        for x in np.linspace(low[0], high[0], int(rng.integers(4, 10)))[:-1]:
            gap = max(2, int(half / 6))
            cv2.rectangle(image, (int(x) + 1, int(low[1]) + 1), (int(x) + gap, int(high[1]) - 1), bone, -1)
        if rng.random() < 0.5:
            cv2.line(image, (int(low[0]), int(at[1])), (int(high[0]), int(at[1])), hole, 2)
    elif kind < 0.8:
        axes = (max(2, int(half)), max(2, int(half * rng.uniform(0.3, 0.8))))
        start = 0 if rng.random() < 0.8 else 180
        cv2.ellipse(image, np.rint(at).astype(int).tolist(), axes, 0, start, start + 180, hole, int(rng.integers(2, 6)))
    elif kind < 0.9:
        _ellipse(image, at, (half * 0.6, half * 0.4), 0, hole)


def _letters(image: Image, tone: float, rng: np.random.Generator) -> None:
    text = "".join(rng.choice(list("ABEHKMNRSTWX"), int(rng.integers(3, 8))))
    top = rng.random() < 0.6
    place = (int(rng.integers(0, 30)), int(rng.integers(16, 28)) if top else _HEIGHT - int(rng.integers(2, 10)))
    cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.6, 1.1), tone, int(rng.integers(2, 5)))


def _ellipse(image: Image, middle: Place, axes: tuple[float, float], angle: float, tone: float) -> None:
    sizes = max(1, round(axes[0])), max(1, round(axes[1]))
    cv2.ellipse(image, np.rint(middle).astype(int).tolist(), sizes, angle, 0, 360, tone, -1, cv2.LINE_AA)


def _off(place: Place, right: float, down: float) -> Place:
    moved: Place = place + np.array([right, down])
    return moved
