"""A camera that hangs sideways or upside down."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2

from mien_device.camera import Camera, Frame

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Rotated:
    """Turns another camera's pictures clockwise. The only place where pictures are turned."""

    def __init__(self, camera: Camera, degrees: Literal[90, 180, 270]) -> None:
        self._camera = camera
        self._turn = _TURNS[degrees]
        self.name = f"{camera.name}, turned by {degrees}°"

    def read(self) -> Frame | None:
        frame = self._camera.read()
        if frame is None:
            return None
        return replace(frame, image=cv2.rotate(frame.image, self._turn))  # type: ignore[arg-type]

    def close(self) -> None:
        self._camera.close()
