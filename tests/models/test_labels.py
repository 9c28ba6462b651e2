"""The labels and their order, which weights on disk depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_models.labels import AFFECT, CONTEMPT, HEAD_LABELS, Emotion, Head, Mood, by_label, seven, valence_arousal


def test_order_is_that_of_fer2013() -> None:
    assert list(Emotion) == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def test_moods_are_the_emotions_and_none() -> None:
    assert list(Mood) == [*Emotion, "none"]


def test_heads_share_their_first_seven_labels() -> None:
    assert HEAD_LABELS[Head.FER] == tuple(Emotion)
    assert HEAD_LABELS[Head.FERPLUS] == (*Emotion, CONTEMPT)


def test_seven_drops_contempt_and_renormalises() -> None:
    scores = np.array([0.1, 0, 0, 0.4, 0, 0, 0, 0.5], np.float32)

    assert seven(scores, HEAD_LABELS[Head.FERPLUS]) == pytest.approx([0.2, 0, 0, 0.8, 0, 0, 0])


def test_seven_follows_the_names_and_not_the_positions() -> None:
    labels = (CONTEMPT, *reversed(Emotion))

    assert seven(np.array([0, 0.75, 0, 0, 0.25, 0, 0, 0], np.float32), labels) == pytest.approx(
        [0, 0, 0, 0.25, 0, 0, 0.75]
    )


def test_pure_contempt_becomes_neutral() -> None:
    scores = np.eye(8, dtype=np.float32)[7]

    assert seven(scores, HEAD_LABELS[Head.FERPLUS]) == pytest.approx([0, 0, 0, 0, 0, 0, 1])


def test_seven_takes_many_faces_at_once() -> None:
    assert seven(np.full((3, 2, 8), 1 / 8, np.float32), HEAD_LABELS[Head.FERPLUS]) == pytest.approx(
        np.full((3, 2, 7), 1 / 7)
    )


@given(st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8))
def test_seven_always_sums_to_one(scores: list[float]) -> None:
    result = seven(np.array(scores, np.float32), HEAD_LABELS[Head.FERPLUS])

    assert result.dtype == np.float32
    assert result.sum() == pytest.approx(1, abs=1e-5)
    assert (result >= 0).all()


@pytest.mark.parametrize("emotion", Emotion)
def test_a_certain_emotion_lies_at_its_own_point(emotion: Emotion) -> None:
    certain = np.array([label is emotion for label in Emotion], np.float32)

    assert valence_arousal(certain) == pytest.approx(AFFECT[emotion])


def test_valence_and_arousal_have_the_signs_of_everyday_speech() -> None:
    valence, arousal = ({emotion: AFFECT[emotion][axis] for emotion in Emotion} for axis in (0, 1))
    assert valence[Emotion.SAD] < 0 < valence[Emotion.HAPPY]
    assert arousal[Emotion.SAD] < 0 < min(arousal[Emotion.HAPPY], arousal[Emotion.ANGRY])
    assert AFFECT[Emotion.NEUTRAL] == (0, 0)


def test_a_mixture_lies_between() -> None:
    half = np.zeros(7, np.float32)
    half[[3, 6]] = 0.5

    assert valence_arousal(half) == pytest.approx((0.405, 0.255))


def test_by_label_keeps_the_order_and_gives_plain_numbers() -> None:
    scores = by_label(np.arange(7, dtype=np.float32))

    assert list(scores.items()) == list(zip(Emotion, range(7), strict=True))
    assert all(type(value) is float for value in scores.values())
