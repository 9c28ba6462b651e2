"""A real library as the policy sees it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from mien_device.config import MusicConfig, MusicMode
from mien_device.library.analysers import FakeAnalyser
from mien_device.library.catalogue import heard
from mien_device.library.database import ASIDE, FILE
from mien_device.library.scan import scan
from mien_device.library.store import Library
from mien_device.listeners import Ending, Listener
from mien_device.music import Track
from mien_device.music.choosers import Chooser
from mien_device.music.choosers import Ending as TrackEnding
from mien_device.parts import open_chooser
from mien_device.policy import Choice, Liking, Outcome, Phase, Target
from mien_device.shelf import WRITE_S, LibraryShelf, has_song
from mien_models.labels import Mood
from mien_models.listening import Analysis, Estimate
from tests.device.library.audio import write_sound, write_tags

SAD = Listener(-0.6, 0.2, -0.3, 0.2, faces=1)


class Stock:
    """A scanned and listened-to library, and the shelf before it."""

    def __init__(self, folder: Path, songs: int) -> None:
        self.folder, self.music = folder / "state", folder / "music"
        for number in range(songs):
            path = write_sound(self.music / f"{number:02}.wav", number, level=0.01 * (number + 1))
            write_tags(path, f"Song {number}", f"Artist {number % 5}")
        with Library.open(self.folder) as library:
            scan(library, [self.music])
        self.shelf = LibraryShelf.open(self.folder)

    def hear(self, change: dict[str, float] | None = None) -> None:
        """What a scan keeps of listening, with some of it changed."""
        with Library.open(self.folder) as library:
            for song in library.songs():
                heard(library, track(library, song.id), "fake 1", replace(self.analysis(song.path), **(change or {})))

    def close(self) -> None:
        self.shelf.close()

    @staticmethod
    def analysis(path: Path) -> Analysis:
        return FakeAnalyser().listen(path)


AHEAD_S = 1.0e9
"""So much is the wall's clock ahead of the monotonic one."""


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.shelf._ahead_s", lambda: AHEAD_S)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    with closing(Stock(tmp_path, 12)) as made:
        yield made


def track(library: Library, song: str) -> int:
    return int(library.rows("SELECT id FROM track WHERE hash = ?", song)[0]["id"])


def choice_of(shelf: LibraryShelf, song: str) -> Choice:
    chosen = next(each for each in shelf.songs() if each.id == song)
    target = Target(0.0, 0.0, (0.0, 0.0), Phase.MATCH)
    return Choice(chosen, MusicMode.LIFT, target, SAD, Ending.PLAYED, 100.0, "Lift: begins there.")


def test_only_songs_that_were_listened_to_stand_there(stock: Stock) -> None:
    assert stock.shelf.songs() == []
    stock.hear()
    songs = stock.shelf.songs()
    assert [song.title for song in songs] == [f"Song {number}" for number in range(12)]
    analysis = stock.shelf.analysis(songs[3].id)
    assert analysis is not None
    assert (songs[3].estimate, songs[3].loudness_lufs) == (analysis.estimate, analysis.loudness_lufs)


def test_anybody_may_ask_whether_a_song_is_there_that_can_be_played(stock: Stock) -> None:
    with Library.open(stock.folder) as library:
        song = library.songs()[0]
    assert not has_song(stock.folder, song.id), "nobody has listened to it yet"
    stock.hear()
    assert has_song(stock.folder, song.id)
    assert not has_song(stock.folder, song.id[:-1])
    assert not has_song(stock.folder, "0" * 32)
    song.path.unlink()
    with Library.open(stock.folder) as library:
        scan(library, [stock.music])
    assert not has_song(stock.folder, song.id)


def test_what_was_played_comes_back_whole(stock: Stock) -> None:
    stock.hear()
    song = stock.shelf.songs()[0].id
    outcome = Outcome(song, 100.0, MusicMode.LIFT, Ending.SKIPPED, 12.0, 180.0, SAD, replace(SAD, valence=0.1))
    stock.shelf.keep(choice_of(stock.shelf, song), outcome, Mood.SAD)
    stock.close()
    with closing(LibraryShelf.open(stock.folder)) as again:
        assert again.plays() == [outcome]
    with Library.open(stock.folder) as library:
        (play,) = library.plays()
        assert (play.why, play.mood, play.skipped) == ("Lift: begins there.", "sad", True)


def heard_so(song: str, at: float = 100.0) -> Outcome:
    return Outcome(song, at, MusicMode.LIFT, Ending.PLAYED, 180.0, 180.0, SAD, SAD)


def plays_on_the_disk(stock: Stock) -> list[float]:
    with Library.open(stock.folder) as library:
        return [play.started - AHEAD_S for play in library.plays()]


def test_plays_are_written_some_at_a_time_to_spare_the_card(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("mien_device.shelf.time.monotonic", lambda: now)
    stock.hear()
    song = stock.shelf.songs()[0].id
    for at in (100.0, 300.0):
        stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song, at), Mood.SAD)
        now += WRITE_S / 2 - 1
        stock.shelf.write_due()
    assert plays_on_the_disk(stock) == []
    now += 3
    stock.shelf.write_due()
    assert plays_on_the_disk(stock) == [100.0, 300.0]
    stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song, 500.0), Mood.SAD)
    stock.shelf.write_due()
    assert plays_on_the_disk(stock) == [100.0, 300.0], "its own time begins with it"


def test_a_clock_that_is_set_later_is_the_one_that_plays_are_dated_by(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi has no battery clock: what plays before it has found the network is dated like all that comes after."""
    stock.hear()
    song = stock.shelf.songs()[0].id
    stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song, 100.0), Mood.SAD)
    monkeypatch.setattr("mien_device.shelf._ahead_s", lambda: AHEAD_S + 86_400)
    assert [play.at for play in stock.shelf.plays()] == [100.0]
    assert plays_on_the_disk(stock) == [86_500.0]


def test_what_was_played_and_written_keeps_its_time_in_this_run_whatever_becomes_of_the_clock(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit: the policy takes two times of a song for two plays of it."""
    stock.hear()
    song = stock.shelf.songs()[0].id
    for ahead_s in (AHEAD_S + 0.1234567, AHEAD_S + 30 * 86_400):  # the two clocks never tick alike; then it is set
        stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song, 100.1), Mood.SAD)
        monkeypatch.setattr("mien_device.shelf._ahead_s", lambda ahead_s=ahead_s: ahead_s)
        stock.shelf.plays()
    monkeypatch.setattr("mien_device.shelf._ahead_s", lambda: AHEAD_S + 60 * 86_400)
    assert [play.at for play in stock.shelf.plays()] == [100.1, 100.1]


def test_what_waits_is_known_all_the_same(stock: Stock) -> None:
    """A correction makes the policy read everything anew."""
    stock.hear()
    song = stock.shelf.songs()[0].id
    stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song), Mood.SAD)
    with Library.open(stock.folder) as library:
        library.correct(song, 0.5, 0.5)
    assert stock.shelf.changed()
    assert [play.at for play in stock.shelf.plays()] == [100.0]
    assert plays_on_the_disk(stock) == [100.0]


def test_a_persons_word_is_written_at_once_and_what_waits_with_it(stock: Stock) -> None:
    stock.hear()
    song = stock.shelf.songs()[0].id
    stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song), Mood.SAD)
    assert stock.shelf.keep_liking(Liking(song, True, SAD), Mood.SAD)
    assert plays_on_the_disk(stock) == [100.0]
    with Library.open(stock.folder) as library:
        assert [like.liked for like in library.likes()] == [True]


def test_what_can_never_be_written_holds_up_nothing_else(stock: Stock, caplog: pytest.LogCaptureFixture) -> None:
    stock.hear()
    gone, there = (stock.shelf.songs()[number].id for number in (0, 1))
    for song, at in ((gone, 100.0), (there, 200.0)):
        stock.shelf.keep(choice_of(stock.shelf, song), heard_so(song, at), Mood.SAD)
    with Library.open(stock.folder) as library:
        library.execute("UPDATE track SET hash = 'another' WHERE hash = ?", gone)
    assert not stock.shelf.keep_liking(Liking(gone, True, SAD), Mood.SAD)
    assert f"{gone}: no song of that id" in caplog.text
    assert plays_on_the_disk(stock) == [200.0]


def test_a_library_that_another_process_holds_is_written_later(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.library.database.BUSY_S", 0.01)
    stock.hear()
    with closing(LibraryShelf.open(stock.folder)) as shelf:
        song = shelf.songs()[0].id
        with Library.open(stock.folder) as library, library.transaction():
            assert not shelf.keep_liking(Liking(song, False, SAD), Mood.SAD)
            shelf.changed()
            assert "another process" in str(shelf.trouble), "also when it can be read"
            assert [liking.liked for liking in shelf.likings()] == [False]
        shelf.keep(choice_of(shelf, song), heard_so(song), Mood.SAD)
        assert shelf.plays() == [heard_so(song)]
        assert shelf.trouble is None
    with Library.open(stock.folder) as library:
        assert [like.liked for like in library.likes()] == [False], "no word of a person is lost"


def test_of_too_much_that_waits_the_oldest_plays_are_given_up(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.library.database.BUSY_S", 0.0)
    monkeypatch.setattr("mien_device.shelf.WAITING", 3)
    stock.hear()
    with closing(LibraryShelf.open(stock.folder)) as shelf:
        song = shelf.songs()[0].id
        with Library.open(stock.folder) as library, library.transaction():
            shelf.keep_liking(Liking(song, False, SAD), Mood.SAD)
            for at in (1.0, 2.0, 3.0):
                shelf.keep(choice_of(shelf, song), heard_so(song, at), Mood.SAD)
        assert [play.at for play in shelf.plays()] == [2.0, 3.0]
        assert [liking.liked for liking in shelf.likings()] == [False]


def test_it_knows_when_somebody_else_has_changed_the_library(stock: Stock) -> None:
    stock.hear()
    assert stock.shelf.changed()
    assert not stock.shelf.changed()
    song = stock.shelf.songs()[0].id
    outcome = Outcome(song, 100.0, MusicMode.LIFT, Ending.PLAYED, 12.0, 180.0, SAD, SAD)
    stock.shelf.keep(choice_of(stock.shelf, song), outcome, Mood.SAD)
    assert not stock.shelf.changed(), "what it wrote itself is no news"
    with Library.open(stock.folder) as library:
        library.like(song, False)
    assert stock.shelf.changed()
    assert [liking.liked for liking in stock.shelf.likings()] == [False]


def test_corrections_move_the_songs_that_sound_like_them(tmp_path: Path) -> None:
    """The model hears every song as neither nor; the user says that the loud ones are pleasant, the soft ones not."""
    with closing(Stock(tmp_path, 40)) as stock:
        check_that_corrections_move(stock)


def check_that_corrections_move(stock: Stock) -> None:
    rng = np.random.default_rng(0)
    loud = {}
    with Library.open(stock.folder) as library:
        for number, song in enumerate(library.songs()):
            loud[song.id] = bool(number % 2)
            features = np.float32([loud[song.id], *rng.normal(size=3)])
            place = Estimate(0.0, 0.5, 0.0, 0.5)
            heard(
                library,
                track(library, song.id),
                "1",
                replace(stock.analysis(song.path), estimate=place, features=features),
            )
            if number < 30:
                library.correct(song.id, 0.6 if loud[song.id] else -0.6, 0.0)
    others = [song for song in stock.shelf.songs() if not song.corrected]
    assert len(others) == 10
    for song in others:
        assert song.estimate.valence > 0.2 if loud[song.id] else song.estimate.valence < -0.2
        assert song.estimate.valence_sd == 0.5


def test_a_library_that_breaks_while_it_is_used_is_one_line(stock: Stock, caplog: pytest.LogCaptureFixture) -> None:
    stock.hear()
    known = {song.id for song in stock.shelf.songs()}
    with closing(sqlite3.connect(stock.folder / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (stock.folder / FILE).open("r+b") as file:  # as a card does that is failing
        file.write(b"\xff" * (stock.folder / FILE).stat().st_size)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert stock.shelf.plays() == []
            assert not stock.shelf.changed()
            assert {song.id for song in stock.shelf.songs()} == known != set(), "the music goes on"
    (record,) = caplog.records
    assert FILE in record.message
    assert "\n" not in record.message


@contextmanager
def chooser_of(config: MusicConfig, folder: Path) -> Iterator[Chooser]:
    chooser, *_ = open_chooser(config, folder)
    with closing(chooser):
        yield chooser


def test_auto_takes_the_folders_first_and_the_library_as_soon_as_songs_were_listened_to(
    stock: Stock, tmp_path: Path
) -> None:
    with chooser_of(MusicConfig(folder=tmp_path / "folders"), stock.folder) as chooser:
        check_the_order(chooser, stock, tmp_path)


def check_the_order(chooser: Chooser, stock: Stock, tmp_path: Path) -> None:
    chooser.mode = MusicMode.LIFT

    def choose() -> Track | None:
        return chooser.choose(Mood.SAD, 0.0, TrackEnding.PLAYED)

    assert choose() is None
    stock.hear()
    heard = choose()
    assert heard is not None
    assert heard.path.parent == stock.music
    assert heard.why.startswith("Lift")
    chooser.ended(heard, TrackEnding.UNPLAYABLE, 0.0, heard=False)
    assert heard.path not in {track.path for _ in range(20) if (track := choose())}, "its own chooser was told"
    own = write_sound(tmp_path / "folders" / "neutral" / "own.wav", 99)
    sorted_by_hand = choose()
    assert sorted_by_hand is not None
    assert sorted_by_hand.path == own
    assert not chooser.wants_change(sorted_by_hand, Mood.SAD, 0.0)
    again = chooser.again(heard.path, Mood.SAD)
    assert again is not None, "what played before a restart is looked for in both"


def test_no_music_at_all_is_told_until_there_is_some(stock: Stock, tmp_path: Path) -> None:
    for choose, remedy in (("auto", "make a folder for each mood"), ("library", "mien library scan FOLDER")):
        config = MusicConfig.model_validate({"folder": tmp_path / "folders", "choose": choose})
        choosing = open_chooser(config, stock.folder)
        with closing(choosing.chooser):
            assert remedy in str(choosing.music_trouble())
            if choose == "auto":
                own = write_sound(tmp_path / "folders" / "neutral" / "own.wav", 99)
                assert choosing.chooser.choose(Mood.SAD, 0.0, TrackEnding.PLAYED) is not None
                assert choosing.music_trouble() is None
                own.unlink()
                assert choosing.chooser.choose(Mood.SAD, 0.0, TrackEnding.PLAYED) is None
                assert remedy in str(choosing.music_trouble())
            stock.hear()
            assert choosing.chooser.choose(Mood.SAD, 0.0, TrackEnding.PLAYED) is not None
            assert choosing.music_trouble() is None
        with Library.open(stock.folder) as library:
            library.execute("DELETE FROM analysis")


@pytest.mark.parametrize(("choose", "kind"), [("folders", "FolderChooser"), ("library", "PolicyChooser")])
def test_what_was_asked_for_is_taken(stock: Stock, tmp_path: Path, choose: str, kind: str) -> None:
    config = MusicConfig.model_validate({"folder": tmp_path, "choose": choose})
    with chooser_of(config, stock.folder) as chooser:
        assert type(chooser).__name__ == kind


def test_who_chooses_lets_go_of_the_library(tmp_path: Path) -> None:
    def held() -> bool:
        return str(tmp_path / FILE) in {file.path for file in psutil.Process().open_files()}

    with chooser_of(MusicConfig(folder=tmp_path / "folders"), tmp_path):
        assert held()
    assert not held()


@pytest.mark.parametrize(("choose", "level"), [("library", "ERROR"), ("auto", "WARNING")])
def test_a_library_that_cannot_be_opened_does_not_silence_the_music(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, choose: str, level: str
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as newer:
        newer.execute("PRAGMA user_version = 999")
    config = MusicConfig.model_validate({"folder": tmp_path, "choose": choose})
    assert type(open_chooser(config, tmp_path)[0]).__name__ == "FolderChooser"
    record = next(record for record in caplog.records if "by folder only" in record.message)
    assert record.levelname == level
    assert "newer mien" in record.message


def test_a_damaged_library_is_set_aside_and_filled_again(
    tmp_path: Path, stock: Stock, caplog: pytest.LogCaptureFixture
) -> None:
    stock.close()
    damaged = b"x" * 5000
    (stock.folder / FILE).write_bytes(damaged)
    config = MusicConfig(folder=tmp_path / "no folders", choose="library")
    chooser, _, trouble, _ = open_chooser(config, stock.folder)
    with closing(chooser):
        assert (stock.folder / ASIDE).read_bytes() == damaged
        assert "lies beside as" in caplog.text
        assert "was damaged" in str(trouble())
        assert chooser.choose(Mood.SAD, 0.0, TrackEnding.PLAYED) is None
        with Library.open(stock.folder, or_anew=True) as library:  # as `mien library watch` does
            assert library.aside is None, "it is whole by now"
            scan(library, [stock.music])
        stock.hear()
        assert chooser.choose(Mood.SAD, 1.0, TrackEnding.PLAYED) is not None
        assert trouble() is None


def test_of_two_that_find_it_damaged_only_one_sets_it_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"x" * 5000)
    with ThreadPoolExecutor() as pool:
        opened = list(pool.map(lambda _: Library.open(tmp_path, handed_on=True, or_anew=True), range(4)))
    for library in opened:
        library.close()
    assert (tmp_path / ASIDE).read_bytes() == b"x" * 5000


def test_a_track_carries_what_was_heard_of_it(stock: Stock) -> None:
    stock.hear({"cue_in_s": 0.05, "cue_out_s": 0.2})
    with chooser_of(MusicConfig(folder=stock.music), stock.folder) as chooser:
        first = chooser.choose(Mood.SAD, 0.0, TrackEnding.PLAYED)
    assert first is not None
    assert (first.cue_in_s, first.cue_out_s, first.artist[:6]) == (0.05, 0.2, "Artist")
    assert first.loudness_lufs == pytest.approx(stock.analysis(first.path).loudness_lufs)
    assert first.why.endswith(".")
