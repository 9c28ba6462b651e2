"""The policy behind a jukebox: what begins, ends, is queued, dropped, skipped, cut and taken up again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien_device.choosing import PolicyChooser
from mien_device.config import MusicMode
from mien_device.listeners import Ending as Judged
from mien_device.mood import MoodState, nobody
from mien_device.music import Track
from mien_device.music.choosers import Ending
from mien_device.policy import Choice, Liking, Outcome, Phase
from mien_device.policy.policy import Policy
from mien_models.labels import Emotion, Mood
from tests.device.policy.shelf import Shelf, grid


class Room:
    """A chooser, the calls a jukebox makes of it, and what the play log got."""

    def __init__(self, mode: MusicMode = MusicMode.LIFT, lasting_s: float = 45.0) -> None:
        self.shelf = Shelf(grid())
        self.log: list[tuple[Choice, Outcome]] = []
        policy = Policy(self.shelf, np.random.default_rng(0), lasting_s=lasting_s)
        self.likings: list[tuple[Liking, Mood]] = []
        self.now = 1000.0
        self.chooser = PolicyChooser(
            lambda: policy,
            lambda choice, outcome, mood: self.log.append((choice, outcome)),
            self._keep_liking,
        )
        self.chooser.mode = mode

    def _keep_liking(self, liking: Liking, mood: Mood) -> bool:
        self.likings.append((liking, mood))
        return True

    def look(self, emotion: Emotion, seconds: float = 60.0) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            state = MoodState(Mood(emotion), 1.0, 0.0, 0.0, {emotion: 1.0}, 1, self.now)
            self.chooser.see(state, self.now)

    def say(self, emotion: Emotion) -> None:
        self.now += 1
        state = MoodState(Mood(emotion), 1.0, 0.0, 0.0, {emotion: 1.0}, 1, self.now, said=True)
        self.chooser.see(state, self.now)

    def choose(self, leaving: Ending = Ending.PLAYED) -> Track:
        track = self.chooser.choose(Mood.SAD, self.now, leaving)
        assert track is not None
        return track

    def wants_change(self, track: Track) -> bool:
        return self.chooser.wants_change(track, Mood.SAD, self.now)

    def end(self, track: Track, ending: Ending = Ending.PLAYED, at_s: float = 200.0, *, heard: bool = True) -> None:
        self.now += at_s
        self.chooser.ended(track, ending, at_s, heard=heard)


def test_a_song_that_is_asked_for_is_taken_by_its_id_and_logged_as_any_other() -> None:
    room = Room()
    room.look(Emotion.SAD)
    wanted = room.shelf.songs()[5]
    assert room.chooser.named("no such id", Mood.SAD) is None
    track = room.chooser.named(wanted.id, Mood.SAD)
    assert track is not None
    assert (track.path, track.why) == (wanted.path, "You asked for it.")
    assert not room.wants_change(track)
    room.end(track)
    assert room.log[-1][1].song == wanted.id


def test_tracks_that_play_one_after_the_other_are_logged_with_their_sentence() -> None:
    room = Room()
    room.look(Emotion.SAD)
    first = room.choose()
    assert not room.wants_change(first)
    began = room.now
    queued = room.choose()
    assert not room.wants_change(first)
    assert not room.wants_change(queued)
    room.end(first)
    assert not room.wants_change(queued)
    ((choice, outcome),) = room.log
    assert outcome.song == first.path.with_suffix("").as_posix()
    assert choice.why == first.why
    assert outcome.at == began
    assert outcome.ending is Judged.PLAYED
    assert choice.listener.valence < -0.5
    room.end(queued)
    assert [choice.target.phase for choice, _ in room.log] == [Phase.MATCH, Phase.STEP]


def test_what_is_liked_is_learned_and_kept_with_the_state_of_who_said_it() -> None:
    room = Room()
    room.look(Emotion.SAD)
    track = room.choose()
    room.wants_change(track)
    assert room.chooser.judged(track, liked=True)
    ((liking, mood),) = room.likings
    assert (liking.song, liking.liked, mood) == (track.path.with_suffix("").as_posix(), True, Mood.SAD)
    assert liking.listener.valence < -0.5
    assert not room.chooser.judged(Track(Path("not in the library.wav"), Mood.SAD), liked=True)
    assert len(room.likings) == 1


def test_a_song_that_was_queued_and_dropped_was_not_played() -> None:
    room = Room()
    room.look(Emotion.SAD)
    first = room.choose()
    room.wants_change(first)
    dropped = room.choose()
    room.wants_change(first)
    room.wants_change(dropped)
    other = room.choose(Ending.SKIPPED)
    room.end(first, Ending.SKIPPED, 30)
    room.wants_change(other)
    room.end(other)
    assert [outcome.song for _, outcome in room.log] == [str(t.path.with_suffix("")) for t in (first, other)]
    assert [outcome.ending for _, outcome in room.log] == [Judged.SKIPPED, Judged.PLAYED]
    assert room.log[1][0].target.phase is Phase.HOLD, "the skip counts at once"


def test_a_mood_that_lasts_cuts_and_the_next_one_matches() -> None:
    room = Room(MusicMode.FOLLOW)
    room.look(Emotion.SAD)
    track = room.choose()
    asked = []
    for second in range(200):
        room.look(Emotion.HAPPY, 1)
        if room.wants_change(track):
            asked.append(second)
            break
    assert asked
    assert asked[0] > 45
    anew = room.choose(Ending.CHANGED)
    room.end(track, Ending.CHANGED, 0)
    room.wants_change(anew)
    assert "pleasant and lively" in anew.why
    assert room.log[0][1].ending is Judged.CUT


def test_a_word_gives_way_at_once_and_so_does_the_next() -> None:
    room = Room(MusicMode.FOLLOW)
    room.look(Emotion.SAD)
    track = room.choose()
    assert not room.wants_change(track)
    room.say(Emotion.SAD)
    assert not room.wants_change(track), "what plays fits"
    for word, why in ((Emotion.HAPPY, "pleasant and lively"), (Emotion.ANGRY, "unpleasant and lively")):
        room.say(word)
        assert room.wants_change(track)
        anew = room.choose(Ending.CHANGED)
        room.end(track, Ending.CHANGED, 2)
        assert why in anew.why
        room.say(word)
        assert not room.wants_change(anew), "once"
        track = anew
    for _ in range(200):
        room.look(Emotion.HAPPY, 1)
        assert not room.wants_change(track), "taken back: a face waits for minutes after a cut"


def test_a_word_does_not_cut_where_nothing_may() -> None:
    room = Room(MusicMode.FOLLOW, lasting_s=0)
    room.look(Emotion.SAD)
    track = room.choose()
    assert not room.wants_change(track)
    room.say(Emotion.HAPPY)
    assert not room.wants_change(track)
    room.end(track)
    assert "pleasant and lively" in room.choose().why, "but the next song fits"


def test_a_new_mode_gives_way_and_shuffle_does_not() -> None:
    room = Room()
    room.look(Emotion.SAD)
    track = room.choose()
    assert not room.wants_change(track)
    room.chooser.mode = MusicMode.SHUFFLE
    assert not room.wants_change(track)
    room.chooser.mode = MusicMode.CALM
    assert room.wants_change(track)
    assert room.choose(Ending.CHANGED).why.startswith("Calm")


def test_what_cannot_be_opened_is_not_chosen_again() -> None:
    room = Room()
    room.shelf.stock = room.shelf.stock[:2]
    room.shelf.is_new = True
    broken = room.choose()
    room.chooser.ended(broken, Ending.UNPLAYABLE, 0.0, heard=False)
    assert {room.choose().path for _ in range(5)} == {song.path for song in room.shelf.stock} - {broken.path}
    other = room.choose()
    room.chooser.ended(other, Ending.UNPLAYABLE, 0.0, heard=False)
    assert room.chooser.choose(Mood.SAD, room.now, Ending.PLAYED) is None
    assert room.log == []


def test_without_a_sound_card_nothing_is_learned() -> None:
    room = Room()
    for _ in range(3):
        track = room.choose()
        room.wants_change(track)
        room.end(track, heard=False)
    assert room.log == []


def test_a_track_that_was_over_before_anyone_looked_was_played() -> None:
    room = Room()
    track = room.choose()
    room.end(track, "broke off", 3)
    ((_, outcome),) = room.log
    assert outcome.ending is Judged.CUT
    assert room.choose().path != track.path


def test_it_goes_on_after_a_restart() -> None:
    room = Room()
    path = room.shelf.stock[7].path
    track = room.chooser.again(path, Mood.SAD)
    assert track is not None
    assert track.path == path
    assert "restart" in track.why
    room.wants_change(track)
    room.end(track)
    assert room.log[0][1].song == room.shelf.stock[7].id
    assert room.chooser.again(Path("gone.ogg"), Mood.SAD) is None


def test_an_empty_room_and_strange_tracks_do_no_harm() -> None:
    room = Room()
    room.chooser.see(nobody(room.now), room.now)
    assert "nobody was seen yet" in room.choose().why
    stranger = Track(Path("stranger.ogg"), Mood.SAD)
    assert not room.wants_change(stranger)
    room.end(stranger)
    assert room.log == []
