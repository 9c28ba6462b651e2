"""A video, a picture or a folder of pictures in place of a camera."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Protocol

import cv2

from mien_device.camera import Frame
from mien_device.camera.pace import Clock, LeapingClock, Pace
from mien_device.camera.quiet import silence_opencv
from mien_models.errors import DataError
from mien_models.pictures import read_picture
from mien_models.preprocess import Image

log = logging.getLogger(__name__)

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
PICTURE_S = 1.0
"""How long each picture is shown."""
_PLAUSIBLE_FPS = (0.1, 1000.0)
"""Files without a rate of their own say 0, or nonsense such as 90000."""


class _Reel(Protocol):
    """Pictures in their order, at a steady rate."""

    fps: float
    count: int
    """Pictures in it, as far as its file says."""

    def skip(self) -> bool:
        """Leave the next picture out; False at the end."""

    def next(self) -> Image | None:
        """The next picture; None at the end."""

    def rewind(self) -> None: ...

    def close(self) -> None: ...


class ReplayCamera:
    """Shows a file as a camera would: in real time, late frames left out, so that ten seconds of it take ten seconds.

    A video has its own rate; pictures are given `fps` times a second, each for `PICTURE_S`. With `realtime=False` the clock
    leaps: every frame is given, without a pause, and stamped with the time at which it would have come.

    Raises:
        DataError: there is nothing at `path` that can be shown.

    """

    def __init__(
        self, path: Path, fps: float = 10.0, *, loop: bool = True, realtime: bool = True, clock: Clock | None = None
    ) -> None:
        silence_opencv()
        self.name = f"replay of {path.name}"
        self._reel = _open_reel(path, fps)
        self._loop = loop
        self._pace = Pace(self._reel.fps, clock if realtime else LeapingClock())
        self._in_use = threading.Lock()
        self._position = 0
        """Pictures shown or left out in this round."""
        self._number = 0

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return self._reel.fps

    @property
    def frames(self) -> int:
        """Pictures in a round, as far as the file says; 0: it does not."""
        return self._reel.count

    def read(self) -> Frame | None:
        """The frame whose time has come; None at the end (unless it loops) and after `close`."""
        if self._number == 0:
            self._pace.begin()  # not when opened: what else starts meanwhile must not cost the beginning
        with self._in_use:
            image = None if self._pace.closed else self._next()
        # The last picture is shown for its time as well, so the end comes when a next one would.
        if not self._pace.wait(self._position if image is None else self._position - 1) or image is None:
            return None
        frame = Frame(image, self._pace.now(), self._number)
        self._number += 1
        return frame

    def close(self) -> None:
        """Let go of the file; a `read` that waits returns at once."""
        self._pace.close()
        with self._in_use:
            self._reel.close()

    def _next(self) -> Image | None:
        """The next picture that is not late, from the beginning again if it loops."""
        more = True
        while more and self._pace.due(self._position + 1) <= self._pace.now():
            more = self._reel.skip()
            self._position += more
        image = self._reel.next() if more else None
        if image is None and self._loop:
            self._reel.rewind()
            image = self._reel.next()
            # The second round begins where the first ended, or now if we are late.
            self._pace.begin(self._pace.due(self._position))
            self._position = 0
        if image is not None:
            self._position += 1
        return image


class _Video:
    """A file that OpenCV's FFmpeg decodes, GIF among them."""

    def __init__(self, path: Path, fps: float) -> None:
        try:
            str(path).encode()  # OpenCV 4.14 takes the process down at a name that is not UTF-8
        except UnicodeEncodeError:
            raise DataError(f"{str(path)!a}: OpenCV cannot open a video of this name; rename it") from None
        self._path = path
        self._capture = cv2.VideoCapture()
        self.rewind()
        if not self._capture.grab():
            raise DataError(f"{path}: not a video or picture that OpenCV can decode; convert it to MP4, GIF or PNG")
        self.rewind()
        own = self._capture.get(cv2.CAP_PROP_FPS)
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
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
    """Pictures shown one after the other, each for `PICTURE_S` and at least once; those that are broken are left out."""

    def __init__(self, paths: list[Path], fps: float) -> None:
        self._paths = paths
        self.fps = fps
        self.count = int(len(paths) * max(1.0, fps * PICTURE_S))
        self._index = 0
        self._shown: tuple[Path, Image] | None = None
        first = paths[0]
        if self._current() is None:
            raise DataError(f"{first}: not a picture that OpenCV can decode; convert it to PNG or JPEG")

    def skip(self) -> bool:
        there = self._place() < len(self._paths)
        self._index += there
        return there

    def next(self) -> Image | None:
        image = self._current()
        if image is None:
            return None
        self._index += 1
        return image.copy()  # as from a camera: whoever draws on a frame does not draw on the next

    def rewind(self) -> None:
        self._index = 0

    def close(self) -> None:
        pass

    def _place(self) -> int:
        return int(self._index / max(1.0, self.fps * PICTURE_S))

    def _current(self) -> Image | None:
        while (place := self._place()) < len(self._paths):
            path = self._paths[place]
            if self._shown is None or self._shown[0] != path:
                image = _read(path)
                if image is None:
                    log.warning("%s: not a picture that OpenCV can decode; left out", path)
                    del self._paths[place]
                    continue
                self._shown = (path, image)
            return self._shown[1]
        return None


def _read(path: Path) -> Image | None:
    try:
        return read_picture(path, colour=True)
    except OSError:
        return None  # deleted since the folder was listed


def _open_reel(path: Path, fps: float) -> _Reel:
    try:
        if path.is_dir():
            return _Pictures(_pictures_in(path), fps)
        with path.open("rb"):
            pass
    except OSError as error:  # not there, or not ours to read: a systemd unit with ProtectHome hides /home
        reason = error.strerror or "cannot be read"
        raise DataError(f"{path}: {reason}; camera.source = 'replay:PATH' needs a video, picture or folder") from error
    return _Pictures([path], fps) if path.suffix.lower() in PICTURE_SUFFIXES else _Video(path, fps)


def _pictures_in(folder: Path) -> list[Path]:
    paths = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file())
    if not paths:
        raise DataError(f"{folder}: no pictures in this folder; put {', '.join(sorted(PICTURE_SUFFIXES))} there")
    return paths
