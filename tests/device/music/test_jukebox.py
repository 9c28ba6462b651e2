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

from mien_device.config import MusicConfig
from mien_device.music.jukebox import RETRY_S, TRIES, Jukebox, MusicStopped, TrackSkipped, TrackStarted
from mien_device.music.playlist import Playlists
from mien_models.labels import Mood
from tests.device.music.fake_player import FADE_S, LENGTH_S, FakePlayer

LINGER_S = 30.0


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
        self.jukebox = Jukebox(self.player, self.playlists, self.config, rng=random.Random(seed))

    def follow(self, mood: Mood) -> list[object]:
        return list(self.jukebox.follow(mood, self.player.now))

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


def test_next_track_begins_while_the_last_one_fades(tmp_path: Path) -> None:
    room = Room(tmp_path, ["happy/a.mp3"])
    room.follow(Mood.HAPPY)
    assert room.wait(LENGTH_S - FADE_S - 1) == []
    assert len(room.wait(1)) == 1
    assert room.heard == ["happy/a.mp3"] * 2


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
