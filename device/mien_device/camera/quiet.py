"""OpenCV and its FFmpeg write to standard error by themselves; the user reads our one line instead."""

from __future__ import annotations

import os

import cv2


def silence_opencv() -> None:
    """Turn both off, unless the user asked for them by OPENCV_LOG_LEVEL or OPENCV_FFMPEG_LOGLEVEL.

    FFmpeg's level is read once, when the first video is opened; call this before.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
