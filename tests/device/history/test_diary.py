"""What is noted of what is seen and heard: by time, never while nobody is there, and right whatever the clock does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from mien_device.history import EARLIEST
from mien_device.history.diary import ENOUGH_S, HEARD_S, LONGEST_GAP_S, WAITING, Diary
from mien_device.mood import MoodState, nobody
from mien_models.labels import AFFECT, Emotion, Mood

NOON = 1_780_000_000 // 60 * 60
"""A full minute in 2026."""


@dataclass(eq=False)
class Tune:
    title: str
    artist: str = ""


def looks(emotion: Emotion, faces: int = 1) -> MoodState:
    valence, arousal = AFFECT[emotion]
    return MoodState(Mood(emotion), 0.9, valence, arousal, {emotion: 1.0}, faces, since=0.0)


class Room:
    """A diary with both clocks: `now` since the start, and the time of day."""

    def __init__(self, at: float = NOON) -> None:
        self.now, self.ahead = 1000.0, at - 1000.0
        self.diary = Diary(lambda: self.now + self.ahead)

    def look(self, state: MoodState, seconds: float, step: float = 0.1) -> None:
        self.diary.see(state, self.now)
        for _ in range(round(seconds / step)):
            self.now += step
            self.diary.see(state, self.now)

    def listen(self, tune: Tune | None, seconds: float, state: MoodState | None = None, *, runs: bool = True) -> None:
        for _ in range(round(seconds)):
            self.now += 1
            self.diary.hear(tune, "follow", self.now, runs=runs)
            if state is not None:
                self.diary.see(state, self.now)


@pytest.mark.parametrize("steps", [(0.1, 0.1), (0.05, 1.0)])
def test_shares_are_of_the_time_and_not_of_the_number_of_looks(steps: tuple[float, float]) -> None:
    room = Room()
    room.look(looks(Emotion.HAPPY), 30, steps[0])
    room.diary.see(nobody(0.0), room.now)
    room.look(looks(Emotion.SAD), 10, steps[1])
    (minute,), _ = room.diary.take(room.now)
    assert minute.seen_s == pytest.approx(40)
    happy, sad = (minute.moods[list(Emotion).index(emotion)] for emotion in (Emotion.HAPPY, Emotion.SAD))
    assert (happy, sad) == pytest.approx((30, 10))
    assert minute.valence_s == pytest.approx(30 * AFFECT[Emotion.HAPPY][0] + 10 * AFFECT[Emotion.SAD][0])


def test_a_minute_is_one_of_the_wall_clock_and_knows_how_many_were_there() -> None:
    room = Room(NOON + 45)
    room.look(looks(Emotion.HAPPY), 20)
    room.look(looks(Emotion.HAPPY, faces=3), 60)
    first, second, third = room.diary.take(room.now)[0]
    assert [minute.at - NOON for minute in (first, second, third)] == pytest.approx([45, 60, 120], abs=0.2)
    assert [minute.seen_s for minute in (first, second, third)] == pytest.approx([15, 60, 5], abs=0.2)
    assert [minute.people for minute in (first, second, third)] == [1, 3, 3]


def test_with_nobody_there_nothing_is_noted_and_what_cannot_be_read_is_no_mood() -> None:
    room = Room()
    room.look(nobody(0.0), 100)
    assert room.diary.take(room.now) == ([], [])
    room.look(replace(nobody(0.0), faces=1), 10)
    (minute,), _ = room.diary.take(room.now)
    assert (minute.seen_s, minute.read_s) == (pytest.approx(10), 0)


def test_what_was_in_a_gap_nobody_knows() -> None:
    room = Room()
    room.look(looks(Emotion.HAPPY), 5)
    room.now += LONGEST_GAP_S + 0.1
    room.look(looks(Emotion.HAPPY), 5)
    assert sum(minute.seen_s for minute in room.diary.take(room.now)[0]) == pytest.approx(10)


def test_notes_wait_for_a_clock_that_is_set_and_are_then_put_right() -> None:
    room = Room(at=1000.0)  # as a board without a battery starts: in 1970
    room.look(looks(Emotion.HAPPY), 90)
    assert room.diary.take(room.now) == room.diary.notes(room.now) == ([], [])
    room.ahead = NOON - room.now  # it is noon now
    room.look(looks(Emotion.HAPPY), 10)
    minutes, _ = room.diary.take(room.now)
    assert all(minute.at > EARLIEST for minute in minutes)
    assert min(minute.at for minute in minutes) == pytest.approx(NOON - 90, abs=0.2)
    assert sum(minute.seen_s for minute in minutes) == pytest.approx(100)
    assert room.diary.take(room.now) == ([], [])


def test_of_too_much_the_oldest_goes() -> None:
    room = Room(at=1000.0)
    for _ in range(WAITING + 5):
        room.look(looks(Emotion.HAPPY), 1, 1.0)
        room.now += 60
    room.ahead = NOON - room.now
    minutes, _ = room.diary.take(room.now)
    assert len(minutes) == WAITING
    assert minutes[-1].at == pytest.approx(NOON - 61, abs=1)


def test_what_could_not_be_written_comes_again() -> None:
    room = Room()
    room.look(looks(Emotion.HAPPY), 5)
    taken = room.diary.take(room.now)
    room.now += 100
    room.look(looks(Emotion.HAPPY), 5)
    room.diary.give_back(*taken, room.now)
    assert [round(minute.at - NOON) for minute in room.diary.take(room.now)[0]] == [0, 105]


def test_a_song_is_noted_with_faces_before_and_at_its_end() -> None:
    room = Room()
    room.look(looks(Emotion.SAD), 60)
    room.listen(Tune("One", "Band"), 200, looks(Emotion.HAPPY))
    room.listen(Tune("Two"), 30, looks(Emotion.HAPPY))
    room.listen(None, 1)
    one, two = room.diary.take(room.now)[1]
    assert (one.title, one.artist, one.mode, one.heard_s) == ("One", "Band", "follow", pytest.approx(200, abs=2))
    assert one.at == pytest.approx(NOON + 61, abs=0.2)
    assert (one.before, one.after) == pytest.approx((AFFECT[Emotion.SAD][0], AFFECT[Emotion.HAPPY][0]), abs=0.03)
    assert two.before == pytest.approx(AFFECT[Emotion.HAPPY][0])
    assert two.after is None, "too short to say anything about it"


def test_the_same_song_twice_is_two_and_a_skipped_one_none() -> None:
    room = Room()
    for seconds in (60, 60, HEARD_S - 5):
        room.listen(Tune("Again"), seconds)
    room.diary.end(room.now)
    plays = room.diary.take(room.now)[1]
    assert [play.title for play in plays] == ["Again", "Again"]
    assert [(play.before, play.after) for play in plays] == [(None, None)] * 2, "nobody was seen"


def test_a_pause_is_not_heard() -> None:
    room, tune = Room(), Tune("Held")
    room.listen(tune, 30)
    room.listen(tune, 500, runs=False)
    room.listen(tune, 30)
    room.listen(None, 1)
    assert room.diary.take(room.now)[1][0].heard_s == pytest.approx(60, abs=2)


def test_too_little_of_faces_says_nothing_of_a_song() -> None:
    room = Room()
    room.look(looks(Emotion.SAD), ENOUGH_S - 1)
    room.listen(Tune("Alone"), 200)
    room.listen(None, 1)
    (play,) = room.diary.take(room.now)[1]
    assert (play.before, play.after) == (None, None)


def test_after_forgetting_nothing_is_left_not_even_of_what_plays() -> None:
    room, tune = Room(), Tune("Secret")
    room.look(looks(Emotion.SAD), 60)
    room.listen(tune, 100, looks(Emotion.SAD))
    room.diary.forget()
    room.listen(tune, 100)
    room.listen(None, 1)
    assert room.diary.take(room.now) == ([], [])
    room.listen(Tune("Next"), 100)
    room.listen(None, 1)
    (play,) = room.diary.take(room.now)[1]
    assert (play.title, play.before) == ("Next", None), "what was seen before the end of it is forgotten too"
