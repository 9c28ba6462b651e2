"""The viewer's state: slow, unsure where faces disagree, kept for a while."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.listeners import UNKNOWN
from mien_device.policy.viewer import FELT_SD, FORGET_S, SAID_SD, TIME_CONSTANT_S, Viewer
from mien_models.labels import AFFECT, Emotion

HAPPY, SAD = {Emotion.HAPPY: 1.0}, {Emotion.SAD: 1.0}


def test_a_sure_face_is_where_its_emotion_lies_and_no_surer_than_a_face_can_be() -> None:
    viewer = Viewer()
    viewer.see(HAPPY, 1, 0.0)
    listener = viewer.at(0.0)
    assert (listener.valence, listener.arousal) == pytest.approx(AFFECT[Emotion.HAPPY])
    assert listener.valence_sd == pytest.approx(FELT_SD)


def test_people_who_disagree_are_in_the_middle_and_unsure() -> None:
    viewer = Viewer()
    viewer.see({Emotion.HAPPY: 0.5, Emotion.SAD: 0.5}, 2, 0.0)
    listener = viewer.at(0.0)
    assert listener.valence == pytest.approx((AFFECT[Emotion.HAPPY][0] + AFFECT[Emotion.SAD][0]) / 2)
    assert listener.valence_sd > 0.7
    assert listener.faces == 2


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_a_smile_moves_it_little_and_a_minute_moves_it_whatever_the_frame_rate(rate: float) -> None:
    viewer = Viewer()
    frames = int(120 * rate)
    for n in range(frames):
        viewer.see(SAD, 1, n / rate)
    before = viewer.at(120).valence
    for n in range(frames, frames + int(2 * rate)):
        viewer.see(HAPPY, 1, n / rate)
    assert viewer.at(122).valence - before == pytest.approx((1 - math.exp(-2 / TIME_CONSTANT_S)) * 1.44, rel=0.02)
    for n in range(frames + int(2 * rate), frames + int(120 * rate)):
        viewer.see(HAPPY, 1, n / rate)
    assert viewer.at(240).valence > 0.75


def test_the_first_glimpse_does_not_count_for_a_minute() -> None:
    viewer = Viewer()
    viewer.see(HAPPY, 1, 0.0)
    for n in range(1, 31):
        viewer.see(SAD, 1, n / 10)
    assert viewer.at(3.0).valence < -0.4


def test_who_left_is_remembered_and_then_forgotten() -> None:
    viewer = Viewer()
    assert viewer.at(0.0) == UNKNOWN
    viewer.see(HAPPY, 1, 0.0)
    viewer.see({}, 0, 5.0)
    assert viewer.at(100.0).valence > 0.8
    assert viewer.at(100.0).faces == 0
    assert viewer.at(FORGET_S + 1) == UNKNOWN
    viewer.see(SAD, 1, FORGET_S + 2)
    assert viewer.at(FORGET_S + 2).valence == pytest.approx(AFFECT[Emotion.SAD][0]), "of the happy one nothing is left"


chances = st.dictionaries(st.sampled_from(list(Emotion)), st.floats(0, 1))


@given(st.lists(st.tuples(chances, st.integers(0, 4), st.floats(-5, 700)), max_size=30))
def test_any_readings_in_any_order_of_time(readings: list[tuple[dict[Emotion, float], int, float]]) -> None:
    viewer, now = Viewer(), 0.0
    for probabilities, faces, step in readings:
        now += step
        viewer.see(probabilities, faces, now)
        listener = viewer.at(now)
        assert -1 <= listener.valence <= 1
        assert -1 <= listener.arousal <= 1
        assert FELT_SD <= listener.valence_sd + 1e-9 <= 1.2
        assert listener.arousal_sd > 0


def test_a_word_counts_at_once_and_is_gone_at_once() -> None:
    viewer = Viewer()
    for second in range(100):
        viewer.see(HAPPY, 1, float(second))
    viewer.see(SAD, 1, 100.0, said=True)
    listener = viewer.at(100.0)
    assert (listener.valence, listener.arousal) == pytest.approx(AFFECT[Emotion.SAD])
    assert listener.valence_sd == pytest.approx(SAID_SD)
    assert listener.said
    viewer.see(HAPPY, 1, 100.1)
    assert viewer.at(100.1).valence == pytest.approx(AFFECT[Emotion.HAPPY][0])
    viewer.see(SAD, 1, 101.0, said=True)
    viewer.see({}, 0, 102.0)
    assert viewer.at(102.0) == UNKNOWN, "a word that is taken back with nobody in view leaves nothing"


def test_another_word_counts_at_once() -> None:
    viewer = Viewer()
    for second in range(60):
        viewer.see(SAD, 1, float(second), said=True)
    viewer.see(HAPPY, 1, 60.0, said=True)
    listener = viewer.at(60.0)
    assert (listener.valence, listener.arousal) == pytest.approx(AFFECT[Emotion.HAPPY])
    assert listener.valence_sd == pytest.approx(SAID_SD)
