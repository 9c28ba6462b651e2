"""The library on the page: real songs in a real library, and what a person says of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien_device.library.scan import scan
from mien_device.library.store import Library
from mien_device.page import Outcome
from mien_device.showing.songs import Songs
from tests.device.library.audio import write_sound, write_tags
from tests.device.page.backstage import Served, served


@pytest.fixture
def state(tmp_path: Path) -> Path:
    music = tmp_path / "music"
    for number, title in enumerate(("One", "Two", "<b>Drei</b>")):
        write_tags(write_sound(music / f"{number}.mp3", number), title, "Band")
    with Library.open(tmp_path / "state") as library:
        scan(library, [music])
    return tmp_path / "state"


@pytest.fixture
def songs(state: Path) -> Iterator[Songs]:
    songs = Songs(state)
    yield songs
    songs.close()


def listed(songs: Songs) -> list[Any]:
    return list(songs.all().data["songs"])


def test_songs_are_told_without_where_they_lie_on_the_disk(songs: Songs, tmp_path: Path) -> None:
    found = listed(songs)
    assert [(song["title"], song["artist"], song["place"]) for song in found] == [
        ("One", "Band", None),
        ("Two", "Band", None),
        ("<b>Drei</b>", "Band", None),
    ]
    assert str(tmp_path) not in str(found)


def test_what_a_person_says_is_kept_and_taken_back(songs: Songs, state: Path) -> None:
    song = listed(songs)[0]["id"]
    placed = songs.place(song, -0.5, 0.25)
    assert placed.outcome is Outcome.DONE
    assert (placed.data["place"]["valence"], placed.data["corrected"], placed.data["mood"]) == (-0.5, True, "tense")
    assert songs.like(song, liked=True).data["liked"] is True
    assert songs.like(song, liked=False).data["liked"] is False
    with Library.open(state) as another:
        assert another.song(song).correction is not None
    assert songs.displace(song).data["place"] is None


def test_only_a_whole_id_names_a_song(songs: Songs) -> None:
    song = listed(songs)[0]["id"]
    for wrong in (song[:8], "", "0" * 32, "%", song.upper() + "x"):
        assert songs.place(wrong, 0, 0).outcome is Outcome.UNKNOWN
        assert songs.one(wrong) is None
    assert not any(each["corrected"] for each in listed(songs))


def test_without_a_library_there_are_no_songs_and_none_is_made(tmp_path: Path) -> None:
    songs = Songs(tmp_path / "state")
    assert songs.all().data == {"songs": []}
    assert songs.like("0" * 32, liked=True).outcome is Outcome.UNKNOWN
    assert not (tmp_path / "state").exists()


def test_a_library_that_is_damaged_is_said(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_bytes(b"no library" * 1000)
    reply = Songs(tmp_path).all()
    assert reply.outcome is Outcome.UNSAVED
    assert "library.sqlite3" in str(reply.error)
    assert Songs(tmp_path).one("0" * 32) is None


def test_many_ask_at_once(songs: Songs) -> None:
    song, outcomes = listed(songs)[0]["id"], []

    def ask() -> None:
        for _ in range(10):
            outcomes.append(songs.all().outcome)
            outcomes.append(songs.like(song, liked=True).outcome)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {Outcome.DONE}


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with served() as page:
        yield page


def test_over_http(page: Served) -> None:
    assert page.ask("/api/songs").json["data"] == {"songs": []}
    put = page.ask("/api/songs/x/place", method="PUT", body={"valence": 1, "arousal": -0.5})
    assert (put.status, page.backstage.asked[-1]) == (200, ("x", (1.0, -0.5)))
    json = {"Content-Type": "application/json"}
    assert page.ask("/api/songs/x/place", method="DELETE", headers=json).status == 404
    assert page.ask("/api/songs/x/liked", method="PUT", body={"liked": True}).status == 507


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("place", {"valence": 1.01, "arousal": 0}),
        ("place", {"valence": True, "arousal": 0}),
        ("place", {"valence": "0", "arousal": 0}),
        ("place", {"valence": 0}),
        ("place", b'{"valence": NaN, "arousal": 0}'),
        ("place", b'{"valence": 1e999, "arousal": 0}'),
        ("liked", {"liked": "yes"}),
        ("liked", {}),
    ],
)
def test_nonsense_is_refused(page: Served, path: str, body: Any) -> None:
    asked = len(page.backstage.asked)
    json = {"Content-Type": "application/json"}
    assert page.ask(f"/api/songs/x/{path}", method="PUT", body=body, headers=json).status == 400
    assert len(page.backstage.asked) == asked
