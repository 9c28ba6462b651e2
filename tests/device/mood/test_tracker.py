from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.config import MoodConfig
from mien_device.mood import MoodState
from mien_device.mood.tracker import FIRST_LEAD_S, MoodTracker, Reading
from mien_models.labels import AFFECT, Emotion, Mood

STEP = 0.1
CONFIG = MoodConfig()


def reading(emotion: Emotion, certainty: float = 1.0, face: int = 0, weight: float = 1.0) -> Reading:
    probabilities = np.full(7, (1 - certainty) / 6, np.float32)
    probabilities[list(Emotion).index(emotion)] = certainty
    return Reading(face, probabilities, weight)


def play(tracker: MoodTracker, emotion: Emotion | None, seconds: float, start: float = 0.0) -> list[MoodState]:
    """The states while one face shows `emotion` (or nobody is there), ten times a second."""
    readings = [] if emotion is None else [reading(emotion, 0.9)]
    return [tracker.update(readings, start + number * STEP) for number in range(round(seconds / STEP))]


def test_nobody_at_first():
    state = MoodTracker(CONFIG).update([], 7.0)
    assert (state.mood, state.confidence, state.faces, state.since) == (Mood.NONE, 0.0, 0, 7.0)
    assert state.probabilities == {}


def test_the_first_mood_comes_within_a_second():
    states = play(MoodTracker(CONFIG), Emotion.HAPPY, 1.0)
    first = next(number for number, state in enumerate(states) if state.mood is Mood.HAPPY)
    assert first * STEP == pytest.approx(FIRST_LEAD_S)
    assert states[first].since == pytest.approx(first * STEP)
    assert states[-1].since == states[first].since


def test_another_smoothing_is_in_force_for_who_is_in_view_already():
    slow = CONFIG.model_copy(update={"smoothing_s": 60.0, "dwell_s": 0.5})
    tracker = MoodTracker(slow)
    play(tracker, Emotion.SAD, 2.0)
    assert play(tracker, Emotion.HAPPY, 2.0, 2.0)[-1].mood is Mood.SAD
    tracker.config = slow.model_copy(update={"smoothing_s": 0.1})
    assert play(tracker, Emotion.HAPPY, 2.0, 4.0)[-1].mood is Mood.HAPPY


def test_one_stray_reading_is_no_mood():
    tracker = MoodTracker(CONFIG)
    tracker.update([reading(Emotion.ANGRY)], 0.0)
    assert all(state.mood is Mood.NONE for state in play(tracker, None, 0.3, 0.1))


def test_the_first_mood_comes_even_if_none_leads():
    tracker = MoodTracker(CONFIG)
    states = [
        tracker.update([reading(Emotion.SAD if number % 2 else Emotion.FEAR, 0.9, face=number)], number * STEP)
        for number in range(11)
    ]
    assert states[-1].mood is not Mood.NONE


def test_a_change_takes_the_dwell_and_is_announced_once():
    tracker = MoodTracker(CONFIG)
    play(tracker, Emotion.HAPPY, 5.0)
    states = play(tracker, Emotion.SAD, 8.0, 5.0)
    moods = [state.mood for state in states]
    change = moods.index(Mood.SAD)
    assert set(moods) == {Mood.HAPPY, Mood.SAD}
    assert CONFIG.dwell_s <= change * STEP <= CONFIG.dwell_s + CONFIG.smoothing_s
    assert set(moods[change:]) == {Mood.SAD}
    assert states[-1].since == pytest.approx(5.0 + change * STEP)


def test_less_ahead_than_the_margin_changes_nothing():
    tracker = MoodTracker(MoodConfig(margin=0.2))
    play(tracker, Emotion.HAPPY, 3.0)
    close = np.zeros(7, np.float32)
    close[list(Emotion).index(Emotion.SAD)] = 0.55
    close[list(Emotion).index(Emotion.HAPPY)] = 0.45
    for number in range(200):
        state = tracker.update([Reading(0, close)], 3.0 + number * STEP)
    assert state.mood is Mood.HAPPY
    assert state.confidence == pytest.approx(0.45, abs=0.01)


def test_none_after_absence_and_only_then():
    tracker = MoodTracker(CONFIG)
    last = len(play(tracker, Emotion.HAPPY, 3.0)) * STEP - STEP
    assert tracker.update([], last + CONFIG.absence_s).mood is Mood.HAPPY
    gone = tracker.update([], last + CONFIG.absence_s + 0.01)
    assert (gone.mood, gone.since) == (Mood.NONE, last + CONFIG.absence_s + 0.01)
    assert tracker.update([], 100.0).since == gone.since


def test_nothing_of_the_old_mood_is_left_after_none():
    tracker = MoodTracker(CONFIG)
    play(tracker, Emotion.HAPPY, 10.0)
    play(tracker, None, 4.0, 10.0)
    state = play(tracker, Emotion.SAD, 1.0, 14.0)[-1]
    assert state.mood is Mood.SAD
    assert state.probabilities[Emotion.HAPPY] < 0.1


def test_one_stray_reading_after_none_is_no_mood():
    tracker = MoodTracker(CONFIG)
    play(tracker, Emotion.HAPPY, 3.0)
    play(tracker, None, 4.0, 3.0)
    assert tracker.update([reading(Emotion.HAPPY)], 7.0).mood is Mood.NONE
    assert tracker.update([reading(Emotion.HAPPY)], 7.1).mood is Mood.NONE


def test_the_nearer_face_counts_more():
    tracker = MoodTracker(CONFIG)
    readings = [reading(Emotion.HAPPY, face=1, weight=150), reading(Emotion.SAD, face=2, weight=50)]
    for number in range(10):
        state = tracker.update(readings, number * STEP)
    assert state.mood is Mood.HAPPY
    assert state.faces == 2
    assert state.probabilities[Emotion.HAPPY] == pytest.approx(0.75, abs=1e-5)
    expected = np.array(AFFECT[Emotion.HAPPY]) * 0.75 + np.array(AFFECT[Emotion.SAD]) * 0.25
    assert (state.valence, state.arousal) == pytest.approx(tuple(expected), abs=1e-5)


def test_who_looks_away_fades():
    tracker = MoodTracker(CONFIG)
    for number in range(10):
        tracker.update([reading(Emotion.HAPPY, face=1), reading(Emotion.SAD, face=2)], number * STEP)
    for number in range(10, 20):
        state = tracker.update([reading(Emotion.SAD, face=2)], number * STEP, faces=2)
    assert state.probabilities[Emotion.SAD] == pytest.approx(1 / (1 + np.exp(-1.0)), abs=0.01)
    assert state.faces == 2


def test_people_whose_faces_cannot_be_read_are_still_counted():
    state = MoodTracker(CONFIG).update([], 0.0, faces=3)
    assert (state.mood, state.faces) == (Mood.NONE, 3)


def test_no_dwell_at_all_changes_as_soon_as_it_leads():
    tracker = MoodTracker(MoodConfig(dwell_s=0, smoothing_s=0.05))
    assert play(tracker, Emotion.HAPPY, 0.1)[0].mood is Mood.HAPPY
    assert play(tracker, Emotion.SAD, 0.3, 0.1)[1].mood is Mood.SAD


frames = st.lists(
    st.one_of(st.none(), st.tuples(st.sampled_from(list(Emotion)), st.floats(0.2, 1.0), st.integers(0, 2))),
    max_size=200,
)
configs = st.builds(
    MoodConfig,
    smoothing_s=st.floats(0.05, 5),
    margin=st.floats(0, 0.5),
    dwell_s=st.floats(0.5, 4),
    absence_s=st.floats(0.3, 3),
)


@given(frames, configs, st.floats(0.03, 0.5))
def test_never_flickers(frames: list[tuple[Emotion, float, int] | None], config: MoodConfig, step: float):
    tracker, previous, changed_at, read_at = MoodTracker(config), Mood.NONE, -np.inf, -np.inf
    for number, frame in enumerate(frames):
        at = number * step
        read_at = at if frame else read_at
        state = tracker.update([] if frame is None else [reading(*frame)], at)
        if at - read_at > config.absence_s:
            assert state.mood is Mood.NONE
        if state.mood is Mood.NONE:
            assert state.confidence == 0
        else:
            assert sum(state.probabilities.values()) == pytest.approx(1, abs=1e-4)
            assert state.confidence == state.probabilities[Emotion(state.mood)]
            assert -1 <= state.valence <= 1
            assert -1 <= state.arousal <= 1
        if state.mood is not previous:
            if Mood.NONE not in (state.mood, previous):
                assert at - changed_at >= config.dwell_s - 1e-9
            assert state.since == at
            previous, changed_at = state.mood, at


@given(
    st.sampled_from(list(Emotion)),
    st.sampled_from(list(Emotion)),
    st.integers(1, 18),
    st.floats(0.5, 1.0),
    st.floats(0.05, 5),
)
def test_labels_that_alternate_faster_than_the_dwell_change_nothing(
    first: Emotion, second: Emotion, half_period: int, certainty: float, smoothing: float
):
    tracker = MoodTracker(MoodConfig(dwell_s=2.0, smoothing_s=smoothing))
    for number in range(10):
        tracker.update([reading(first, certainty)], number * STEP)
    moods = set()
    for number in range(300):
        emotion = first if (number // half_period) % 2 else second
        moods.add(tracker.update([reading(emotion, certainty)], 1.0 + number * STEP).mood)
    assert moods == {Mood(first)}
