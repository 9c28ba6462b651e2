"""Where the pictures come from. One adapter a file; `open.py` chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mien_models.errors import CameraError
from mien_models.preprocess import Image


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the camera, only ever held in memory."""

    image: Image
    """(height, width, 3) blue-green-red uint8."""
    captured_at: float
    """When it was taken, seconds of the monotonic clock. All durations of the mood are counted from it."""
    number: int
    """Counts up from 0 since the camera was opened."""


class Camera(Protocol):
    """A source of frames. Used by one thread; `close` may come from another and makes `read` return soon."""

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    def read(self) -> Frame | None:
        """Wait for the next frame; None when the source has ended (a replay that does not loop).

        Raises:
            CameraError: no frame came in time, or the device is gone.

        """

    def close(self) -> None:
        """Let go of the device. May be called twice."""


class WornOutError(CameraError):
    """Only a fresh process can open this camera again."""
