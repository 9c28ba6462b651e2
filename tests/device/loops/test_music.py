"""The music thread's commands: what a flood of them leaves, and what the home hears of a skip."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mien_device.config import MusicConfig, MusicMode
from mien_device.home.commands import (
    MusicCommand,
    NextTrack,
    PlaySong,
    SayFeeling,
    SeekTrack,
    SetMode,
    SetPaused,
    SetVolume,
)
from mien_device.home.messages import Event, Feeling, NowPlaying, Volume
from mien_device.home.payloads import CommandError, SongSpot
from mien_device.latest import Latest
from mien_device.loops.music import COMMANDS_WAITING, Music
from mien_device.mood import MoodState
from mien_device.music.choosers.folders import FolderChooser
from mien_device.music.jukebox import Jukebox
from mien_device.music.player import SilentOutput, StreamingPlayer
from mien_device.music.playlist import Playlists
from mien_device.state import Memory
from mien_models.labels import Emotion, Mood
from tests.device.music.sounds import tone, write_wav
from tests.recorder import Recorder


class Stage:
    """A music thread that a test runs tick by tick."""

    def __init__(self, folder: Path) -> None:
        for name in ("one", "two"):
            write_wav(folder / "happy" / f"{name}.wav", tone(440, 0.5))
        config = MusicConfig(folder=folder)
        self.home = Recorder()
        self.memory = Memory(folder / "state")
        self.player = StreamingPlayer(SilentOutput(), fade_s=0, threaded=False)
        self.jukebox = Jukebox(self.player, FolderChooser(Playlists(config)), config)
        self.music = Music(self.jukebox, Latest(), self.home, self.memory, threading.Event())

    def carry_out(self, *commands: MusicCommand, at: float = 0.0) -> None:
        for command in commands:
            self.music.command(command)
        for command in self.music._take_commands():
            self.music._obey(command, at)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "happy").mkdir()
    return Stage(tmp_path)


def test_of_a_slider_the_last_volume_counts(stage: Stage) -> None:
    stage.carry_out(*(SetVolume(percent) for percent in range(101)), SetVolume(42))
    assert stage.jukebox.volume == 42


def test_skips_without_end_do_not_push_a_volume_out(stage: Stage) -> None:
    for _ in range(1000):
        stage.music.command(NextTrack())
    stage.music.command(SetVolume(7))
    stage.music.command(SetPaused(True))
    taken = stage.music._take_commands()
    assert len(taken) == COMMANDS_WAITING + 2
    assert taken[-2:] == [SetVolume(7), SetPaused(True)]
    assert stage.music._take_commands() == []


def test_a_skip_is_told_before_what_follows(stage: Stage) -> None:
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    stage.carry_out(NextTrack(), at=1.0)
    assert [event.event_type for event in stage.home.of(Event)] == ["track_started", "track_skipped", "track_started"]
    assert stage.home.of(Event)[0].title == stage.home.of(Event)[1].title


def test_a_skip_that_skips_nothing_is_not_told(stage: Stage) -> None:
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    stage.carry_out(SetPaused(True), at=1.0)
    stage.jukebox.follow(Mood.NONE, 2.0)
    stage.carry_out(NextTrack(), at=1000.0)
    assert [event.event_type for event in stage.home.of(Event)] == ["track_started"]


def test_what_is_set_outlives_the_thread(stage: Stage, tmp_path: Path) -> None:
    for command in (SetVolume(12), SetMode(MusicMode.OFF), SetPaused(True)):
        stage.music.command(command)
    stage.memory.save()
    kept = Memory(tmp_path / "state").remembered
    assert (kept.volume, kept.mode, kept.paused) == (12, MusicMode.OFF, True), "before the thread took them"


def test_a_pause_is_kept_as_it_is_in_the_end(stage: Stage) -> None:
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    stage.carry_out(SetPaused(True))
    stage.carry_out(NextTrack(), at=1.0)
    assert stage.memory.remembered.paused is False, "a skip ends a pause"
    stage.carry_out(SetPaused(True), at=2.0)
    stage.carry_out(NextTrack(), SetPaused(True), at=3.0)
    assert (stage.jukebox.paused, stage.memory.remembered.paused) == (True, True)


def test_what_somebody_says_is_followed_and_told_until_it_is_taken_back(stage: Stage) -> None:
    seen: list[MoodState] = []
    stage.music._see = lambda state, at: seen.append(state)
    happy = MoodState(Mood.HAPPY, 1.0, 0.8, 0.5, {Emotion.HAPPY: 1.0}, faces=1, since=0.0)

    def turn(*commands: MusicCommand) -> None:
        """One turn of the loop, with somebody who looks happy in view."""
        for command in commands:
            stage.music.command(command)
        stage.music._moods.put(happy)
        stage.music._stop.clear()
        ending = threading.Timer(0.3, stage.music._stop.set)
        ending.start()
        stage.music.run()

    turn()
    assert seen[-1] is happy
    turn(SayFeeling(Emotion.SAD))
    turn()
    assert (seen[-1].mood, seen[-1].said) == (Mood.SAD, True)
    turn(SayFeeling(None))
    turn()
    assert seen[-1] is happy
    assert [(told.feeling, told.lasts_s) for told in stage.home.of(Feeling)] == [("none", 0), ("sad", 900), ("none", 0)]


def test_steps_add_up_and_are_told(stage: Stage, tmp_path: Path) -> None:
    spot = SongSpot().read
    with pytest.raises(CommandError, match="nothing plays"):
        stage.music.command(SeekTrack(spot("3")))
    for name in ("one", "two"):
        write_wav(tmp_path / "happy" / f"{name}.wav", tone(440, 80))
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    stage.carry_out(SetPaused(True), at=1.0)
    stage.carry_out(SeekTrack(spot("10")), SeekTrack(spot("+20")), SeekTrack(spot("+5.5")), at=2.0)
    assert stage.jukebox.position_s == pytest.approx(35.5, abs=0.05), "a pause is told where it goes on"
    assert stage.jukebox.paused
    stage.music._echo()
    told = stage.home.of(NowPlaying)[-1]
    assert (told.state, told.duration_s) == ("paused", 80)
    assert told.position_s == pytest.approx(stage.jukebox.position_s, abs=0.1)
    with pytest.raises(CommandError, match=r"the song ends at 80\.0 seconds"):
        stage.music.command(SeekTrack(spot("80.1")))
    stage.carry_out(SeekTrack(spot("-99")), at=3.0)
    assert stage.jukebox.position_s == 0
    stage.carry_out(SeekTrack(spot("50%")), at=4.0)
    assert stage.jukebox.position_s == pytest.approx(40, abs=0.5)


def test_a_song_that_is_not_there_is_refused_before_it_is_answered(stage: Stage) -> None:
    stage.music._has_song = lambda song: song == "a" * 32
    stage.music.command(PlaySong("a" * 32))
    with pytest.raises(CommandError, match="there is no such song to play"):
        stage.music.command(PlaySong("b" * 32))
    assert stage.music._take_commands() == [PlaySong("a" * 32)], "and the one before still counts"


def test_a_file_that_is_gone_plays_on_where_it_is(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    playing = stage.jukebox.playing
    assert playing is not None
    playing.path.unlink()
    stage.carry_out(SeekTrack(SongSpot().read("0.4")))
    assert stage.jukebox.playing is playing
    assert f"stays where it is: {playing.path}: cannot be read" in caplog.text


def test_another_volume_says_nothing_of_the_track(stage: Stage) -> None:
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    told = len(stage.home.of(NowPlaying))
    stage.carry_out(SetVolume(3))
    stage.music._echo()
    assert stage.home.of(Volume)[-1].root == 3
    assert len(stage.home.of(NowPlaying)) == told


def test_without_music_a_mood_starts_none_until_it_follows_again(stage: Stage) -> None:
    stage.carry_out(SetMode(MusicMode.OFF))
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    stage.carry_out(NextTrack(), at=1.0)
    assert stage.jukebox.playing is None
    stage.carry_out(SetMode(MusicMode.FOLLOW), at=2.0)
    assert stage.jukebox.playing is not None
    assert [event.event_type for event in stage.home.of(Event)] == ["track_started"]


def test_place_in_the_music_is_kept_as_soon_as_there_is_one(stage: Stage, tmp_path: Path) -> None:
    kept = Memory(tmp_path / "state")
    kept.keep(place="/from/last/time.mp3", place_s=3.0)
    kept.close()
    stage = Stage(tmp_path)
    stage.music._moods.close()
    stage.music.run()
    assert Memory(tmp_path / "state").remembered.place == "/from/last/time.mp3", "nothing has played since"

    stage = Stage(tmp_path)
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    playing = stage.jukebox.playing
    assert playing is not None
    stage.player.advance(0.4)
    stage.music._moods.close()
    stage.music.run()
    stage.memory.close()
    remembered = Memory(tmp_path / "state").remembered
    assert remembered.place == str(playing.path)
    assert remembered.place_s == pytest.approx(0.1, abs=0.1), "what was heard, not what was handed over"


@pytest.mark.parametrize(("name", "kept"), [("Caf\u00e9\u00a0\u200d", True), ("caf\udce9", False)])
def test_a_place_is_kept_in_any_file_whose_name_is_text(tmp_path: Path, name: str, kept: bool) -> None:
    path = write_wav(tmp_path / "sad" / "song.wav", tone(440, 0.5))
    path = path.rename(path.with_name(f"{name}.wav"))
    stage = Stage(tmp_path)
    stage.music._report(stage.jukebox.follow(Mood.SAD, 0.0))
    stage.music._moods.close()
    stage.music.run()
    stage.memory.close()
    assert Memory(tmp_path / "state").remembered.place == (str(path) if kept else "")


def test_silence_is_kept_too(stage: Stage, tmp_path: Path) -> None:
    stage.music._report(stage.jukebox.follow(Mood.HAPPY, 0.0))
    stage.carry_out(SetMode(MusicMode.OFF))
    stage.music._moods.close()
    stage.music.run()
    stage.memory.close()
    assert Memory(tmp_path / "state").remembered.place == ""
