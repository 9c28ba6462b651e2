"""Small clips and pictures whose frames can be told apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mien_models.preprocess import Image

STEP = 20
"""Difference in brightness between two frames: far more than a codec changes."""


def plain(number: int, height: int = 48, width: int = 64) -> Image:
    """The frame with this number (0 to 12), all of one brightness."""
    return np.full((height, width, 3), STEP // 2 + STEP * number, np.uint8)


def number_in(image: Image) -> int:
    return int(image.mean()) // STEP


def write_clip(path: Path, frames: int = 10, fps: float = 10.0) -> Path:
    """A clip in the format of the suffix: .avi (MJPG), .mp4, .mkv, .gif."""
    if path.suffix == ".gif":
        animation = cv2.Animation()
        animation.frames = [plain(number) for number in range(frames)]
        animation.durations = np.full(frames, round(1000 / fps), np.int32)
        assert cv2.imwriteanimation(str(path), animation)
        return path
    codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), codec, fps, (64, 48))
    assert writer.isOpened()
    for number in range(frames):
        writer.write(plain(number))
    writer.release()
    return path


def write_picture(path: Path, number: int = 0) -> Path:
    assert cv2.imwrite(str(path), plain(number))
    return path
