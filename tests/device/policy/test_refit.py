"""Corrections: used where they help songs that were not corrected, dropped where they do not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien_device.policy.refit import FEWEST, refit

Floats = npt.NDArray[np.float64]
COUNT, WIDTH = 400, 60


@pytest.fixture
def library() -> Floats:
    rng = np.random.default_rng(1)
    return rng.normal(size=(COUNT, 6)) @ rng.normal(size=(6, WIDTH)) + rng.normal(0, 0.3, (COUNT, WIDTH))


def corrections(
    library: Floats, truth: Floats, heard: Floats, count: int, seed: int = 0
) -> tuple[Floats, Floats, Floats]:
    picked = np.random.default_rng(seed).permutation(COUNT)[:count]
    return library[picked], heard[picked], truth[picked]


def test_a_user_who_hears_it_differently_is_learned(library: Floats) -> None:
    heard = np.zeros((COUNT, 2))
    truth = np.clip(np.stack([library[:, 0], -library[:, 1]], axis=1) / 10 + (0.2, 0), -1, 1)
    offset = refit(library, *corrections(library, truth, heard, 40), [f"artist {n}" for n in range(40)])
    assert offset is not None
    before, after = (np.mean((truth - now) ** 2, axis=0) for now in (heard, offset.apply(library, heard)))
    assert (after < 0.5 * before).all(), "also for the songs that nobody corrected"


def test_corrections_by_chance_are_rolled_back(library: Floats) -> None:
    rng = np.random.default_rng(2)
    heard = rng.uniform(-0.5, 0.5, (COUNT, 2))
    kept = 0
    for seed in range(20):
        said = heard + np.random.default_rng(seed).normal(0, 0.3, heard.shape)
        kept += refit(library, *corrections(library, said, heard, 30, seed), [str(n) for n in range(30)]) is not None
    assert kept <= 6, "an offset by luck is rare: two axes, each wrong at most one time in six"


def test_an_axis_is_kept_without_the_other(library: Floats) -> None:
    rng = np.random.default_rng(3)
    heard = np.zeros((COUNT, 2))
    truth = np.stack([library[:, 0] / 10, rng.choice([-0.3, 0.3], COUNT)], axis=1)
    offset = refit(library, *corrections(library, truth, heard, 40), [str(n) for n in range(40)])
    assert offset is not None
    moved = offset.apply(library, heard)
    assert np.corrcoef(moved[:, 0], truth[:, 0])[0, 1] > 0.8
    assert (moved[:, 1] == 0).all()


def test_what_holds_within_one_artist_only_is_not_kept(library: Floats) -> None:
    heard = np.zeros((COUNT, 2))
    features, _, _ = corrections(library, heard, heard, 40)
    # Two artists who say opposite things of the same sounds.
    said = np.where(np.arange(40)[:, None] < 20, features[:, :2] / 8, -features[:, :2] / 8)
    assert refit(library, features, np.zeros((40, 2)), said, ["one"] * 20 + ["two"] * 20) is None
    assert refit(library, features, np.zeros((40, 2)), features[:, :2] / 8, ["one"] * 40) is None


def test_a_few_corrections_are_too_few(library: Floats) -> None:
    few = FEWEST - 1
    said = np.full((few, 2), 0.5)
    assert refit(library, library[:few], np.zeros((few, 2)), said, [str(n) for n in range(few)]) is None
    assert refit(library, np.empty((0, WIDTH)), np.empty((0, 2)), np.empty((0, 2)), []) is None


@settings(max_examples=25, deadline=None)
@given(count=st.integers(FEWEST, 60), seed=st.integers(0, 99))
def test_the_answers_stay_on_the_plane(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    library = rng.normal(size=(100, 20)) * rng.choice([0.0, 1.0, 1e6], 20)
    heard, said = rng.uniform(-1, 1, (count, 2)), rng.choice([-1.0, 1.0], (count, 2))
    offset = refit(library, library[:count], heard, said, [str(n) for n in range(count)])
    if offset is not None:
        assert np.abs(offset.apply(1e9 * library, rng.uniform(-1, 1, (100, 2)))).max() <= 1
