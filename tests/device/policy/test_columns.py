"""Places within a library, joins and repeats."""

from __future__ import annotations

import numpy as np
import pytest

from mien_device.policy.catalogue import Catalogue
from mien_device.policy.joins import KEY_COST, LOUDNESS_COST, REPEAT_COST, TEMPO_COST, join_cost, repeat_cost
from tests.device.policy.shelf import DAY_S, random_songs, song


def test_every_large_library_reaches_from_end_to_end() -> None:
    catalogue = Catalogue([song(str(n), 0.3 + n / 2000, 0.0) for n in range(400)])
    assert catalogue.place[:, 0].min() < -0.85
    assert catalogue.place[:, 0].max() > 0.95
    assert np.allclose(catalogue.place[:, 1], 0), "songs that are all alike are all in the middle"
    assert (np.diff(catalogue.place[:, 0]) > 0).all(), "in the order of their estimates"


def test_a_small_library_is_taken_at_its_word() -> None:
    catalogue = Catalogue([song("a", 0.5, 0.5), song("b", 0.6, 0.5)])
    assert abs(catalogue.place[0] - (0.5, 0.5)).max() < 0.15


def test_what_the_model_does_not_know_stays_unsure_in_the_library() -> None:
    rng = np.random.default_rng(0)
    sure = Catalogue([song(str(n), rng.normal(0, 0.3), 0, sd=0.02) for n in range(300)])
    unsure = Catalogue([song(str(n), rng.normal(0, 0.05), 0, sd=0.3) for n in range(300)])
    assert sure.sd[0, 0] < 0.1
    assert unsure.sd[0, 0] == 1.0


def test_half_and_twice_the_tempo_join_as_well_as_the_same() -> None:
    catalogue = Catalogue(
        [song("last", tempo=100), *(song(str(t), tempo=t) for t in (50, 200, 100, 141, 120)), song("n")]
    )
    cost = join_cost(catalogue, 0)
    assert cost[1:4] == pytest.approx(0)
    assert cost[4] == pytest.approx(TEMPO_COST, rel=0.02)
    assert 0 < cost[5] < cost[4]
    assert cost[6] == 0


def test_keys_go_around_the_circle_of_fifths() -> None:
    keys = ["C", "A minor", "G", "F", "F#", "Db", "D minor", "no key"]
    catalogue = Catalogue([song(key, key=key) for key in keys])
    cost = join_cost(catalogue, 0)
    assert cost[[1, 2, 3, 6, 7]] == pytest.approx(0), "the relative minor, a fifth up and down, and what has no key"
    assert cost[4] == pytest.approx(KEY_COST)
    assert cost[4] > cost[5] > 0


def test_a_leap_in_loudness_and_in_mood_costs() -> None:
    catalogue = Catalogue([song("last", loudness=-10), song("quiet", loudness=-30), song("like", loudness=-10)])
    assert join_cost(catalogue, 0) == pytest.approx([0, LOUDNESS_COST, 0])
    plane = Catalogue([song("last", -0.8), song("near", -0.7), song("far", 0.8)])
    last, near, far = join_cost(plane, 0)
    assert last == near == 0 < far
    assert (join_cost(plane, None) == 0).all()


def test_a_day_forgives_half_of_a_repeat() -> None:
    cost = repeat_cost(np.array([0.0, -DAY_S, -np.inf, 5.0]), 0.0)
    assert cost == pytest.approx([REPEAT_COST, REPEAT_COST / 2, 0, REPEAT_COST])


def test_artists_are_told_apart_but_not_by_their_spelling() -> None:
    names = ["Nina", " nina ", "", "Nils", ""]
    catalogue = Catalogue([song(str(n), artist=name) for n, name in enumerate(names)])
    assert list(catalogue.artist) == [0, 0, -1, 1, -1]


def test_ten_thousand_songs_have_columns_of_that_length() -> None:
    catalogue = Catalogue(random_songs(10_000, 900))
    assert catalogue.place.shape == catalogue.sd.shape == (10_000, 2)
    assert np.isfinite(catalogue.place).all()
    assert np.isfinite(join_cost(catalogue, 17)).all()
