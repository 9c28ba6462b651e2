from __future__ import annotations

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
