"""A video, a picture or a folder of pictures in place of a camera."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Protocol

import cv2

from mien_device.camera import Frame
from mien_models.errors import DataError
from mien_models.preprocess import Image

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
PICTURE_S = 1.0
"""How long each picture is shown."""
_PLAUSIBLE_FPS = (0.1, 1000.0)
"""Files without a rate of their own say 0, or nonsense such as 90000."""


class _Reel(Protocol):
    """Pictures in their order, at a steady rate."""

    fps: float

    def skip(self) -> bool:
        """Leave the next picture out; False at the end."""

    def next(self) -> Image | None:
        """The next picture; None at the end."""

    def rewind(self) -> None: ...

    def close(self) -> None: ...


class ReplayCamera:
    """Shows a file as a camera would: in real time, late frames left out, so that ten seconds of it take ten seconds.

    With `realtime=False` every frame is given, without a pause, and stamped with the time at which it would have come.

    Raises:
        DataError: there is nothing at `path` that can be shown.

    """

    def __init__(self, path: Path, fps: float = 10.0, *, loop: bool = True, realtime: bool = True) -> None:
        self.name = f"replay of {path.name}"
        self._reel = _open_reel(path, fps)
        self._loop = loop
        self._realtime = realtime
        self._closed = threading.Event()
        self._in_use = threading.Lock()
        self._started: float | None = None
        """When the present round began; the first begins with the first `read`."""
        self._position = 0
        """Pictures shown or left out in it."""
        self._number = 0

    def read(self) -> Frame | None:
        """The frame whose time has come; None at the end (unless it loops) and after `close`.

        Raises:
            DataError: a picture of the folder cannot be read.

        """
        if self._started is None:
            self._started = time.monotonic()
        with self._in_use:
            image = None if self._closed.is_set() else self._next()
        if image is None:
            return None
        due = self._due(self._position - 1)
        if self._realtime and self._closed.wait(max(0.0, due - time.monotonic())):
            return None
        frame = Frame(image, time.monotonic() if self._realtime else due, self._number)
        self._number += 1
        return frame

    def close(self) -> None:
        self._closed.set()
        with self._in_use:
            self._reel.close()

    def _due(self, position: int) -> float:
        return (self._started or 0.0) + position / self._reel.fps

    def _next(self) -> Image | None:
        """The next picture that is not late, from the beginning again if it loops."""
        more = True
        while more and self._realtime and self._due(self._position + 1) <= time.monotonic():
            more = self._reel.skip()
            self._position += more
        image = self._reel.next() if more else None
        if image is None and self._loop:
            self._reel.rewind()
            image = self._reel.next()
            # The second round begins where the first ended, or now if we are late.
            end = self._due(self._position)
            self._started, self._position = max(end, time.monotonic()) if self._realtime else end, 0
        if image is not None:
            self._position += 1
        return image


class _Video:
    """A file that OpenCV's FFmpeg decodes, GIF among them."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._capture = cv2.VideoCapture()
        self.rewind()
        if not self._capture.grab():
            raise DataError(f"{path}: not a video or picture that OpenCV can decode; convert it to MP4, GIF or PNG")
        self.rewind()
        own = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = own if _PLAUSIBLE_FPS[0] <= own <= _PLAUSIBLE_FPS[1] else fps

    def skip(self) -> bool:
        return self._capture.grab()

    def next(self) -> Image | None:
        there, image = self._capture.read()
        return image if there else None  # type: ignore[return-value]

    def rewind(self) -> None:
        # Opened anew: seeking is not exact in every container and impossible in some.
        self._capture.open(str(self._path), cv2.CAP_FFMPEG)

    def close(self) -> None:
        self._capture.release()


class _Pictures:
    """Pictures shown one after the other, each for `PICTURE_S`."""

    def __init__(self, paths: list[Path], fps: float) -> None:
        self._paths = paths
        self.fps = fps
        self._repeats = max(1, round(fps * PICTURE_S))
        self._index = 0
        self._shown: tuple[Path, Image] = (paths[0], _read_picture(paths[0]))

    def skip(self) -> bool:
        there = self._path() is not None
        self._index += there
        return there

    def next(self) -> Image | None:
        path = self._path()
        if path is None:
            return None
        self._index += 1
        if self._shown[0] != path:
            self._shown = (path, _read_picture(path))
        return self._shown[1]

    def rewind(self) -> None:
        self._index = 0

    def close(self) -> None:
        pass

    def _path(self) -> Path | None:
        position = self._index // self._repeats
        return self._paths[position] if position < len(self._paths) else None


def _open_reel(path: Path, fps: float) -> _Reel:
    if path.is_dir():
        paths = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
        if not paths:
            raise DataError(f"{path}: no pictures in this folder; put {', '.join(sorted(PICTURE_SUFFIXES))} there")
        return _Pictures(paths, fps)
    if not path.is_file():
        raise DataError(
            f"{path}: no such file or folder; camera.source = 'replay:PATH' needs a video, picture or folder"
        )
    return _Pictures([path], fps) if path.suffix.lower() in PICTURE_SUFFIXES else _Video(path, fps)


def _read_picture(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{path}: not a picture that OpenCV can decode; replace it or take it out of the folder")
    return image  # type: ignore[return-value]
