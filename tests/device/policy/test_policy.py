"""What the policy guarantees, whatever library, listener and history it has."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien_device.config import MusicMode
from mien_device.listeners import UNKNOWN, Ending, Listener
from mien_device.policy import Choice, Liking, Phase
from mien_device.policy.course import STEP
from mien_device.policy.joins import ARTIST_SPACING, FLOOR
from mien_device.policy.policy import Policy
from mien_models.listening import Estimate
from tests.device.policy.shelf import ANGRY, DAY_S, EVEN, HAPPY, SAD, Shelf, Sitting, grid, outcome, random_songs, song

PLAYING = [mode for mode in MusicMode if mode is not MusicMode.OFF]
LEADING = [MusicMode.LIFT, MusicMode.CALM, MusicMode.ENERGISE]

unit = st.floats(-1, 1)
spread = st.floats(0, 1)
listeners = st.builds(Listener, unit, spread, unit, spread, faces=st.integers(0, 3))
tracks = st.tuples(
    st.sampled_from(PLAYING),
    listeners,
    listeners,
    st.sampled_from(list(Ending)),
    st.floats(0, 300),
    st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(
    count=st.integers(1, 60),
    artists=st.integers(0, 12),
    seed=st.integers(0, 99),
    script=st.lists(tracks, min_size=1, max_size=40),
)
def test_any_sitting(count: int, artists: int, seed: int, script: list[tuple]) -> None:  # type: ignore[type-arg]
    sitting = Sitting(random_songs(count, artists, seed), seed)
    for mode, before, after, ending, heard_s, liked in script:
        choice = sitting.play(mode, before, after, ending, heard_s=heard_s)
        sitting.policy.liked(Liking(choice.song.id, liked, after))
        assert choice.mode is mode
        assert all(map(math.isfinite, (choice.target.valence, choice.target.arousal)))
        here = choice.target.step_from
        if here is not None:
            assert math.dist(here, (choice.target.valence, choice.target.arousal)) <= STEP + 1e-9
        assert choice.why.endswith(".")
        assert choice.why.isprintable(), "one line"
        assert 15 < len(choice.why) < 250
    floor = min(FLOOR, count // 2)
    for number, name in enumerate(sitting.heard):
        assert name not in sitting.heard[max(0, number - floor) : number], "the floor holds"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.sampled_from(PLAYING), listeners)
def test_artists_keep_apart_where_there_are_enough_of_them(seed: int, mode: MusicMode, listener: Listener) -> None:
    sitting = Sitting(random_songs(60, 12, seed), seed)
    heard = [sitting.play(mode, listener).song.artist for _ in range(30)]
    for number in range(len(heard)):
        assert heard[number] not in heard[max(0, number - ARTIST_SPACING) : number]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.sampled_from(PLAYING), st.lists(listeners, min_size=5, max_size=15))
def test_the_same_seed_makes_the_same_choices(seed: int, mode: MusicMode, seen: list[Listener]) -> None:
    one, two = (Sitting(random_songs(40, 8), seed) for _ in range(2))
    for listener in seen:
        assert one.play(mode, listener) == two.play(mode, listener)


def test_chance_differs_by_seed() -> None:
    heard = set()
    for seed in range(10):
        heard.add(Sitting(grid(sd=0.3), seed).play(MusicMode.FOLLOW, EVEN).song.id)
    assert len(heard) > 3


def test_an_empty_library_and_off_choose_nothing() -> None:
    policy = Policy(Shelf([]), np.random.default_rng(0))
    assert all(policy.choose(mode, HAPPY, 0.0) is None for mode in MusicMode)
    assert Policy(Shelf(grid(3)), np.random.default_rng(0)).choose(MusicMode.OFF, HAPPY, 0.0) is None


def test_one_song_and_one_artist_go_on_for_ever() -> None:
    alone = Sitting([song("only", artist="one")])
    assert {alone.play(MusicMode.LIFT, SAD).song.id for _ in range(5)} == {"only"}
    sitting = Sitting([song(str(n), artist="one") for n in range(6)])
    heard = [sitting.play(MusicMode.FOLLOW, SAD).song.id for _ in range(30)]
    assert len(set(heard)) == 6
    assert all(heard[n] not in heard[max(0, n - 3) : n] for n in range(30))


def test_estimates_that_are_no_numbers_do_no_harm() -> None:
    nan = math.nan
    songs = [song("odd", nan, nan, tempo=0.0, key="H# dorian"), song("odder", 0.5, math.inf, sd=nan, loudness=nan)]
    sitting = Sitting([*songs, song("good", 0.5, 0.5)])
    assert {sitting.play(mode, HAPPY).song.id for mode in PLAYING * 4} == {"odd", "odder", "good"}


@pytest.mark.parametrize("mode", LEADING)
@pytest.mark.parametrize("start", [SAD, ANGRY, HAPPY, EVEN])
def test_it_begins_where_the_listener_is_and_arrives_step_by_step(mode: MusicMode, start: Listener) -> None:
    sitting = Sitting(grid())
    choices = [sitting.play(mode, start) for _ in range(12)]
    assert choices[0].target.phase is Phase.MATCH
    assert (choices[0].target.valence, choices[0].target.arousal) == (start.valence, start.arousal)
    assert choices[-1].target.phase is Phase.ARRIVED
    goal = (choices[-1].target.valence, choices[-1].target.arousal)
    away = [math.dist(goal, (c.target.valence, c.target.arousal)) for c in choices]
    assert away == sorted(away, reverse=True)
    first, last = choices[0].song.estimate, choices[-1].song.estimate
    assert math.dist(goal, (last.valence, last.arousal)) < max(
        0.6, math.dist(goal, (first.valence, first.arousal)) - 0.5
    )


def test_the_songs_are_those_of_the_mood() -> None:
    for listener, sign in ((HAPPY, 1), (SAD, -1)):
        sitting = Sitting(grid())
        valences = [sitting.play(MusicMode.FOLLOW, listener).song.estimate.valence for _ in range(10)]
        assert all(valence * sign > 0 for valence in valences)


def test_a_face_that_falls_twice_leads_back_to_it() -> None:
    sitting = Sitting(grid())
    falling = [replace(EVEN, valence=value) for value in (0.0, -0.2, -0.4)]
    sitting.play(MusicMode.LIFT, falling[0])
    assert sitting.play(MusicMode.LIFT, falling[1]).target.phase is Phase.STEP
    back = sitting.play(MusicMode.LIFT, falling[2])
    assert back.target.phase is Phase.BACK
    assert back.target.valence == falling[2].valence
    assert "fell twice" in back.why
    assert sitting.play(MusicMode.LIFT, falling[2]).target.phase is Phase.STEP, "and leads on from there"


def test_venting_is_not_stopped_by_a_fall() -> None:
    sitting = Sitting(grid())
    for value in (0.0, -0.2, -0.4, -0.6):
        choice = sitting.play(MusicMode.VENT, replace(ANGRY, valence=value))
        assert choice.target.phase is not Phase.BACK


def test_after_a_skip_no_step_further_and_after_two_a_step_back() -> None:
    sitting = Sitting(grid())
    for _ in range(3):
        sitting.play(MusicMode.LIFT, SAD)
    skipped = sitting.play(MusicMode.LIFT, SAD, ending=Ending.SKIPPED)
    held = sitting.play(MusicMode.LIFT, SAD, ending=Ending.SKIPPED)
    assert held.target.phase is Phase.HOLD
    assert (held.target.valence, held.target.arousal) == (skipped.target.valence, skipped.target.arousal)
    assert "no step further" in held.why
    towards = sitting.play(MusicMode.LIFT, SAD)
    assert towards.target.valence < held.target.valence
    assert "a step back" in towards.why


def test_a_choice_that_never_started_changes_nothing() -> None:
    one, two = Sitting(grid()), Sitting(grid())
    one.play(MusicMode.LIFT, SAD)
    two.play(MusicMode.LIFT, SAD)
    ahead = one.policy.choose(MusicMode.LIFT, SAD, one.now)
    again = one.policy.choose(MusicMode.LIFT, SAD, one.now)
    assert ahead is not None
    assert again is not None
    assert again.target == ahead.target == two.play(MusicMode.LIFT, SAD).target


def test_a_new_mode_and_a_new_sitting_begin_anew() -> None:
    sitting = Sitting(grid())
    for _ in range(4):
        sitting.play(MusicMode.LIFT, SAD)
    assert sitting.play(MusicMode.CALM, SAD).target.phase is Phase.MATCH
    assert sitting.play(MusicMode.CALM, SAD).target.phase is Phase.STEP
    sitting.now += 3 * 3600
    assert sitting.play(MusicMode.CALM, SAD).target.phase is Phase.MATCH


def test_nobody_there_keeps_the_plan() -> None:
    sitting = Sitting(grid())
    sitting.play(MusicMode.LIFT, SAD)
    alone = sitting.play(MusicMode.LIFT, replace(SAD, faces=0))
    assert alone.target.phase is Phase.STEP
    first = Sitting(grid()).play(MusicMode.FOLLOW, UNKNOWN)
    assert "nobody was seen yet" in first.why


def test_what_is_liked_in_a_mood_comes_more_often_there_and_what_is_skipped_less() -> None:
    sitting = Sitting([song(str(n), 0.5, 0.4, f"artist {n}") for n in range(60)])

    def react(choice: Choice) -> Ending:
        return Ending.PLAYED if int(choice.song.id) < 20 else Ending.SKIPPED

    for _ in range(240):
        sitting.now += DAY_S / 6
        sitting.play(MusicMode.FOLLOW, HAPPY, ending=react, heard_s=60)
    welcome = [int(name) < 20 for name in sitting.heard]
    assert sum(welcome[:60]) < 30
    assert sum(welcome[-60:]) > sum(welcome[:60]) + 8


def test_what_was_learned_is_read_again_from_the_log() -> None:
    sitting = Sitting(random_songs(50, 10))
    for n in range(20):
        sitting.play(MusicMode.FOLLOW, HAPPY, ending=(Ending.PLAYED, Ending.SKIPPED)[n % 2], heard_s=60)
    said = Liking(sitting.heard[0], False, HAPPY)
    sitting.shelf.said.append(said)
    sitting.policy.liked(said)
    again = Policy(sitting.shelf, np.random.default_rng(5))
    chosen = again.choose(MusicMode.SHUFFLE, HAPPY, sitting.now)
    assert chosen is not None
    assert chosen.song.id not in sitting.heard[-FLOOR:]
    expected = again._taste.expected(HAPPY)
    assert np.allclose(expected, sitting.policy._taste.expected(HAPPY))
    assert expected.std() > 0


def test_a_correction_counts_after_restocking() -> None:
    sitting = Sitting(grid(5))
    sitting.shelf.stock = [
        replace(s, estimate=Estimate(-s.estimate.valence, 0, s.estimate.arousal, 0), corrected=True)
        for s in sitting.shelf.stock
    ]
    sitting.policy.restock()
    assert sitting.play(MusicMode.FOLLOW, HAPPY).song.estimate.valence > 0


def test_a_song_that_does_not_play_is_left_out_until_the_next_stock() -> None:
    sitting = Sitting([song("a"), song("b")])
    sitting.policy.bar("a")
    sitting.policy.bar("no such song")
    assert {sitting.play(MusicMode.SHUFFLE, EVEN).song.id for _ in range(5)} == {"b"}
    sitting.policy.bar("b")
    assert sitting.policy.choose(MusicMode.SHUFFLE, EVEN, sitting.now) is None
    sitting.policy.restock()
    assert sitting.policy.choose(MusicMode.SHUFFLE, EVEN, sitting.now) is not None


def test_a_calm_choice_always_exists_and_says_when_it_is_not_calm() -> None:
    loud = [song(str(n), 0.5, 0.3 + 0.03 * n, f"artist {n}") for n in range(20)]
    sitting = Sitting(loud)
    choices = [sitting.play(MusicMode.CALM, HAPPY) for _ in range(10)]
    assert choices[-1].target.phase is Phase.ARRIVED
    assert "not calm" in choices[-1].why
    assert np.mean([int(c.song.id) for c in choices[-4:]]) < 10, "the calmest there are"
    assert "not calm" not in Sitting(grid()).play(MusicMode.CALM, replace(HAPPY, arousal=-0.7)).why


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(listeners, st.floats(0.1, 40)), max_size=40), st.sampled_from(PLAYING))
def test_no_flicker_cuts_a_song(seen: list[tuple[Listener, float]], mode: MusicMode) -> None:
    sitting = Sitting(grid(5))
    start = sitting.policy.choose(mode, EVEN, sitting.now)
    assert start is not None
    sitting.policy.started(start)
    for listener, seconds in seen:
        sitting.now += seconds
        assert not sitting.policy.wants_change(listener, sitting.now) or seconds <= 45
        sitting.now += 1
        assert not sitting.policy.wants_change(EVEN, sitting.now), "back again: it was a flicker"


def test_a_change_that_lasts_cuts_once_and_matches_again() -> None:
    sitting = Sitting(grid())
    first = sitting.policy.choose(MusicMode.FOLLOW, SAD, sitting.now)
    assert first is not None
    sitting.policy.started(first)
    asked = []
    for second in range(100):
        if sitting.policy.wants_change(HAPPY, sitting.now + second):
            asked.append(second)
            break
    assert asked == [46]
    sitting.now += 46
    sitting.policy.ended(outcome(first, HAPPY, Ending.CUT, heard_s=46))
    sitting.leaving = Ending.CUT
    anew = sitting.play(MusicMode.FOLLOW, HAPPY, heard_s=0)
    assert anew.target.phase is Phase.MATCH
    assert anew.target.valence == HAPPY.valence
    assert not any(sitting.policy.wants_change(SAD, sitting.now + second) for second in range(290 - 46)), (
        "not again soon"
    )
    assert sitting.policy.wants_change(SAD, sitting.now + 301)


def test_cuts_can_be_turned_off() -> None:
    sitting = Sitting(grid(), lasting_s=0)
    sitting.play(MusicMode.FOLLOW, SAD, heard_s=0)
    assert not any(sitting.policy.wants_change(HAPPY, sitting.now + second) for second in range(1000))
    assert sitting.play(MusicMode.FOLLOW, HAPPY).target.phase is Phase.STEP


@pytest.mark.parametrize("mode", [MusicMode.LIFT, MusicMode.SHUFFLE, MusicMode.VENT])
def test_music_that_works_is_not_cut_for_it(mode: MusicMode) -> None:
    sitting = Sitting(grid())
    sitting.play(mode, SAD, heard_s=0)
    assert not any(sitting.policy.wants_change(HAPPY, sitting.now + second) for second in range(1000))


def test_the_sentence_says_only_what_is_sure() -> None:
    sure = Sitting([song(str(n), 0.4, -0.6, sd=0.1) for n in range(3)]).play(
        MusicMode.CALM, replace(HAPPY, arousal=-0.6)
    )
    unsure = Sitting([song(str(n), 0.1, -0.6, sd=0.5) for n in range(3)]).play(MusicMode.CALM, HAPPY)
    assert "sounds bright and calm" in sure.why
    assert "sounds calm" in unsure.why
    welcome = Sitting([song("a", 0.4, 0.4)])
    for _ in range(3):
        welcome.play(MusicMode.FOLLOW, HAPPY)
    assert "welcome in such a mood before" in welcome.play(MusicMode.FOLLOW, HAPPY).why
    assert "welcome" not in welcome.play(MusicMode.FOLLOW, SAD).why


def test_what_plays_while_the_library_is_read_again_does_not_come_twice() -> None:
    sitting = Sitting(grid(5))
    for _ in range(30):
        choice = sitting.policy.choose(MusicMode.FOLLOW, HAPPY, sitting.now)
        assert choice is not None
        assert choice.song.id not in sitting.heard[-12:]
        sitting.policy.started(choice)
        sitting.choices.append(choice)
        sitting.policy.restock()  # its end is not in the play log yet
        sitting.now += 200
