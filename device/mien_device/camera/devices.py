"""Which cameras are attached, for `mien check` and for `auto`."""

from __future__ import annotations

import re
from pathlib import Path

from mien_device.camera.opencv import OpenCvCamera
from mien_device.camera.picamera import import_picamera2, pi_cameras
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError, MissingDependencyError

DEV = Path("/dev")
NAMES = Path("/sys/class/video4linux")
_PATIENCE_S = 1.0
_PARTS_OF_THE_BOARD = ("bcm2835", "unicam", "rp1-cfe", "pispbe", "rpivid", "rpi-hevc")
"""Codec, scaler and raw sensor of a Pi: nodes that open but give no picture, and are then busy for Picamera2."""


def list_cameras() -> list[str]:
    """What is attached, each by its `camera.source` with its model: Pi cameras, then webcams that give a picture."""
    webcams = (f"opencv:{device} ({name_of(device)})" for device in video_devices() if _gives_pictures(device))
    return [*_pi_cameras(), *webcams]


def video_devices() -> list[Path]:
    """The nodes /dev/video0, 1, … in order, without those that are parts of the board."""
    found = [(int(match[1]), path) for path in DEV.glob("video*") if (match := re.fullmatch(r"video(\d+)", path.name))]
    return [path for _, path in sorted(found) if not name_of(path).startswith(_PARTS_OF_THE_BOARD)]


def name_of(device: Path) -> str:
    """What the kernel calls it, as in "HD Webcam C270"."""
    try:
        return (NAMES / device.name / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unknown model"


def _pi_cameras() -> list[str]:
    try:
        picamera2 = import_picamera2()
    except MissingDependencyError:
        return []
    return [f"picamera2 ({info.get('Model', 'unknown model')})" for info in pi_cameras(picamera2)]


def _gives_pictures(device: Path) -> bool:
    try:
        camera = OpenCvCamera(str(device), CameraConfig(timeout_s=_PATIENCE_S))
    except CameraError:
        return False
    try:
        return camera.read() is not None
    except CameraError:
        return False
    finally:
        camera.close()
