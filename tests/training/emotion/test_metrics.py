"""The figures, against hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from mien_training.emotion.metrics import entropy, rank_correlation, score

LABELS = ("a", "b", "c")


def test_figures_of_a_small_table() -> None:
    truth = np.array([0, 0, 1, 1, -1])
    answers = np.eye(3, dtype=np.float32)[[0, 1, 1, 1, 2]]
    result = score(answers, truth, LABELS)
    assert result.n == 4
    assert result.accuracy == 0.75
    assert result.confusion == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert result.recall == {"a": 0.5, "b": 1.0, "c": None}
    assert result.precision["b"] == pytest.approx(2 / 3)
    # F1 of a 2/3 and of b 4/5; c occurs nowhere and does not count.
    assert result.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert result.ece == pytest.approx(0.25)  # always sure, right in three of four


def test_calibrated_answers_have_no_calibration_error() -> None:
    answers = np.tile(np.array([0.75, 0.25, 0.0], np.float32), (4, 1))
    assert score(answers, np.array([0, 0, 0, 1]), LABELS).ece == pytest.approx(0, abs=1e-6)


def test_no_rows() -> None:
    result = score(np.empty((0, 3), np.float32), np.empty(0, np.int64), LABELS)
    assert (result.n, result.accuracy, result.macro_f1, result.ece) == (0, 0, 0, 0)


def test_entropy() -> None:
    assert entropy(np.array([[1.0, 0, 0, 0], [5.0, 5, 5, 5]])).tolist() == pytest.approx([0, np.log(4)])


def test_rank_correlation_sees_order_and_shares_ranks() -> None:
    first = np.array([1.0, 2, 3, 4])
    assert rank_correlation(first, first**3) == pytest.approx(1)
    assert rank_correlation(first, -first) == pytest.approx(-1)
    # Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4.
    assert rank_correlation(np.array([0.0, 0, 1, 2]), first) == pytest.approx(0.9487, abs=1e-4)
    assert np.isnan(rank_correlation(np.ones(4), first))
