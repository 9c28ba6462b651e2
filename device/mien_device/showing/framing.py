"""Where faces lie in the camera's picture, for whoever sets the camera up; of the picture itself only its size and light."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mien_device.camera import Frame
from mien_device.faces.legible import Trouble
from mien_device.pipeline import Observation, SeenFace
from mien_models.labels import by_label
from mien_models.preprocess import Image

LOOKS_ON_S = 3.0
"""Who asked within this time still looks; nothing is measured for nobody."""
PATIENCE_S = 1.5
"""Who asks waits for the next frame, at most so long."""
DARK = 40.0
"""Mean grey level, of 255, below which a room is called dark."""
TILTED_DEG = 25.0
MARGIN = 0.2
"""A face whose middle is nearer to an edge than this share of the picture is soon out of it."""
ADVICE = {
    Trouble.SMALL: "The face is {high:.0f} pixels high, {least} are the least. Come closer, or bring the camera closer.",
    Trouble.CUT: "The edge of the picture cuts the face off. Turn the camera towards it.",
    Trouble.PROFILE: "The face is seen from the side. Put the camera where people look.",
    Trouble.DARK: "There is too little light on the face.",
    Trouble.BLURRED: "The face is blurred. Hold still; if it stays so, wipe the lens or focus it.",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What counts of a frame."""

    at: float
    width: int
    height: int
    light: float
    """Mean grey level."""
    faces: tuple[SeenFace, ...]


class Framing:
    """`see` is for the vision thread, the others for any."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._asked_at = -math.inf
        self._wants_frame = 0
        self._sight: Sight | None = None
        self._frame: Frame | None = None

    def see(self, observation: Observation, frame: Frame | None, now: float) -> None:
        """A turn of the loop; without a frame there is nothing to see."""
        if now - self._asked_at > LOOKS_ON_S and not self._wants_frame:
            self._sight = self._frame = None
            return
        with self._news:
            self._frame = frame if self._wants_frame else None
            self._sight = None if frame is None else _sight(frame.image, observation, now)
            self._news.notify_all()

    def look(self) -> Sight | None:
        """The next frame's; None if none comes."""
        with self._news:
            self._asked_at = asked_at = time.monotonic()
            self._news.wait_for(lambda: self._sight is not None and self._sight.at > asked_at, PATIENCE_S)
            sight = self._sight
        return sight if sight is not None and sight.at > asked_at else None

    def frame(self) -> Frame | None:
        """The next frame itself, for a check that is made at once; None if none comes."""
        with self._news:
            self._wants_frame += 1
            self._news.wait_for(lambda: self._frame is not None, PATIENCE_S)
            frame = self._frame
            self._wants_frame -= 1
            if not self._wants_frame:
                self._frame = None
        return frame


def _sight(image: Image, observation: Observation, now: float) -> Sight:
    height, width = image.shape[:2]
    return Sight(now, width, height, float(image[::8, ::8].mean()), observation.faces)


def as_record(sight: Sight, least_height: int) -> Mapping[str, object]:
    """For the page: boxes as shares of the picture's width and height."""
    advice, good = advise(sight, least_height)
    return {
        "width": sight.width,
        "height": sight.height,
        "light": round(sight.light / 255, 3),
        "advice": advice,
        "good": good,
        "faces": [_face(face, sight) for face in sight.faces],
    }


def _face(face: SeenFace, sight: Sight) -> Mapping[str, object]:
    box, answer = face.box, face.answer
    shares = None if answer is None else by_label(answer.probabilities)
    return {
        "id": face.id,
        "x": round(box.x / sight.width, 4),
        "y": round(box.y / sight.height, 4),
        "width": round(box.width / sight.width, 4),
        "height": round(box.height / sight.height, 4),
        "mood": shares and max(shares, key=lambda emotion: shares[emotion]),
        "trouble": face.trouble,
    }


def advise(sight: Sight, least_height: int) -> tuple[str, bool]:
    """What to do about the camera, in a sentence or two, and whether all is well. The tallest face counts."""
    if not sight.faces:
        if sight.light < DARK:
            return "No face is found, and it is dark. Turn on a light.", False
        return "No face is found. Stand before the camera, one or two metres away, and look into it.", False
    face = max(sight.faces, key=lambda each: each.box.height)
    if (trouble := _trouble_with(face, sight, least_height)) is not None:
        return trouble, False
    dark = " It is rather dark; more light makes mien surer." if sight.light < DARK else ""
    return f"Good: a face {face.box.height:.0f} pixels high, well within the picture.{dark}", True


def _trouble_with(face: SeenFace, sight: Sight, least_height: int) -> str | None:
    box = face.box
    if face.trouble is not None:
        return ADVICE[face.trouble].format(high=box.height, least=least_height)
    tilt = tilt_deg(box.landmarks)
    if abs(tilt) > TILTED_DEG:
        return f"The face is tilted by {abs(tilt):.0f}°. If you are not, the camera is: set it upright."
    side = _edge((box.x + box.width / 2) / sight.width, (box.y + box.height / 2) / sight.height)
    if side is not None:
        return f"The face is near the {side} edge of the picture. Turn the camera that way."
    if face.answer is None:
        return "There is a face, and it is not seen well just now. Look into the camera."
    return None


def tilt_deg(landmarks: Sequence[tuple[float, float]]) -> float:
    """Of the line through the eyes, the first two landmarks, clockwise; 0 where there are none."""
    if len(landmarks) < 2:
        return 0.0
    (left_x, left_y), (right_x, right_y) = sorted(landmarks[:2])
    return math.degrees(math.atan2(right_y - left_y, right_x - left_x))


def _edge(x: float, y: float) -> str | None:
    near = {"left": x, "right": 1 - x, "upper": y, "lower": 1 - y}
    side = min(near, key=lambda name: near[name])
    return side if near[side] < MARGIN else None
