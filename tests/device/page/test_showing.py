"""What the loops tell the page, and what is asked for there."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_device.config import Config, MusicMode, PageConfig
from mien_device.home.commands import THINGS, Command, SetCamera, SetMode, SetVolume
from mien_device.home.inbox import UNSAVED
from mien_device.home.messages import Event, Response, Snapshot, Volume
from mien_device.home.payloads import CommandError
from mien_device.mood import MoodState, nobody
from mien_device.page import Outcome
from mien_device.page.feed import Feed
from mien_device.page.openapi import document
from mien_device.pipeline import Observation, SeenFace
from mien_device.showing.asking import Asking
from mien_device.showing.moods import INTERVAL_S, Moods, spread
from mien_device.showing.playing import DRIFT_S, Playing, cover_of
from mien_device.showing.records import MoodNow, Progress
from mien_device.showing.stage import Stage
from mien_models.labels import AFFECT, Emotion, Mood
from mien_models.preprocess import Box
from mien_models.runner import Answer
from tests.recorder import Recorder

SURE = {emotion: float(emotion is Emotion.HAPPY) for emotion in Emotion}


def observed(mood: Mood = Mood.HAPPY, faces: int = 1, readable: float = 1.0, **rest: Any) -> Observation:
    probabilities = np.eye(7, dtype=np.float32)[list(Emotion).index(Emotion.HAPPY)]
    state = MoodState(mood, 0.9, *AFFECT[Emotion.HAPPY], probabilities=SURE, faces=faces, since=10.0)
    seen = tuple(SeenFace(n, Box(0, 0, 50, 50), Answer(probabilities, readable)) for n in range(faces))
    return replace(Observation(state, mood, faces, 0, 0, seen, 0.0, 0.0), **rest)


def make_stage(home: Recorder, folder: Path) -> Stage:
    config = Config(page=PageConfig(port=0))
    return Stage(config, None, home, lambda command: None, lambda then: then(True), folder, lambda: config)


def told(feed: Feed, topic: str) -> Any:
    return feed.state["topics"].get(topic, {}).get("value")


def test_the_spread_is_that_of_the_feelings_under_their_probabilities() -> None:
    assert spread(SURE) == pytest.approx((0, 0), abs=1e-6)
    halves = {Emotion.HAPPY: 0.5, Emotion.SAD: 0.5}
    assert spread(halves) == pytest.approx(((0.81 + 0.63) / 2, (0.51 + 0.27) / 2))
    assert spread({}) == (0, 0)


def test_the_mood_is_told_a_few_times_a_second_and_a_new_word_at_once() -> None:
    feed = Feed()
    moods = Moods(feed)
    moods.see(observed(), 12.9)
    first = MoodNow.model_validate(told(feed, MoodNow.topic), strict=False)
    assert (first.mood, first.lasts_s, first.valence_sd) == (Mood.HAPPY, 2, 0)
    assert [(p.id, p.mood, p.valence) for p in first.people] == [(0, Emotion.HAPPY, 0.81)]
    moods.see(replace(observed(), state=replace(observed().state, valence=0.5)), 13.0)
    assert told(feed, MoodNow.topic)["valence"] == 0.81, "not before its time"
    moods.see(replace(observed(), state=replace(observed().state, valence=0.5)), 12.9 + INTERVAL_S)
    assert told(feed, MoodNow.topic)["valence"] == 0.5
    moods.see(observed(faces=2), 13.31)
    assert len(told(feed, MoodNow.topic)["people"]) == 2, "somebody who comes is told at once"
    gone = Observation(nobody(13.32), Mood.HAPPY, 2, 0, 2, (), 0.0, 0.0)
    moods.see(gone, 13.32)
    assert told(feed, MoodNow.topic)["mood"] == "none"


def test_who_cannot_be_read_has_no_place() -> None:
    feed = Feed()
    Moods(feed).see(observed(readable=0.2), 1)
    assert told(feed, MoodNow.topic)["people"][0]["mood"] is None


class FakeJukebox:
    """A jukebox that plays what it is told."""

    playing: Any = None
    position_s = 0.0
    duration_s: float | None = 100.0
    paused = False


class FakeTrack:
    def __init__(self, path: Path) -> None:
        self.path, self.title = path, "Tune"


def test_progress_is_told_where_the_page_would_reckon_wrong(tmp_path: Path) -> None:
    feed, jukebox = Feed(), FakeJukebox()
    playing = Playing(feed)

    def hear(now: float) -> dict[str, Any] | None:
        playing.hear(jukebox, now)  # type: ignore[arg-type]
        value = told(feed, Progress.topic)
        return None if value is None else dict(value)

    assert hear(0.0) is None, "nothing plays"
    jukebox.playing = FakeTrack(tmp_path / "secret folder" / "a.ogg")
    first = hear(1.0)
    assert first is not None
    assert (first["position_s"], first["duration_s"], first["runs"]) == (0.0, 100.0, True)
    assert "secret" not in json.dumps(first)
    jukebox.position_s = 5.2
    assert hear(6.0) == first, "it goes on by itself"
    jukebox.position_s = 5.0 + 2 * DRIFT_S
    assert hear(6.0) != first
    jukebox.paused = True
    assert hear(6.1)["runs"] is False  # type: ignore[index]
    jukebox.playing = FakeTrack(tmp_path / "b.ogg")
    assert hear(6.2)["cover"] != first["cover"]  # type: ignore[index]
    for key in (first["cover"], told(feed, Progress.topic)["cover"]):
        assert playing.cover(key) is not None
    assert playing.cover("nonsense") is None
    jukebox.playing = None
    assert hear(7.0) == {"cover": None, "position_s": 0.0, "duration_s": None, "runs": False}


def test_a_song_shows_its_own_cover_or_a_drawn_one(tmp_path: Path) -> None:
    song = tmp_path / "song.ogg"
    song.write_bytes(b"no music at all")
    assert cover_of(song, "Ångström").mime == "image/svg+xml"
    assert cover_of(song, "Ångström") == cover_of(song, "Ångström")


def asking(on_command: Callable[[Command], None], saved: bool | None = True) -> Asking:
    def when_saved(then: Callable[[bool], None]) -> None:
        if saved is not None:
            threading.Timer(0.05, then, (saved,)).start()

    return Asking(on_command, when_saved)


def test_commands_are_read_and_answered_as_those_of_the_home() -> None:
    commands: list[Command] = []
    page = asking(commands.append)
    assert page.ask("volume", 40).outcome is Outcome.DONE
    assert page.ask("camera", "OFF").data == {"value": "OFF"}
    assert page.ask("mode", "lift").outcome is Outcome.DONE
    assert commands == [SetVolume(40), SetCamera(False), SetMode(MusicMode.LIFT)]
    for thing, value in (("volume", 101), ("volume", "40"), ("camera", True), ("mode", "loud"), ("next", [])):
        reply = page.ask(thing, value)
        assert reply.outcome is Outcome.REFUSED
        assert "is not" in str(reply.error)
    assert len(commands) == 3
    unknown = page.ask("format", None)
    assert unknown.outcome is Outcome.UNKNOWN
    assert all(thing in str(unknown.error) for thing in THINGS)


def test_what_is_too_long_is_refused_at_once() -> None:
    reply = asking(lambda command: None, saved=None).ask("message", "é" * 3000)
    assert reply.outcome is Outcome.REFUSED
    assert "bytes are too long" in str(reply.error)


def test_what_cannot_be_done_is_said_and_a_defect_is_one() -> None:
    def refuse(command: Command) -> None:
        raise CommandError("the camera is switched off")

    def fail(command: Command) -> None:
        raise ZeroDivisionError

    assert asking(refuse).ask("snapshot", None).error == "the camera is switched off"
    assert asking(fail).ask("next", None).outcome is Outcome.FAILED


def test_a_setting_that_does_not_reach_the_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking(lambda command: None, saved=False).ask("volume", 1).outcome is Outcome.UNSAVED
    monkeypatch.setattr("mien_device.showing.asking.PATIENCE_S", 0.1)
    reply = asking(lambda command: None, saved=None).ask("volume", 1)
    assert (reply.outcome, reply.error) == (Outcome.UNSAVED, UNSAVED)


def test_every_reference_in_the_description_leads_somewhere(tmp_path: Path) -> None:
    stage = make_stage(Recorder(), tmp_path)
    described = document(stage)
    names = set(described["components"]["schemas"])
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert used <= names
    assert "#/$defs" not in json.dumps(described)
    assert {"mood/state", "page/mood", "page/progress", "volume/state"} <= set(
        described["paths"]["/api/state"]["get"]["responses"]["200"]["content"]["application/json"]["schema"][
            "properties"
        ]["topics"]["properties"]
    )
    assert {f"/api/commands/{thing}" for thing in THINGS} <= set(described["paths"])


def test_pictures_and_answers_are_not_for_everybody_who_looks(tmp_path: Path) -> None:
    home = Recorder()
    stage = make_stage(home, tmp_path)
    for message in (Snapshot(b"jpeg"), Response(status="ok"), Volume(3), Event(event_type="face_left", mood=Mood.NONE)):
        stage.publish(message)
    assert len(home.messages) == 4
    assert set(stage.feed.state["topics"]) == {"volume/state", "page/live"}
