"""Which camera: chosen by name, imported only when chosen, and every fallback explained in the log."""

from __future__ import annotations

import functools
import logging

from mien_device.camera import Camera, WornOutError
from mien_device.camera.leash import LeashedCamera
from mien_device.camera.rotated import Rotated
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError, ConfigError, MissingDependencyError
from mien_models.files import user_path

log = logging.getLogger(__name__)


def open_camera(config: CameraConfig) -> Camera:
    """Open the source that the configuration names; its pictures come upright.

    Raises:
        CameraError: there is no such camera, or it gives nothing.
        DataError: the picture or video of a replay cannot be read.
        ConfigError: there is no such kind of source.
        MissingDependencyError: the camera's package is not installed.

    """
    if config.source == "demo" or config.source.startswith("replay:"):
        camera = _open(config)
    else:
        camera = LeashedCamera(lambda: _open(config), config.timeout_s)  # the only ones with a driver
    return Rotated(camera, config.rotate) if config.rotate else camera


def _open(config: CameraConfig) -> Camera:
    kind, _, rest = config.source.partition(":")
    if kind == "auto":
        return _open_any(config)
    if kind == "picamera2":
        from mien_device.camera.picamera import PiCamera

        return PiCamera(config)
    if kind == "opencv":
        from mien_device.camera.opencv import OpenCvCamera

        return OpenCvCamera(rest, config)
    if kind == "replay":
        from mien_device.camera.replay import ReplayCamera

        return ReplayCamera(user_path(rest), fps=config.fps, loop=config.loop)
    if kind == "demo":
        from mien_device.camera.scenes import DemoCamera

        return DemoCamera(config.width, config.height, config.fps)
    raise ConfigError(
        f"camera.source {config.source!r} is not a camera to open; name auto, picamera2, demo, opencv:… or replay:PATH"
    )


def _open_any(config: CameraConfig) -> Camera:
    """A Pi camera, else the first webcam that can be opened."""
    from mien_device.camera.devices import video_devices
    from mien_device.camera.opencv import OpenCvCamera
    from mien_device.camera.picamera import PiCamera

    try:
        return PiCamera(config)
    except (MissingDependencyError, CameraError) as error:
        reasons, kind = [str(error)], WornOutError if isinstance(error, WornOutError) else CameraError
        _explain(f"{error}; trying webcams")
    for device in video_devices():
        try:
            return OpenCvCamera(str(device), config)
        except CameraError as error:
            reasons.append(str(error))
            _explain(f"{error}; trying the next")
    raise kind(f"no camera found ({'; '.join(reasons)}); plug one in, or set camera.source to replay:PATH or demo")


@functools.cache
def _explain(reason: str) -> None:
    """Into the log, each reason once: a camera that is opened again and again would fill the journal."""
    log.info("camera auto: %s", reason)
