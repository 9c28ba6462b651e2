"""Which track comes, and when none does."""

from __future__ import annotations

import logging
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien_device.config import MusicConfig, MusicMode
from mien_device.music import Track
from mien_device.music.choosers import Chooser, Ending
from mien_device.music.choosers.folders import FolderChooser
from mien_device.music.jukebox import RETRY_S, TRIES, Jukebox, MusicStopped, TrackSkipped, TrackStarted
from mien_device.music.playlist import Playlists
from mien_models.labels import Mood
from tests.device.music.fake_player import FADE_S, LEAD_S, LENGTH_S, FakePlayer

LINGER_S = 30.0


class Listening:
    """A chooser that remembers what it was told, and leaves the rest to another."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self.endings: list[tuple[str, Ending, float]] = []

    @property
    def mode(self) -> MusicMode:
        return self._chooser.mode

    @mode.setter
    def mode(self, mode: MusicMode) -> None:
        self._chooser.mode = mode

    def choose(self, mood: Mood, at: float, leaving: Ending) -> Track | None:
        return self._chooser.choose(mood, at, leaving)

    def wants_change(self, track: Track, mood: Mood, at: float) -> bool:
        return self._chooser.wants_change(track, mood, at)

    def again(self, path: Path, mood: Mood) -> Track | None:
        return self._chooser.again(path, mood)

    def named(self, song: str, mood: Mood) -> Track | None:
        return self._chooser.named(song, mood)

    def judged(self, track: Track, *, liked: bool) -> bool:
        return self._chooser.judged(track, liked=liked)

    def ended(self, track: Track, ending: Ending, at_s: float, *, heard: bool) -> None:
        assert heard is (ending is not Ending.UNPLAYABLE)
        self.endings.append((track.path.name, ending, at_s))
        self._chooser.ended(track, ending, at_s, heard=heard)


class Room:
    """A jukebox with a fake player, over a folder with the given files."""

    def __init__(self, folder: Path, files: Iterable[str], seed: int = 0, linger_s: float = LINGER_S) -> None:
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        self.folder = folder
        self.player = FakePlayer()
        self.config = MusicConfig(folder=folder, linger_s=linger_s, volume=40)
        self.playlists = Playlists(self.config)
        self.chooser = Listening(FolderChooser(self.playlists, rng=random.Random(seed)))
        self.jukebox = Jukebox(self.player, self.chooser, self.config)

    def follow(self, mood: Mood) -> list[object]:
        return list(self.jukebox.follow(mood, self.player.now))

    def play(self, song: str) -> list[object]:
        return list(self.jukebox.play(song, self.player.now))

    def resume(self) -> list[object]:
        return list(self.jukebox.resume(self.player.now))

    def wait(self, seconds: float, step_s: float = 0.5) -> list[object]:
        changes: list[object] = []
        for _ in range(round(seconds / step_s)):
            self.player.move(step_s)
            changes += self.jukebox.tick(self.player.now)
        return changes

    @property
    def heard(self) -> list[str]:
        return [str(track.path.relative_to(self.folder)) for track in self.player.played]


def test_music_begins_with_the_first_mood_and_changes_with_it(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "sad/b.mp3"])
    assert room.wait(5) == []
    assert room.player.volume == 40
    assert room.follow(Mood.HAPPY) == [TrackStarted(room.player.played[0])]
    assert room.follow(Mood.HAPPY) == []
    assert room.wait(2) == []
    assert room.follow(Mood.SAD) == [TrackStarted(room.player.played[1])]
    assert room.heard == ["happy/a.mp3", "sad/b.mp3"]
    assert room.player.played[1].mood is Mood.SAD


def test_a_song_that_was_asked_for_plays_to_its_end_whatever_the_mood_and_whoever_is_there(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "sad/b.mp3", "asked.mp3"], linger_s=2)
    room.chooser.named = lambda song, mood: Track(tmp_path / song, mood) if song == "asked.mp3" else None  # type: ignore[method-assign]

    assert room.play("asked.mp3") == [TrackStarted(room.player.played[0])], "nobody was ever seen"
    assert room.wait(LENGTH_S / 2) == []
    assert room.follow(Mood.SAD) == [], "no mood ends it"
    room.jukebox.pause()
    assert room.play("unknown") == []
    assert room.jukebox.paused
    assert room.resume() == []
    assert room.follow(Mood.NONE) == []
    assert room.wait(LENGTH_S / 2 + FADE_S + 2)[-1] == MusicStopped(), "and then nobody is there"
    assert room.heard == ["asked.mp3"]

    room.follow(Mood.SAD)
    room.jukebox.pause()
    room.play("asked.mp3")
    assert not room.jukebox.paused
    assert room.chooser.endings[-1][:2] == ("b.mp3", Ending.SKIPPED)
    changes = room.wait(LENGTH_S)
    assert [type(change) for change in changes] == [TrackStarted], "the mood's music goes on after it"
    assert room.heard == ["asked.mp3", "sad/b.mp3", "asked.mp3", "sad/b.mp3"]

    room.jukebox.set_mode(MusicMode.OFF, room.player.now)
    assert room.play("asked.mp3") == []


def test_a_song_that_was_asked_for_and_cannot_be_opened_leaves_the_other_one_playing(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"])
    room.chooser.named = lambda song, mood: Track(tmp_path / song, mood)  # type: ignore[method-assign]
    room.follow(Mood.HAPPY)
    (skipped,) = room.play("broken.mp3")
    assert isinstance(skipped, TrackSkipped)
    assert room.jukebox.playing is room.player.played[0]
    assert room.chooser.endings[-1][:2] == ("broken.mp3", Ending.UNPLAYABLE)


def test_next_track_is_handed_over_in_time_and_told_when_it_begins(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"])
    room.follow(Mood.HAPPY)
    assert room.wait(LENGTH_S - FADE_S - LEAD_S - 1) == []
    assert room.player.queued is None
    assert room.wait(LEAD_S) == []
    assert room.player.queued is not None
    assert room.heard == ["happy/a.mp3"]
    assert room.wait(1) == [TrackStarted(room.player.played[1])]
    assert room.heard == ["happy/a.mp3"] * 2


def test_mood_that_changes_after_the_hand_over(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "sad/b.mp3"])
    room.follow(Mood.HAPPY)
    room.wait(LENGTH_S - FADE_S - 1)
    assert room.follow(Mood.SAD) == [TrackStarted(room.player.played[1])]
    assert room.player.queued is None
    assert room.chooser.endings == [("a.mp3", Ending.CHANGED, LENGTH_S - FADE_S - 1)]


class Patient(FolderChooser):
    """Never cuts a song, but minds what comes after it."""

    def wants_change(self, track: Track, mood: Mood, at: float) -> bool:
        return track.mood is not mood and not track.path.name.startswith("a")


def test_chooser_that_cuts_no_song_may_still_change_its_mind_about_the_next(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a1.mp3", "happy/a2.mp3", "sad/b.mp3"])
    patient = Patient(room.playlists, rng=random.Random(0))
    room.jukebox = Jukebox(room.player, patient, room.config)
    room.follow(Mood.SAD)
    assert room.heard == ["sad/b.mp3"]
    room.follow(Mood.HAPPY)
    assert room.heard[1:]
    assert room.heard[1].startswith("happy/a")
    assert room.follow(Mood.SAD) == []
    room.wait(LENGTH_S - FADE_S - 1)
    assert room.player.queued is not None
    assert room.player.queued.path.name == "b.mp3"
    assert room.follow(Mood.HAPPY) == []
    assert room.player.queued is not None
    assert room.player.queued.path.name.startswith("a")
    assert len(room.wait(1)) == 1
    assert room.heard[2].startswith("happy/a")


def test_chooser_hears_how_each_track_ended(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "sad/b.mp3", "fear/short.mp3", "fear/broken.mp3"], linger_s=0)
    room.follow(Mood.HAPPY)
    room.wait(LENGTH_S - FADE_S)
    room.wait(4)
    room.jukebox.next(room.player.now)
    room.wait(2)
    room.follow(Mood.SAD)
    room.wait(3)
    room.follow(Mood.NONE)
    room.follow(Mood.FEAR)
    room.wait(6)
    endings = [ending for ending in room.chooser.endings if ending[1] is not Ending.UNPLAYABLE]
    assert endings == [
        ("a.mp3", Ending.PLAYED, pytest.approx(LENGTH_S - FADE_S, abs=0.5)),
        ("a.mp3", Ending.SKIPPED, 4.0),
        ("a.mp3", Ending.CHANGED, 2.0),
        ("b.mp3", Ending.STOPPED, 3.0),
        ("short.mp3", Ending.BROKE_OFF, pytest.approx(5, abs=0.5)),
    ]


def test_file_that_breaks_off_is_one_line_and_the_music_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room(tmp_path, ["happy/short.mp3", "happy/whole.mp3"])
    room.follow(Mood.HAPPY)
    changes = room.wait(60)
    assert all(isinstance(change, TrackStarted) for change in changes)
    assert {"happy/short.mp3", "happy/whole.mp3"} == set(room.heard), "it is played again when its turn comes"
    assert all("ends 15.0 s before" in record.message for record in caplog.records)
    assert len(caplog.records) == room.heard[:-1].count("happy/short.mp3") > 0


def test_music_goes_on_where_it_was_if_it_still_fits(tmp_path: Path) -> None:
    names = [f"happy/{number}.mp3" for number in range(5)]
    for mood, file, goes_on in (
        (Mood.HAPPY, "happy/3.mp3", True),
        (Mood.SAD, "happy/3.mp3", False),
        (Mood.HAPPY, "happy/gone.mp3", False),
        (Mood.HAPPY, "happy/broken.mp3", False),
    ):
        room = Room(tmp_path, [*names, "sad/b.mp3", "happy/broken.mp3"])
        (tmp_path / "happy/gone.mp3").unlink(missing_ok=True)
        room.jukebox.go_on_with(tmp_path / file, 12.5)
        changes = room.follow(mood)
        assert isinstance(changes[-1], TrackStarted)
        assert (room.heard == [file] and room.player.starts_s == [12.5]) is goes_on
        assert not goes_on or file not in (room.jukebox.next(0.0), room.heard[1:])[1]


@pytest.mark.parametrize("seed", range(5))
def test_shuffle_plays_each_track_once_and_none_twice_in_a_row(tmp_path: Path, seed: int) -> None:
    names = [f"happy/{number}.mp3" for number in range(4)]
    room = Room(tmp_path, names, seed)
    room.follow(Mood.HAPPY)
    while len(room.heard) < 40:
        room.jukebox.next(room.player.now)
    assert all(first != second for first, second in zip(room.heard, room.heard[1:], strict=False))
    assert all(sorted(room.heard[start : start + 4]) == names for start in range(0, 40, 4))
    assert len({tuple(room.heard[start : start + 4]) for start in range(0, 40, 4)}) > 3


def test_nobody_there(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "happy/b.mp3"])
    room.follow(Mood.HAPPY)
    assert room.follow(Mood.NONE) == []
    assert room.jukebox.playing is not None
    assert len(room.wait(LINGER_S - 1)) == 1, "meanwhile a track ended, and the music went on"
    assert room.wait(1.5) == [MusicStopped()]
    assert room.wait(60) == []
    assert room.jukebox.playing is None
    assert room.jukebox.next(room.player.now) == []
    assert len(room.follow(Mood.HAPPY)) == 1


def test_somebody_comes_back_before_the_music_stops(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"])
    room.follow(Mood.HAPPY)
    room.follow(Mood.NONE)
    room.wait(10)
    room.follow(Mood.NONE)
    assert room.follow(Mood.HAPPY) == []
    room.follow(Mood.NONE)
    assert MusicStopped() not in room.wait(LINGER_S - 1)


def test_without_linger_silence_comes_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"], linger_s=0)
    room.follow(Mood.HAPPY)
    assert room.follow(Mood.NONE) == [MusicStopped()]


def test_pause_outlasts_moods_and_absence(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "sad/b.mp3"])
    room.follow(Mood.HAPPY)
    room.jukebox.pause()
    assert room.wait(60) + room.follow(Mood.NONE) + room.wait(60) + room.follow(Mood.HAPPY) == []
    assert room.resume() + room.wait(1) == []
    assert room.heard == ["happy/a.mp3"]
    room.jukebox.pause()
    assert room.follow(Mood.SAD) == []
    assert room.resume() == [TrackStarted(room.player.played[1])]


def test_pause_before_the_first_track_keeps_silent(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"])
    room.jukebox.pause()
    assert room.follow(Mood.HAPPY) + room.wait(5) == []
    assert len(room.resume()) == 1


def test_next_ends_a_pause_unless_there_is_no_next(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"])
    room.follow(Mood.HAPPY)
    room.jukebox.pause()
    assert len(room.jukebox.next(room.player.now)) == 1
    assert not room.jukebox.paused
    room.jukebox.pause()
    shutil.rmtree(tmp_path / "happy")
    assert room.jukebox.next(room.player.now) == []
    assert room.jukebox.paused
    assert room.player.paused


def test_broken_file_is_skipped_once_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    room = Room(tmp_path, ["happy/broken.mp3", "happy/good.mp3", "happy/fine.mp3"])
    changes = room.follow(Mood.HAPPY) + room.wait(300)
    assert [type(change) for change in changes].count(TrackSkipped) == 1
    assert "broken.mp3: cannot be decoded" in caplog.text
    assert len(caplog.records) == 1
    assert len(room.player.tried) == len(room.player.played) + 1


def test_only_broken_files_fall_back_to_other_music(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/broken.mp3", "neutral/a.mp3"])
    changes = room.follow(Mood.HAPPY)
    assert [type(change) for change in changes] == [TrackSkipped, TrackStarted]
    assert room.heard == ["neutral/a.mp3"]
    assert room.player.played[0].mood is Mood.HAPPY


def test_many_broken_files_do_not_hold_up_the_thread(tmp_path: Path) -> None:
    room = Room(tmp_path, [f"happy/broken{number}.mp3" for number in range(TRIES + 5)])
    assert len(room.follow(Mood.HAPPY)) == TRIES
    assert room.wait(RETRY_S - 1) == []
    assert len(room.wait(2)) == 5
    assert room.wait(100) == []


def test_mended_file_plays(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/broken.mp3"])
    room.follow(Mood.HAPPY)
    (tmp_path / "happy/broken.mp3").write_bytes(b"mended")
    room.wait(RETRY_S + 1)
    assert len(room.player.tried) == 2, "it has changed, so it is tried again, once"
    room.wait(100)
    assert len(room.player.tried) == 2


def test_deleted_files_are_passed_over_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    room = Room(tmp_path, [f"happy/{number}.mp3" for number in range(9)])
    room.follow(Mood.HAPPY)
    for number in range(8):
        (tmp_path / f"happy/{number}.mp3").unlink()
    assert [type(change) for change in room.wait(60)] == [TrackStarted] * 3
    assert set(room.heard[1:]) == {"happy/8.mp3"}
    assert caplog.text == ""


def test_music_that_appears_later_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    room = Room(tmp_path, [])
    assert room.follow(Mood.HAPPY) + room.wait(60) == []
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert f"{tmp_path} (music.folder): no music at all" in warnings[0].message
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "late.ogg").touch()
    assert len(room.wait(RETRY_S + 1)) == 1


def test_two_moods_that_share_neutrals_music_do_not_interrupt_it(tmp_path: Path) -> None:
    room = Room(tmp_path, ["neutral/a.mp3", "neutral/b.mp3"])
    assert len(room.follow(Mood.ANGRY)) == 1
    assert room.follow(Mood.FEAR) == []


def test_all_music_vanishes_while_it_plays(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3", "happy/b.mp3"])
    room.follow(Mood.HAPPY)
    shutil.rmtree(tmp_path / "happy")
    assert room.wait(60) == [MusicStopped()]


FILES = ["happy/a.mp3", "happy/b.mp3", "happy/broken.mp3", "sad/c.mp3", "fear/broken.mp3", "neutral/d.mp3"]
ACTIONS = st.one_of(
    st.tuples(st.just("follow"), st.sampled_from(list(Mood))),
    st.tuples(st.just("wait"), st.floats(0.1, 40)),
    st.tuples(st.just("volume"), st.integers(-50, 150)),
    st.tuples(st.just("toggle"), st.sampled_from(FILES)),
    st.tuples(st.sampled_from(["next", "pause", "resume"]), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=40), seed=st.integers(0, 99))
def test_any_order_of_calls(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, object]], seed: int
) -> None:
    room = Room(tmp_path_factory.mktemp("room"), FILES, seed)
    present, started = False, 0
    for action, value in actions:
        tried, was_paused, changes = len(room.player.tried), room.jukebox.paused, []
        match action, value:
            case "follow", Mood() as mood:
                present = mood is not Mood.NONE
                changes = room.follow(mood)
            case "wait", float() as seconds:
                room.player.move(seconds)
                changes = list(room.jukebox.tick(room.player.now))
            case "volume", int() as percent:
                room.jukebox.set_volume(percent)
            case "toggle", str() as name:
                path = room.folder / name
                path.unlink() if path.exists() else path.touch()
            case "next", _:
                changes = list(room.jukebox.next(room.player.now))
            case "resume", _:
                changes = room.resume()
            case _:
                room.jukebox.pause()
        started += sum(isinstance(change, TrackStarted) for change in changes)
        assert started == len(room.player.played), "every start is told"
        assert len(room.player.tried) - tried <= TRIES
        assert room.player.volume == room.jukebox.volume
        assert not (was_paused and changes and action in {"follow", "wait"}), "a pause holds"
        if room.player.paused:
            assert room.jukebox.paused
        if present and not room.jukebox.paused and any(room.folder.rglob("[abcd].mp3")):
            room.wait(RETRY_S + 1)
            started = len(room.player.played)
            assert room.jukebox.playing is not None, "somebody is there, so there is music"
    counts = [track.path for track in room.player.tried if "broken" in track.path.name]
    toggles = sum(action == "toggle" for action, _ in actions)
    assert len(counts) <= 2 + toggles, "a broken file is not tried again unless it has changed"
