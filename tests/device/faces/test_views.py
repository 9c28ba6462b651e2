"""A face's answer is the mean of its last two views, of which one is mirrored."""

from __future__ import annotations

import numpy as np
import pytest

from mien_device.faces.views import LATEST_S, Views
from mien_models.preprocess import Image
from mien_models.runner import Answer

LIT_FROM_THE_LEFT = np.tile(np.linspace(250, 0, 48).astype(np.uint8), (48, 1))


class BySide:
    """Sees anger in what is lit from the left and disgust in what is lit from the right."""

    def read(self, face: Image) -> Answer:
        left = face[:, :24].mean() > face[:, 24:].mean()
        return Answer(np.eye(7, dtype=np.float32)[0 if left else 1], 0.9 if left else 0.6)


def shares(answer: Answer) -> tuple[float, float]:
    return float(answer.probabilities[0]), float(answer.probabilities[1])


def test_the_first_view_counts_alone_then_both_alike() -> None:
    views = Views(BySide())
    answers = [views.read(1, LIT_FROM_THE_LEFT, 0.1 * frame) for frame in range(5)]
    assert shares(answers[0]) == (1, 0)
    for answer in answers[1:]:
        assert shares(answer) == (0.5, 0.5)
        assert answer.probabilities.sum() == 1
    assert [answer.readable for answer in answers] == [0.9, 0.6, 0.9, 0.6, 0.9], "each of its own view"


def test_faces_do_not_mix() -> None:
    views = Views(BySide())
    views.read(1, LIT_FROM_THE_LEFT, 0.0)
    assert shares(views.read(2, np.fliplr(LIT_FROM_THE_LEFT), 0.0)) == (0, 1)
    assert shares(views.read(1, LIT_FROM_THE_LEFT, 0.1)) == (0.5, 0.5)


def test_a_view_that_cannot_be_read_has_no_part_in_the_next() -> None:
    class Smeared(BySide):
        def read(self, face: Image) -> Answer:
            return Answer(super().read(face).probabilities, 0.3 if face is LIT_FROM_THE_LEFT else 0.8)

    views = Views(Smeared())
    assert views.read(1, LIT_FROM_THE_LEFT, 0.0).readable == 0.3
    assert shares(views.read(1, LIT_FROM_THE_LEFT, 0.1)) == (0, 1), "mirrored, and alone"


def test_with_few_looks_a_second_they_alternate_all_the_same() -> None:
    views = Views(BySide())
    answers = [shares(views.read(1, LIT_FROM_THE_LEFT, 1.0 * second)) for second in range(4)]
    assert answers == [(1, 0), (0, 1), (1, 0), (0, 1)], "each alone: the smoothing of the mood forms the mean"


@pytest.mark.parametrize("gone", ["long ago", "forgotten", "to come"])
def test_what_was_seen_before_a_gap_says_nothing(gone: str) -> None:
    views = Views(BySide())
    views.read(1, LIT_FROM_THE_LEFT, 9.0)
    if gone == "forgotten":
        views.keep([2])
    at = {"long ago": 9.1 + LATEST_S, "forgotten": 9.1, "to come": 5.0}[gone]
    assert max(shares(views.read(1, LIT_FROM_THE_LEFT, at))) == 1
