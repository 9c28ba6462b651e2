"""What mien sees, drawn on the picture: boxes, landmarks, readings, and the mood of the room."""

from __future__ import annotations

import cv2
import numpy as np

from mien_device.mood import MoodState
from mien_device.pipeline import Observation, SeenFace
from mien_models.labels import Emotion, Mood
from mien_models.preprocess import Image
from mien_models.runner import Probabilities

Colour = tuple[int, int, int]
"""Blue, green, red."""

_COLOURS: dict[Mood, Colour] = {
    Mood.ANGRY: (72, 72, 230),
    Mood.DISGUST: (96, 168, 96),
    Mood.FEAR: (210, 110, 190),
    Mood.HAPPY: (60, 200, 250),
    Mood.SAD: (230, 150, 80),
    Mood.SURPRISE: (60, 140, 255),
    Mood.NEUTRAL: (200, 200, 200),
    Mood.NONE: (140, 140, 140),
}
_INK: Colour = (28, 24, 22)
_PAPER: Colour = (245, 245, 245)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_LANDMARK: Colour = (255, 230, 120)


def draw(image: Image, seen: Observation) -> Image:
    """A copy of the picture (h, w[, 3]) with all that was seen in it, (h, w, 3)."""
    picture = np.array(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image, np.uint8)
    unit = max(8, min(picture.shape[:2]) // 30)
    """Height of the letters in pixels."""
    for face in seen.faces:
        _draw_face(picture, face, unit)
    _draw_room(picture, seen.state, unit)
    return picture


def _draw_face(picture: Image, face: SeenFace, unit: int) -> None:
    box, answer = face.box, face.answer
    best = Mood.NONE if answer is None else Mood(tuple(Emotion)[int(answer.probabilities.argmax())])
    colour = _COLOURS[best]
    left, top, right, bottom = (round(value) for value in (box.x, box.y, box.x + box.width, box.y + box.height))
    cv2.rectangle(picture, (left, top), (right, bottom), colour, max(1, unit // 8), cv2.LINE_AA)
    for x, y in box.landmarks:
        cv2.circle(picture, (round(x), round(y)), max(1, unit // 8), _LANDMARK, cv2.FILLED, cv2.LINE_AA)
    if answer is not None:
        words = f"{face.id}  {best} {100 * answer.probabilities.max():.0f} %"
        _draw_shares(picture, right + unit // 3, top, bottom, answer.probabilities)
    else:
        words = f"{face.id}  {face.trouble or 'not seen now'}"
    _label(picture, words, left, top - unit // 3, unit, colour)


def _draw_shares(picture: Image, left: int, top: int, bottom: int, probabilities: Probabilities) -> None:
    """Seven bars beside a face, one below the other, in the order of `Emotion`."""
    step = (bottom - top) / len(Emotion)
    longest = round(0.5 * (bottom - top))
    for number, (emotion, share) in enumerate(zip(Emotion, probabilities.tolist(), strict=True)):
        y = round(top + number * step)
        end = left + max(1, round(longest * share))
        cv2.rectangle(picture, (left, y), (end, round(y + 0.7 * step)), _COLOURS[Mood(emotion)], cv2.FILLED)


def _draw_room(picture: Image, state: MoodState, unit: int) -> None:
    """Along the lower rim: the mood told, how sure, where it lies, and how many people there are."""
    height, width = picture.shape[:2]
    top = height - 2 * unit
    band = picture[top:]
    band[:] = (0.25 * band + 0.75 * _INK[1]).astype("uint8")
    people = "nobody" if not state.faces else "1 person" if state.faces == 1 else f"{state.faces} people"
    words = people if state.mood is Mood.NONE else f"{state.mood} {100 * state.confidence:.0f} %   {people}"
    _write(picture, words, (unit // 2, height - round(0.65 * unit)), unit, _COLOURS[state.mood])
    if state.mood is not Mood.NONE:
        place = f"valence {state.valence:+.2f}  arousal {state.arousal:+.2f}"
        wide = cv2.getTextSize(place, _FONT, _scale(unit), 1)[0][0]
        if width > 2.6 * wide:
            _write(picture, place, (width - wide - unit // 2, height - round(0.65 * unit)), unit, _PAPER)


def _label(picture: Image, words: str, left: int, bottom: int, unit: int, colour: Colour) -> None:
    """Words on a plate of the colour, kept within the picture."""
    wide, high = cv2.getTextSize(words, _FONT, _scale(unit), 1)[0]
    left = max(0, min(left, picture.shape[1] - wide - unit))
    bottom = max(high + unit // 2, bottom)
    cv2.rectangle(picture, (left, bottom - high - unit // 2), (left + wide + unit // 2, bottom), colour, cv2.FILLED)
    _write(picture, words, (left + unit // 4, bottom - unit // 4), unit, _INK)


def _write(picture: Image, words: str, place: tuple[int, int], unit: int, colour: Colour) -> None:
    cv2.putText(picture, words, place, _FONT, _scale(unit), colour, 1, cv2.LINE_AA)


def _scale(unit: int) -> float:
    """Of the font, whose letters are 22 pixels high."""
    return unit / 22
