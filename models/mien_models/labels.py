"""The emotions, their one canonical order, and where they lie on the plane of valence and arousal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class Emotion(StrEnum):
    """The seven emotions in the order of FER2013's label numbers (Goodfellow et al. 2013), which is also our own."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


class Mood(StrEnum):
    """What the device says of the people in view: one of the emotions, or nobody there."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"
    NONE = "none"


class Head(StrEnum):
    """The questions that a model may answer, one output each."""

    FER = "fer"
    FERPLUS = "ferplus"
    READABLE = "readable"
    """Whether there is a face whose expression people could read."""


LABEL_SETS = (Head.FER, Head.FERPLUS)
"""The heads that answer with an emotion."""

CONTEMPT = "contempt"

HEAD_LABELS: dict[Head, tuple[str, ...]] = {
    Head.FER: tuple(Emotion),
    # FER+ has contempt as its eighth class. The device drops it and renormalises the other seven.
    Head.FERPLUS: (*Emotion, CONTEMPT),
    Head.READABLE: ("readable", "unreadable"),
}

# Mean pleasure and arousal in [-1, 1] of the emotion words in Russell and Mehrabian, "Evidence for a three-factor
# theory of emotions", Journal of Research in Personality 11 (1977), table of the PAD scales; neutral is the origin.
AFFECT: dict[Emotion, tuple[float, float]] = {
    Emotion.ANGRY: (-0.51, 0.59),
    Emotion.DISGUST: (-0.60, 0.35),
    Emotion.FEAR: (-0.64, 0.60),
    Emotion.HAPPY: (0.81, 0.51),
    Emotion.SAD: (-0.63, -0.27),
    Emotion.SURPRISE: (0.40, 0.67),
    Emotion.NEUTRAL: (0.0, 0.0),
}
_AFFECT_TABLE = np.array([AFFECT[emotion] for emotion in Emotion], np.float32)


def seven(probabilities: npt.NDArray[np.float32], labels: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Bring a head's probabilities (…, k) into the canonical seven (…, 7): other classes dropped, the rest renormalised.

    A face that is wholly one of the dropped classes becomes neutral, so that the result always sums to one.
    """
    kept = probabilities[..., [labels.index(emotion) for emotion in Emotion]]
    total = kept.sum(axis=-1, keepdims=True)
    neutral = np.eye(len(Emotion), dtype=np.float32)[list(Emotion).index(Emotion.NEUTRAL)]
    result: npt.NDArray[np.float32] = np.where(total > 1e-6, kept / np.maximum(total, 1e-6), neutral).astype(np.float32)
    return result


def valence_arousal(probabilities: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Expected valence and arousal, each in [-1, 1], of seven probabilities (7,): the mean of `AFFECT` under them."""
    valence, arousal = probabilities @ _AFFECT_TABLE
    return float(valence), float(arousal)


def by_label(probabilities: npt.NDArray[np.float32]) -> Mapping[Emotion, float]:
    """The seven probabilities (7,) by emotion, in canonical order."""
    return dict(zip(Emotion, (float(p) for p in probabilities), strict=True))
