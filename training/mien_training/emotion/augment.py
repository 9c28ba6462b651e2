"""Augmentation: what cameras, lenses and face finders do to a face, and simpler kinds for the earlier systems."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import FACE_SIZE

Pixels = npt.NDArray[np.float32]

_ROTATION = 0.15  # radians, standard deviation
_ZOOM = 0.2  # scale between e^-.2 and e^.2: face finders' boxes differ that much
_SHIFT = 5.0  # pixels either way
_FRAMED_SHARE = 0.5  # of the faces, where it is known how a finder frames them
_SURROUNDED_SHARE = 0.5  # of the faces: something else begins where the picture of the face ends
_SOFT_EDGE = 3.0  # pixels at most, standard deviation of the blur between the two
_CONTRAST = 0.2  # standard deviation of the logarithm
_BRIGHTNESS = 15.0  # grey levels, standard deviation
_NOISE = 5.0  # grey levels, standard deviation of the noise's own standard deviation
_BLUR_SHARE = 0.1  # of the faces: seen from afar, 20 to 40 px wide
_ERASE_SHARE = 0.5  # of the faces
_ERASE_MAX = 16  # pixels
_PLAIN_ZOOM = 0.1  # scale between .9 and 1.1
_PLAIN_SHIFT = 0.1  # of the face's side, either way
_PLAIN_NOISE = 8.0  # grey levels
_SOFT = 0.8  # pixels, standard deviation of the blur
_SOFTER = -0.7, 1.0  # how far from sharp to that blur; below 0 it is sharpened (an unsharp mask)


def augment(faces: npt.NDArray[np.uint8], rng: np.random.Generator, framing: Pixels | None = None) -> Pixels:
    """Each face (n, 48, 48) uint8 moved, relit, blurred, partly hidden: (n, 48, 48) float32 in 0…255.

    `framing` (m, 3) are crops of a face finder, see `framing.measure`: half of the faces are moved as in one of them.
    """
    beside = np.roll(faces, 1, axis=0)
    moved = np.stack([_blur(_move(face, other, rng, framing), rng) for face, other in zip(faces, beside, strict=True)])
    moved = moved.astype(np.float32)
    n = len(moved)
    contrast = np.exp(rng.normal(0, _CONTRAST, (n, 1, 1)))
    brightness = rng.normal(0, _BRIGHTNESS, (n, 1, 1))
    mean = moved.mean(axis=(1, 2), keepdims=True)
    spread = np.abs(rng.normal(0, _NOISE, (n, 1, 1))).astype(np.float32)
    lit = (moved - mean) * contrast + mean + brightness + rng.standard_normal(moved.shape, np.float32) * spread
    for face in lit:
        _erase(face, rng)
    return np.asarray(np.clip(lit, 0, 255), np.float32)


def shift_zoom_flip(faces: npt.NDArray[np.uint8], rng: np.random.Generator, framing: Pixels | None = None) -> Pixels:
    """Each face (n, 48, 48) zoomed and shifted by up to a tenth, mirrored half of the time: (n, 48, 48) float32.

    What the earlier systems' image generators did; they name the kinds, not the amounts. `framing` as for `augment`.
    """

    def change(face: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        scale = rng.uniform(1 - _PLAIN_ZOOM, 1 + _PLAIN_ZOOM)
        shift = rng.uniform(-_PLAIN_SHIFT, _PLAIN_SHIFT, 2) * FACE_SIZE
        mirrored = np.diag([rng.choice((-1.0, 1.0)), 1.0])
        crop = _some_crop(framing, rng)
        return warp(face, scale * mirrored, shift) if crop is None else warp(face, *_framed(crop, mirrored))

    return np.stack([change(face) for face in faces]).astype(np.float32)


def augment_half(faces: npt.NDArray[np.uint8], rng: np.random.Generator, framing: Pixels | None = None) -> Pixels:
    """About half of the faces (n, 48, 48) as `augment` makes them, the others as `shift_zoom_flip`: (n, 48, 48) float32.

    A small network that sees nothing but hard faces learns the easy ones less well than it could; one that sees nothing but
    easy ones changes its answer when the crop moves.
    """
    changed = shift_zoom_flip(faces, rng, framing)
    chosen = np.flatnonzero(rng.random(len(faces)) < 0.5)
    if len(chosen):
        changed[chosen] = augment(faces[chosen], rng, framing)
    return changed


def shift_zoom_flip_focus(
    faces: npt.NDArray[np.uint8], rng: np.random.Generator, framing: Pixels | None = None
) -> Pixels:
    """Each face (n, 48, 48) as `shift_zoom_flip` moves it, sharper or softer: (n, 48, 48) float32 in 0…255.

    A lens is in focus or not, and whoever moves a picture by half a pixel blurs it. To a network that has seen faces of one
    sharpness alone, another one says more than a move by four pixels.
    """
    moved = shift_zoom_flip(faces, rng, framing)
    soft = np.stack([cv2.GaussianBlur(face, (0, 0), _SOFT) for face in moved])
    softer = rng.uniform(*_SOFTER, (len(moved), 1, 1)).astype(np.float32)
    return np.asarray(np.clip(moved + softer * (soft - moved), 0, 255), np.float32)


def add_noise(faces: npt.NDArray[np.uint8], rng: np.random.Generator) -> Pixels:
    """Each face (n, 48, 48) with normal noise on its pixels, and nothing else: (n, 48, 48) float32 in 0…255."""
    return np.clip(faces + _PLAIN_NOISE * rng.standard_normal(faces.shape, np.float32), 0, 255).astype(np.float32)


def unchanged(faces: npt.NDArray[np.uint8], rng: np.random.Generator) -> Pixels:
    """The faces as they are, in float32."""
    return faces.astype(np.float32)


AUGMENTATIONS: dict[str, Callable[..., Pixels]] = {
    "camera": augment,
    "camera-half": augment_half,
    "generator": shift_zoom_flip,
    "focus": shift_zoom_flip_focus,
    "noise": add_noise,
    "none": unchanged,
}


def warp(
    face: npt.NDArray[np.uint8],
    linear: npt.NDArray[np.floating],
    shift: npt.NDArray[np.floating],
    border: int = cv2.BORDER_REPLICATE,
) -> npt.NDArray[np.uint8]:
    """The face (48, 48) mapped about its centre by `linear` (2, 2), then shifted by pixels (2,).

    `border` is OpenCV's word for what lies beyond it: its border repeated, or BORDER_CONSTANT for 0.
    """
    centre = np.full(2, (FACE_SIZE - 1) / 2)
    matrix = np.column_stack([linear, centre - linear @ centre + shift])
    return np.asarray(cv2.warpAffine(face, matrix, (FACE_SIZE, FACE_SIZE), borderMode=border), np.uint8)


def _move(
    face: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8], rng: np.random.Generator, framing: Pixels | None = None
) -> npt.NDArray[np.uint8]:
    """Rotated, scaled and shifted about its centre, mirrored half of the time, often with a piece of `other` around it."""
    angle, scale, shift = rng.normal(0, _ROTATION), np.exp(rng.uniform(-_ZOOM, _ZOOM)), rng.uniform(-_SHIFT, _SHIFT, 2)
    crop = _some_crop(framing, rng)
    mirror = rng.choice((-1.0, 1.0))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    linear, moved_by = (scale * turned, shift) if crop is None else _framed(crop, turned)
    moved = warp(face, linear, moved_by)
    return _surround(moved, other, linear, moved_by, rng) if rng.random() < _SURROUNDED_SHARE else moved


def _some_crop(framing: Pixels | None, rng: np.random.Generator) -> Pixels | None:
    """A row of `framing` for half of the faces, where it is known."""
    if framing is None or rng.random() >= _FRAMED_SHARE:
        return None
    return np.asarray(framing[rng.integers(len(framing))])


def _framed(
    crop: Pixels, turned: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """What `warp` wants, for a face that is `turned` (2, 2) to fill the picture as the crop cuts it out."""
    linear = turned / crop[2]
    return linear, -linear @ crop[:2] * FACE_SIZE


def _surround(
    moved: npt.NDArray[np.uint8],
    other: npt.NDArray[np.uint8],
    linear: npt.NDArray[np.floating],
    shift: npt.NDArray[np.floating],
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """The face with a piece of `other`, large and coarse, where `warp` had to repeat its border.

    The data set cuts its faces tight, and in front of a camera the crop around one is not all face: a network that has seen
    nothing but repeated borders is put off by whatever is there (`benchmarks/faces_emotion.py` measures how much).
    """
    side = int(rng.integers(6, 25))
    left, top = rng.integers(0, FACE_SIZE - side, 2)
    around = cv2.resize(other[top : top + side, left : left + side], (FACE_SIZE, FACE_SIZE)).astype(np.float32)
    inside = np.zeros((FACE_SIZE, FACE_SIZE), np.uint8)
    margin = int(rng.integers(1, 4))
    inside[margin:-margin, margin:-margin] = 255
    share = warp(inside, linear, shift, cv2.BORDER_CONSTANT).astype(np.float32) / 255
    share = np.asarray(cv2.GaussianBlur(share, (0, 0), rng.uniform(0.3, _SOFT_EDGE)), np.float32)
    return np.asarray(np.rint(around + share * (moved - around)), np.uint8)


def _blur(face: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Now and then as coarse as a face far from the camera."""
    if rng.random() >= _BLUR_SHARE:
        return face
    side = int(rng.integers(20, 41))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _erase(face: npt.NDArray[np.floating], rng: np.random.Generator) -> None:
    """Hide a box of the face, in place: hands, microphones, hair (random erasing, Zhong et al. 2020)."""
    if rng.random() >= _ERASE_SHARE:
        return
    width, height = rng.integers(4, _ERASE_MAX + 1, 2)
    left, top = rng.integers(0, FACE_SIZE - width), rng.integers(0, FACE_SIZE - height)
    face[top : top + height, left : left + width] = rng.uniform(0, 255)
