"""The majority protocol and the soft targets, on votes made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mien_models.labels import HEAD_LABELS, Head
from mien_training.emotion.ferplus import agreement, majority, soft_targets

LABELS = (*HEAD_LABELS[Head.FERPLUS], "unknown", "NF")


def votes(**counts: int) -> np.ndarray:
    return np.array([[counts.get(label, 0) for label in LABELS]], np.uint8)


@pytest.mark.parametrize(
    ("counts", "label"),
    [
        ({"happy": 10}, "happy"),
        ({"happy": 6, "sad": 4}, "happy"),
        ({"happy": 5, "sad": 5}, None),  # half is no majority
        ({"happy": 5, "sad": 4, "fear": 1}, "happy"),  # the single vote goes first: 5 of 9
        ({"happy": 4, "sad": 3, "fear": 3}, None),
        ({"happy": 3, "sad": 1, "fear": 1, "angry": 1, "neutral": 1, "surprise": 1, "disgust": 1}, "happy"),
        ({"happy": 5, "unknown": 5}, None),  # unknown counts among the votes
        ({"unknown": 8, "happy": 2}, None),
        ({"NF": 10}, None),
        ({"contempt": 6, "neutral": 4}, "contempt"),
        ({"happy": 1, "sad": 1}, None),  # nothing remains
        ({"happy": 200, "sad": 180}, "happy"),  # no overflow in eight bits
    ],
)
def test_majority(counts: dict[str, int], label: str | None) -> None:
    expected = -1 if label is None else LABELS.index(label)
    assert majority(votes(**counts)).tolist() == [expected]


def test_soft_targets_weigh_rows_by_what_lies_on_emotions() -> None:
    targets = soft_targets(votes(happy=6, sad=2, fear=1, unknown=2))
    assert targets.shape == (1, 8)
    assert targets.dtype == np.float32
    assert targets[0, LABELS.index("happy")] == pytest.approx(0.6)
    assert targets[0, LABELS.index("sad")] == pytest.approx(0.2)
    assert targets[0, LABELS.index("fear")] == 0
    assert targets.sum() == pytest.approx(0.8)
    assert soft_targets(votes(NF=10)).sum() == 0
    assert soft_targets(votes(happy=1)).sum() == 0


def test_agreement_counts_every_vote() -> None:
    assert agreement(votes(happy=8, sad=1, NF=1))[0, LABELS.index("happy")] == pytest.approx(0.8)
