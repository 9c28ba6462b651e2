from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mien_device.mood.smoothing import Smoothed

A, B = np.eye(7, dtype=np.float32)[:2]


def test_the_first_reading_is_the_average():
    smoothed = Smoothed(1.0)
    smoothed.update(A, 5.0)
    assert smoothed.value == pytest.approx(A)


def test_after_one_time_constant_the_old_weighs_one_in_e():
    smoothed = Smoothed(2.0)
    smoothed.update(A, 0.0)
    smoothed.update(B, 2.0)
    assert smoothed.value[0] == pytest.approx(1 / math.e, abs=1e-6)


def test_the_frame_rate_changes_nothing():
    slow, fast = Smoothed(1.0), Smoothed(1.0)
    for smoothed, rate in ((slow, 5), (fast, 50)):
        smoothed.update(A, 0.0)
        for number in range(1, rate + 1):
            smoothed.update(B, number / rate)
    assert slow.value == pytest.approx(fast.value, abs=1e-5)


def test_a_stamp_that_goes_back_is_harmless():
    smoothed = Smoothed(1.0)
    smoothed.update(A, 1.0)
    smoothed.update(B, 0.5)
    assert smoothed.value == pytest.approx(A)
    assert smoothed.read_at == 1.0


def test_weight_fades():
    smoothed = Smoothed(1.0)
    smoothed.update(A, 0.0, weight=80.0)
    assert smoothed.weight_at(0.0) == 80.0
    assert smoothed.weight_at(1.0) == pytest.approx(80 / math.e)


def _normalised(values: np.ndarray) -> np.ndarray:
    return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)


@given(arrays.arrays(np.float32, (20, 7), elements=st.floats(0.0009765625, 1, width=32)), st.floats(0.01, 60))
def test_stays_a_distribution(readings: np.ndarray, time_constant: float):
    smoothed = Smoothed(time_constant)
    for number, reading in enumerate(_normalised(readings)):
        smoothed.update(reading, number * 0.1)
    assert smoothed.value.sum() == pytest.approx(1, abs=1e-4)
    assert (smoothed.value >= 0).all()
