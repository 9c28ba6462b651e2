"""A camera that needs no camera: prototype faces moving through generated scenes.

The faces are averages that this project computed, one an emotion (`mien-train prototypes`): nobody's picture. They pass
through the real finder and the real network like any other frame; nothing tells the device what they are meant to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mien_device.camera import Frame
from mien_device.camera.pace import Clock, Pace
from mien_models.labels import Emotion
from mien_models.preprocess import FACE_SIZE, Image
from mien_models.selftest import load_prototypes

Script = tuple[tuple[Emotion | None, float], ...]
SCRIPT: Script = (
    (Emotion.HAPPY, 8.0),
    (Emotion.SURPRISE, 8.0),
    (None, 5.0),
    (Emotion.ANGRY, 8.0),
    (Emotion.SAD, 8.0),
    (Emotion.NEUTRAL, 8.0),
)
"""Who is in view and for how many seconds; None is nobody. Repeated without end."""

_SKIN = np.array([0.78, 0.88, 1.0], np.float32)  # blue, green, red: a warm tint over the grey average
_BACKGROUND = np.array([96.0, 84.0, 72.0], np.float32)


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where the face is at one moment, in pixels and degrees."""

    x: float
    y: float
    size: float
    tilt: float
    light: float
    """Brightness, as a factor."""


class DemoCamera:
    """Draws a new scene for every frame, at `fps`, from the monotonic clock."""

    name = "demo scenes"

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        fps: float = 10.0,
        script: Script = SCRIPT,
        clock: Clock | None = None,
    ) -> None:
        self._script = script
        self._width, self._height = width, height
        self._faces = load_prototypes()
        self._backdrop = _draw_backdrop(width, height)
        self._pace = Pace(fps, clock)
        self._number = 0

    def read(self) -> Frame | None:
        """The next scene when its time has come; None after `close`."""
        if not self._pace.wait(self._number):
            return None
        now = self._pace.now()
        frame = Frame(self.draw(now - self._pace.started), now, self._number)
        # A machine that is too slow for this rate skips scenes instead of showing them late.
        self._number = max(self._number + 1, self._pace.reached())
        return frame

    def close(self) -> None:
        self._pace.close()

    def draw(self, at: float) -> Image:
        """The scene `at` seconds after the start, (height, width, 3) uint8. The same for the same second."""
        emotion = on_stage(at, self._script)
        # Real sensors are never still: noise that differs from frame to frame
        noise = np.random.default_rng(int(at * 1000)).normal(0, 2.0, (self._height, self._width, 1)).astype(np.float32)
        scene = self._backdrop + noise
        if emotion is not None:
            _paste(scene, self._faces[emotion], self._pose(at))
        image: Image = np.clip(scene, 0, 255).astype(np.uint8)
        return image

    def _pose(self, at: float) -> _Pose:
        short = min(self._width, self._height)
        return _Pose(
            x=self._width * (0.5 + 0.15 * np.sin(at * 0.9)),
            y=self._height * (0.5 + 0.05 * np.sin(at * 1.7)),
            size=short * (0.36 + 0.04 * np.sin(at * 0.5)),
            tilt=4.0 * np.sin(at * 1.1),
            light=1.0 + 0.1 * np.sin(at * 0.7),
        )


def on_stage(at: float, script: Script = SCRIPT) -> Emotion | None:
    """Whose prototype is in view `at` seconds after the start; None for nobody."""
    left = at % sum(seconds for _, seconds in script)
    for emotion, seconds in script:
        if left < seconds:
            return emotion
        left -= seconds
    return script[-1][0]


def _draw_backdrop(width: int, height: int) -> npt.NDArray[np.float32]:
    """A wall that is lit from one side, with soft shapes on it: float32 (height, width, 3)."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = (0.8 + 0.4 * across - 0.2 * down)[..., None]
    wall = (_BACKGROUND * light).astype(np.float32)
    for shelf in (0.2, 0.55, 0.9):  # straight edges only: round shapes are what a face finder is fooled by
        y = int(height * shelf)
        cv2.line(wall, (0, y), (width // 5, y), (60.0, 70.0, 90.0), max(2, height // 60))
        cv2.line(wall, (width - width // 6, y), (width, y), (60.0, 70.0, 90.0), max(2, height // 60))
    return np.asarray(cv2.GaussianBlur(wall, (9, 9), 0), np.float32)


def _paste(scene: npt.NDArray[np.float32], face: Image, pose: _Pose) -> None:
    """Blend the face into the scene (height, width, 3), edges feathered so that no frame is drawn around it."""
    scale = pose.size / FACE_SIZE
    matrix = cv2.getRotationMatrix2D((FACE_SIZE / 2, FACE_SIZE / 2), pose.tilt, scale)
    matrix[:, 2] += np.array([pose.x - FACE_SIZE / 2, pose.y - FACE_SIZE / 2])
    target = (scene.shape[1], scene.shape[0])
    warped = cv2.warpAffine(
        face.astype(np.float32), matrix, target, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpAffine(_feather(), matrix, target, flags=cv2.INTER_LINEAR)[..., None]
    scene *= 1 - mask
    scene += mask * (warped[..., None] * _SKIN * pose.light)


def _feather() -> npt.NDArray[np.float32]:
    """Opacity of a face, float32 (48, 48): 1 inside, falling to 0 over the outermost pixels."""
    ramp = np.clip(np.minimum(np.arange(FACE_SIZE), np.arange(FACE_SIZE)[::-1]) / 3.0, 0, 1).astype(np.float32)
    return np.outer(ramp, ramp).astype(np.float32)
