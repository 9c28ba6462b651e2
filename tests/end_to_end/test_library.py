"""The daemon with a library: songs that were listened to, chosen by the policy, and a log of what was played and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien_device.library.store import Library
from tests.device.library.audio import write_sound, write_tags
from tests.end_to_end.device import Device
from tests.end_to_end.house import House
from tests.mosquitto import Mosquitto, require_mosquitto
from tests.waiting import wait_until

SONGS = 12


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    require_mosquitto()
    music = tmp_path / "music"
    for number in range(SONGS):
        path = write_sound(music / f"{number:02}.flac", number, seconds=20, level=0.02 * (number + 1))
        write_tags(path, f"Song {number}", f"Artist {number % 5}")
    with Mosquitto(tmp_path, password=True, tls=True) as broker:
        house = House(broker, music, "library")
        yield house
        house.ears.close()


def library(state: Path, *arguments: str) -> Any:
    """`mien library …` as its own process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MIEN_STATE_DIR": str(state)}
    command = [sys.executable, "-m", "mien_device", "library", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_somebody_likes_is_kept_and_said(house: House, tmp_path: Path) -> None:
    home = tmp_path / "home"
    library(home / "state", "scan", str(house.tunes), "--analyser", "fake")
    with Device(tmp_path, house.config("demo"), home=home) as device:
        wait_until(lambda: house.events("track_started"), lambda: device.log)
        title = house.events("track_started")[-1]["title"]
        house.set("like", "PRESS")
        wait_until(lambda: house.events("track_liked"), lambda: device.log)
        house.set("dislike", "PRESS")
        wait_until(lambda: house.events("track_disliked"), lambda: device.log)
        assert device.terminate()[0] == 0
    assert [event["title"] for event in house.events("track_liked") + house.events("track_disliked")] == [title] * 2
    with Library.open(home / "state") as kept:
        assert [like.liked for like in kept.likes()] == [True, False]
        assert all(like.viewer is not None and like.viewer.faces == 1 for like in kept.likes())


def test_a_song_that_is_not_there_is_no_song_to_play(house: House, tmp_path: Path) -> None:
    home = tmp_path / "home"
    library(home / "state", "scan", str(house.tunes), "--analyser", "fake")
    with Device(tmp_path, house.config("demo"), home=home) as device:
        wait_until(lambda: house.events("track_started"), lambda: device.log)
        house.set("play", "0" * 32)
        house.wait_for("response/play")
        refused = json.loads(house.received("response/play")[0])
        assert (refused["status"], "no such song" in refused["error"]) == ("error", True)
        playing = house.events("track_started")[-1]["title"]
        song = next(each for each in library(home / "state", "list") if each["title"] != playing)
        house.ears.publish(house.topic("request/play"), json.dumps({"value": song["id"]}))
        house.wait_for("response/play", count=2)
        assert json.loads(house.received("response/play")[1])["status"] == "ok"
        wait_until(lambda: house.events("track_started")[-1]["title"] == song["title"], lambda: device.log)
        assert device.terminate()[0] == 0


def test_songs_are_chosen_from_the_library_and_every_choice_is_kept(house: House, tmp_path: Path) -> None:
    home = tmp_path / "home"
    library(home / "state", "scan", str(house.tunes), "--analyser", "fake")
    with Device(tmp_path, house.config("demo"), home=home) as device:
        house.wait_for("availability", "online")
        wait_until(lambda: house.events("track_started"), lambda: device.log)
        for skips in range(1, 4):
            time.sleep(1.0)
            house.set("next", "PRESS")
            wait_until(lambda n=skips: len(house.events("track_started")) > n, lambda: device.log)  # type: ignore[misc]
        house.set("mode", "calm")
        house.wait_for("mode/state", "calm")
        wait_until(lambda: house.events("track_started")[-1]["why"].startswith("Calm"), lambda: device.log)
        assert device.terminate()[0] == 0
    assert f"songs are chosen from the library: {SONGS}" in device.log
    started = house.events("track_started")
    assert len({event["title"] for event in started}) == len(started), "none comes twice"
    rows = library(home / "state", "why")
    assert [row["title"] for row in reversed(rows)] == [event["title"] for event in started]
    assert [row["skipped"] for row in reversed(rows)] == [True] * 3 + [False] * (len(started) - 3)
    assert all(row["why"].endswith(".") for row in rows)
    assert rows[0]["mode"] == "calm"
    playing = [json.loads(message) for message in house.received("now_playing/state")]
    assert {message["artist"] for message in playing if message["state"] == "playing"} <= {
        f"Artist {n}" for n in range(5)
    }
