from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.faces.tracks import Tracker
from mien_models.preprocess import Box


def face(x: float, y: float = 100, height: float = 80) -> Box:
    return Box(x, y, height * 0.75, height)


def test_a_face_counts_from_its_second_sighting():
    tracker = Tracker()
    assert tracker.update([face(100)], 0.0).tracks == ()
    second = tracker.update([face(104)], 0.1)
    assert [track.id for track in second.tracks] == list(second.arrived)
    assert len(second.arrived) == 1
    assert tracker.update([face(108)], 0.2).arrived == ()


def test_single_false_finds_never_count():
    tracker = Tracker()
    for number in range(20):
        boxes = [face(300)] if number % 5 == 0 else []
        assert tracker.update(boxes, number * 0.1).tracks == ()


def test_a_camera_of_one_frame_in_two_seconds_still_confirms():
    tracker = Tracker()
    tracker.update([face(100)], 0.0)
    assert len(tracker.update([face(100)], 2.0).arrived) == 1


def test_a_pause_between_frames_is_no_miss():
    tracker = Tracker(hold_s=1.5)
    tracker.update([face(100)], 0.0)
    assert tracker.wait(0.5).tracks == ()
    assert len(tracker.update([face(100)], 1.0).arrived) == 1
    assert tracker.wait(2.4).left == ()
    assert len(tracker.wait(2.6).left) == 1
    assert tracker.update([], 2.7).left == ()


def test_hidden_for_a_moment_keeps_the_identity_and_then_leaves_once():
    tracker = Tracker(hold_s=1.0)
    tracker.update([face(100)], 0.0)
    (first,) = tracker.update([face(100)], 0.1).tracks
    assert [track.id for track in tracker.update([], 0.9).tracks] == [first.id]
    assert [track.id for track in tracker.update([face(110)], 1.0).tracks] == [first.id]
    assert tracker.update([], 2.0).left == ()
    gone = tracker.update([], 2.1)
    assert (gone.tracks, gone.left) == ((), (first.id,))
    assert tracker.update([], 2.2).left == ()


def test_two_people_who_pass_each_other_keep_apart():
    tracker = Tracker()
    tracker.update([face(100, 50), face(400, 150)], 0.0)
    left, right = tracker.update([face(110, 50), face(390, 150)], 0.1).tracks
    for step in range(2, 31):
        # The order of the finder's boxes says nothing
        boxes = [face(400 - 10 * step, 150), face(100 + 10 * step, 50)]
        sighting = tracker.update(boxes, step * 0.1)
    places = {track.id: track.box.y for track in sighting.tracks}
    assert places == {left.id: 50, right.id: 150}


def test_a_box_of_another_size_is_another_face():
    tracker = Tracker()
    tracker.update([face(100)], 0.0)
    tracker.update([face(100)], 0.1)
    tracker.update([face(60, 40, 250)], 0.2)
    assert len(tracker.update([face(60, 40, 250)], 0.3).arrived) == 1


boxes = st.builds(face, st.floats(0, 600), st.floats(0, 400), st.floats(20, 300))


@given(st.lists(st.lists(boxes, max_size=4), max_size=30))
def test_arrivals_and_departures_add_up(frames: list[list[Box]]):
    tracker = Tracker(hold_s=0.5)
    present: set[int] = set()
    ever: set[int] = set()
    for number, found in enumerate(frames):
        sighting = tracker.update(found, number * 0.2)
        assert not ever & set(sighting.arrived)
        assert set(sighting.left) <= present
        present = (present | set(sighting.arrived)) - set(sighting.left)
        ever |= present
        assert present == {track.id for track in sighting.tracks}
        assert len(present) == len(sighting.tracks)


@pytest.mark.parametrize("speed", [80, 160, 250, 400])
@pytest.mark.parametrize("hidden", ["first", "second"])
def test_two_who_cross_come_out_with_their_own_identity(speed: int, hidden: str):
    """Whoever passes behind is not found while the other is before them, and what shows of them last is misplaced."""
    tracker, high = Tracker(), 90.0
    first_seen: dict[int, str] = {}
    for step in range(31):
        at = step / 10
        ways = {"first": 320 + speed * (at - 1.5), "second": 320 - 0.8 * speed * (at - 1.5)}
        apart = ways["first"] - ways["second"]
        if abs(apart) < 0.7 * high:
            del ways[hidden]
        elif abs(apart) < high:
            ways[hidden] += math.copysign(0.1 * high, apart if hidden == "first" else -apart)
        # The finder gives the surest first: whom that is changes.
        boxes = [face(x, 100, high) for x in sorted(ways.values(), reverse=step % 2 == 0)]
        sighting = tracker.update(boxes, at)
        assert {track.id for track in sighting.tracks} <= {0, 1}
        if step == 1:
            first_seen = {track.id: "first" if track.box.x < 320 else "second" for track in sighting.tracks}
    came_out = {track.id: "first" if track.box.x > 320 else "second" for track in sighting.tracks}
    assert came_out == first_seen


def test_a_face_is_looked_for_where_it_goes():
    tracker = Tracker()
    for step in range(6):
        tracker.update([face(100 + 20 * step, 100)], step / 10)
    (expected,) = tracker.expected(0.6)
    assert expected.x == pytest.approx(220, abs=2)
    (much_later,) = tracker.expected(60)
    assert much_later.x < 100 + 20 * 5 + 201  # in a second it has slowed down


def test_a_hand_before_a_face_that_rests_costs_no_identity():
    """Boxes are uncertain by some pixels: what looks like speed must not carry the face away while it is hidden."""
    rng = random.Random(0)
    tracker = Tracker(hold_s=2.0)
    for step in range(300):
        at = step / 30
        hidden = 3.0 < at < 4.8 or 7.0 < at < 8.8
        boxes = [] if hidden else [face(300 + rng.gauss(0, 3), 200 + rng.gauss(0, 3))]
        tracks = tracker.update(boxes, at).tracks
        assert [track.id for track in tracks] == ([0] if step else [])


def test_who_turns_back_keeps_the_identity():
    tracker, x = Tracker(), 100.0
    for step in range(40):
        x += 15 if step < 20 else -15
        tracks = tracker.update([face(x)], step / 10).tracks
    assert [track.id for track in tracks] == [0]
