"""Which cameras are attached, for `mien check` and for `auto`."""

from __future__ import annotations

import re
from pathlib import Path

from mien_device.camera.opencv import OpenCvCamera
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError

_PATIENCE_S = 1.0
_DEV = Path("/dev")


def list_cameras() -> list[str]:
    """The values of `camera.source` that would work here: Pi cameras, then webcams that give a picture."""
    return [*_pi_cameras(), *(f"opencv:{device}" for device in video_devices() if _gives_pictures(device))]


def video_devices() -> list[Path]:
    """The nodes /dev/video0, 1, … in order. Not all are cameras: on a Pi most are parts of its codec."""
    found = [(int(match[1]), path) for path in _DEV.glob("video*") if (match := re.fullmatch(r"video(\d+)", path.name))]
    return [path for _, path in sorted(found)]


def _pi_cameras() -> list[str]:
    try:
        from picamera2 import Picamera2
    except ImportError:
        return []
    return [f"picamera2 ({info.get('Model', 'unknown model')})" for info in Picamera2.global_camera_info()]


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
