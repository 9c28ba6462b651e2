"""The modes where music lies in a folder a mood."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mien_device.config import MusicConfig, MusicMode
from mien_device.mood import nobody
from mien_device.music.choosers.folders import FolderChooser
from mien_device.music.jukebox import Jukebox
from mien_device.music.modes import folder
from mien_device.music.playlist import Playlists
from mien_models.labels import AFFECT, Emotion, Mood
from tests.device.music.fake_player import LENGTH_S, FakePlayer

PLAYING = [mode for mode in MusicMode if mode is not MusicMode.OFF]
MOODS = [Mood(emotion) for emotion in Emotion]
LOOKS = dict(zip(MOODS, ("angry", "disgusted", "afraid", "happy", "sad", "surprised", "neutral"), strict=True))


class Stage:
    """A jukebox over a folder a mood, with the given numbers of files."""

    def __init__(self, place: Path, mode: MusicMode, files: dict[str, int] | None = None) -> None:
        for name, count in (files or dict.fromkeys(Emotion, 3)).items():
            (place / name).mkdir(parents=True)
            for number in range(count):
                (place / name / f"{number}.mp3").touch()
        self.player = FakePlayer()
        config = MusicConfig(folder=place, mode=mode)
        self.chooser = FolderChooser(Playlists(config), rng=random.Random(0))
        self.jukebox = Jukebox(self.player, self.chooser, config)

    def follow(self, mood: Mood) -> str:
        self.jukebox.follow(mood, self.player.now)
        return self.heard[-1]

    @property
    def heard(self) -> list[str]:
        return [track.path.parent.name for track in self.player.played]


@pytest.mark.parametrize("mode", PLAYING)
@pytest.mark.parametrize("mood", MOODS)
def test_every_mode_has_music_for_every_mood_and_says_why(tmp_path: Path, mode: MusicMode, mood: Mood) -> None:
    stage = Stage(tmp_path, mode)
    assert stage.follow(mood) in set(Emotion)
    track = stage.player.played[0]
    assert track.mood is mood
    assert track.why.startswith(mode.value.capitalize())
    assert track.why.endswith(".")
    assert stage.heard[0] in track.why
    if mode is not MusicMode.SHUFFLE:
        assert track.why.endswith(f", for a face that looks {LOOKS[mood]}.")


def test_a_word_of_ones_own_is_no_face(tmp_path: Path) -> None:
    stage = Stage(tmp_path, MusicMode.FOLLOW)
    stage.chooser.see(replace(nobody(0.0), said=True), 0.0)
    stage.follow(Mood.FEAR)
    assert stage.player.played[0].why == "Follow: from the fear music, because you said you feel afraid."


@pytest.mark.parametrize("mood", MOODS)
def test_each_mode_goes_its_way(mood: Mood) -> None:
    own = AFFECT[Emotion(mood)]
    place = {mode: AFFECT[Emotion(folder(mode, mood))] for mode in PLAYING}
    assert place[MusicMode.FOLLOW] == own
    assert place[MusicMode.LIFT][0] >= max(own[0], 0)
    assert place[MusicMode.CALM][1] <= 0
    assert place[MusicMode.ENERGISE][1] >= min(own[1], 0.5)
    assert place[MusicMode.VENT][0] < 0


def test_lift_goes_by_neutral_to_happy_as_the_face_does(tmp_path: Path) -> None:
    stage = Stage(tmp_path, MusicMode.LIFT)
    assert [stage.follow(mood) for mood in (Mood.SAD, Mood.NEUTRAL, Mood.HAPPY)] == ["neutral", "happy", "happy"]
    assert len(stage.heard) == 2, "from neutral to happy faces the music is the same, and is not cut"


def test_a_new_mode_is_heard_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, MusicMode.FOLLOW)
    stage.follow(Mood.ANGRY)
    stage.jukebox.set_mode(MusicMode.CALM, stage.player.now)
    stage.jukebox.set_mode(MusicMode.LIFT, stage.player.now)
    assert stage.heard == ["angry", "neutral"], "lift has the same music for it, so it goes on"
    stage.jukebox.set_mode(MusicMode.OFF, stage.player.now)
    assert stage.player.playing is None


def test_shuffle_takes_from_all_folders_by_their_size_and_heeds_no_mood(tmp_path: Path) -> None:
    stage = Stage(tmp_path, MusicMode.SHUFFLE, {"happy": 30, "sad": 10, "angry": 0})
    for number in range(400):
        before = len(stage.heard)
        stage.follow(MOODS[number % len(MOODS)])
        assert len(stage.heard) == before + (number == 0), "a mood cuts nothing"
        stage.player.move(LENGTH_S)
        stage.jukebox.tick(stage.player.now)
    counts = Counter(stage.heard)
    assert set(counts) == {"happy", "sad"}
    assert 2 < counts["happy"] / counts["sad"] < 4.5
    happy = [track.path.name for track in stage.player.played if track.path.parent.name == "happy"]
    assert len(set(happy[:30])) == 30, "each once before any comes again"


def test_with_neutral_music_alone_every_mode_plays_it(tmp_path: Path) -> None:
    for mode in PLAYING:
        assert Stage(tmp_path / mode, mode, {"neutral": 2}).follow(Mood.ANGRY) == "neutral"


def test_shuffle_without_music_waits(tmp_path: Path) -> None:
    stage = Stage(tmp_path, MusicMode.SHUFFLE, {"happy": 0})
    assert stage.jukebox.follow(Mood.HAPPY, 0.0) == []
    (tmp_path / "happy" / "late.mp3").touch()
    assert len(stage.jukebox.tick(60.0)) == 1
