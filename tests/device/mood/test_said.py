"""A person's own word in the place of their face, for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mien_device.mood import MoodState, nobody
from mien_device.mood.said import LASTS_S, LEFT_S, Said
from mien_models.labels import AFFECT, Emotion, Mood

LOOKS_HAPPY = MoodState(Mood.HAPPY, 0.9, 0.8, 0.5, {Emotion.HAPPY: 1.0}, faces=2, since=0.0)


def test_a_word_stands_in_the_place_of_the_face_and_is_sure() -> None:
    said = Said()
    assert said.over(LOOKS_HAPPY, 1.0) is LOOKS_HAPPY
    said.say(Emotion.SAD, 2.0)
    state = said.over(LOOKS_HAPPY, 2.1)
    assert (state.mood, state.confidence, state.since, state.faces, state.said) == (Mood.SAD, 1.0, 2.0, 2, True)
    assert (state.valence, state.arousal) == AFFECT[Emotion.SAD]
    assert state.probabilities == {emotion: float(emotion is Emotion.SAD) for emotion in Emotion}


def test_it_ends_when_it_is_taken_back_or_old() -> None:
    said = Said()
    said.say(Emotion.SAD, 0.0)
    said.say(None, 5.0)
    assert said.over(LOOKS_HAPPY, 5.0) is LOOKS_HAPPY
    said.say(Emotion.ANGRY, 10.0)
    assert said.over(LOOKS_HAPPY, 9.9 + LASTS_S).mood is Mood.ANGRY
    assert said.over(LOOKS_HAPPY, 10.0 + LASTS_S) is LOOKS_HAPPY
    assert said.feeling is None


def test_it_leaves_with_the_last_who_was_seen_and_not_with_a_glance_aside() -> None:
    said, empty = Said(), nobody(0.0)
    said.say(Emotion.SAD, 0.0)
    said.over(LOOKS_HAPPY, 1.0)
    assert said.over(empty, 0.9 + LEFT_S).said
    assert said.over(replace(LOOKS_HAPPY, faces=1), 1.0 + LEFT_S).said
    assert said.over(empty, 0.9 + 2 * LEFT_S).said
    assert said.over(empty, 1.0 + 2 * LEFT_S) is empty
    assert not said.over(LOOKS_HAPPY, 2.0 + 2 * LEFT_S).said, "who comes then has said nothing"


@pytest.mark.parametrize("faces", [0, 1])
def test_who_speaks_unseen_is_there(faces: int) -> None:
    said = Said()
    said.say(Emotion.NEUTRAL, 0.0)
    state = said.over(replace(nobody(0.0), faces=faces), LASTS_S - 1)
    assert (state.mood, state.faces) == (Mood.NEUTRAL, 1)
