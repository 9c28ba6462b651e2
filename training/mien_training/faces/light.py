"""What light, lens and wire do to a scene: contrast, side light, darkness, blur, noise, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Image


def spoil(image: Image, rng: np.random.Generator) -> Image:
    """The grey picture as a camera in a home might see it: each fault by chance, most pictures with few."""
    if rng.random() < 0.08:
        image = _coarse(image, rng)
    image = _toned(image, rng)
    if rng.random() < 0.25:
        image = _side_light(image, rng)
    if rng.random() < 0.2:
        image = blurred(image, rng)
    if rng.random() < 0.16:
        image = _dark(image, rng)
    elif rng.random() < 0.3:
        image = _noisy(image, rng.uniform(1, 8), rng)
    if rng.random() < 0.1:
        image = _jpeg(image, int(rng.integers(8, 50)))
    return image


def blurred(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, or moved while the shutter was open."""
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    length = int(rng.integers(2, 6))
    kernel = np.zeros((length, length), np.float32)
    ends = (0, int(rng.integers(length))), (length - 1, int(rng.integers(length)))
    cv2.line(kernel, *ends, 1.0)
    if rng.random() < 0.5:
        kernel = kernel.T.copy()
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def _toned(image: Image, rng: np.random.Generator) -> Image:
    """Other gamma, contrast and brightness, in one table."""
    values = np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.7, 0.7))
    low, high = rng.uniform(0, 0.25), rng.uniform(0.6, 1.1)
    return _through(image, 255 * (low + (high - low) * values))


def _dark(image: Image, rng: np.random.Generator) -> Image:
    dark = _through(image, np.arange(256) * np.exp(rng.uniform(np.log(0.09), np.log(0.45))))
    # Of the sensor's noise a quarter to a half is left when a camera's picture is shrunk to the network's.
    return _noisy(dark, rng.uniform(0.3, 5), rng)


def _side_light(image: Image, rng: np.random.Generator) -> Image:
    """Light that falls off across the picture, as from a window or a lamp."""
    height, width = image.shape
    angle, least, power = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.5), rng.uniform(0.7, 2)
    across = np.cos(angle) * np.linspace(-1, 1, width)[None] + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
    share = np.clip(across / (abs(np.cos(angle)) + abs(np.sin(angle))) / 2 + 0.5, 0, 1).astype(np.float32)
    return np.asarray(cv2.multiply(image, (least + (1.05 - least) * share**power), dtype=cv2.CV_8U), np.uint8)


def _noisy(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Sensor noise. A strip of noise is drawn once and laid over the rows at random offsets: drawing it all takes longer."""
    strip = (rng.standard_normal(image.size // 4 + image.shape[1]) * sigma).astype(np.float32)
    starts = rng.integers(0, len(strip) - image.shape[1] + 1, image.shape[0])
    noise = strip[starts[:, None] + np.arange(image.shape[1])]
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)


def _coarse(image: Image, rng: np.random.Generator) -> Image:
    scale = rng.uniform(0.4, 0.8)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _jpeg(image: Image, quality: int) -> Image:
    encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def _through(image: Image, table: npt.NDArray[np.float64]) -> Image:
    return np.asarray(cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8)), np.uint8)
