"""What the rest of mien asks of the library, and a library that is damaged, foreign, or held by somebody."""

from __future__ import annotations

import math
import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.library import CORRECTED_SD, MOOD_SD, Like, Play, quarter
from mien_device.library.database import FILE
from mien_device.library.migrations import MIGRATIONS
from mien_device.library.scan import scan
from mien_device.library.store import Library, percentiles
from mien_device.listeners import Ending, Listener
from mien_models.errors import MusicError
from mien_models.listening import SongMood
from tests.device.library.audio import write_sound
from tests.waiting import wait_until

WHY = "the same quiet as yours, and not heard since Monday"
SAD = Listener(-0.5, 0.2, -0.25, 0.1, faces=1)
HAPPIER = Listener(0.1, 0.2, -0.25, 0.1, faces=2)


@pytest.fixture
def song(library: Library, music: Path) -> str:
    write_sound(music / "a.wav")
    scan(library, [music])
    return library.songs()[0].id


def play(song: str, started: float = 100.0) -> Play:
    return Play(song, started, "sad", "follow", 42.0, 180.0, Ending.SKIPPED, WHY, SAD, HAPPIER)


def test_plays_outlive_the_process(library: Library, song: str, tmp_path: Path) -> None:
    library.played(play(song))
    library.played(Play(song, 200.0, "none", "shuffle", 1.0, 0.0, Ending.PLAYED, "nobody is there"))
    library.close()
    with Library.open(tmp_path / "state") as again:
        assert again.plays()[0] == play(song)
        assert again.plays()[0].skipped
        (later,) = again.plays(since=150)
        assert (later.started, later.before, later.after, later.skipped) == (200.0, None, None, False)
        assert again.plays(song="0" * 32) == []


def test_songs_are_read_again_when_something_changed(library: Library, song: str, tmp_path: Path) -> None:
    (before,) = library.songs()
    library.played(play(song))
    assert library.songs()[0] is before
    library.correct(song, 0.5, 0.5)
    assert library.songs()[0].correction is not None
    with Library.open(tmp_path / "state") as other:  # as a scan in another process does
        other.uncorrect(song)
        other.played(play(song))
    assert library.songs()[0].correction is None
    assert library.songs()[0] is library.songs()[0]


def test_likes_are_opinions_of_a_mood(library: Library, song: str) -> None:
    library.like(song, True, mood="sad", viewer=SAD, at=1.0)
    library.like(song, False, mood="happy", at=2.0)
    assert library.likes() == [Like(song, 1.0, True, "sad", SAD), Like(song, 2.0, False, "happy")]
    assert library.songs()[0].liked is False


def test_a_correction_wins_and_a_table_does_not_replace_it(library: Library, song: str) -> None:
    assert library.correct(song, 0.5, 0.5, sd=MOOD_SD, source="table")
    assert library.correct(song, -0.6, -0.2)
    assert not library.correct(song, 1.0, 1.0, source="table")
    (corrected,) = library.songs()
    assert corrected.mood is SongMood.SAD
    assert corrected.estimate is not None
    assert (corrected.estimate.valence, corrected.estimate.arousal_sd) == (-0.6, CORRECTED_SD)
    assert corrected.valence_percentile == 0.5
    library.uncorrect(song)
    assert library.songs()[0].estimate is None


@pytest.mark.parametrize(("valence", "arousal"), [(1.1, 0), (0, -2), (math.nan, 0), (0, math.inf)])
def test_a_place_off_the_plane_is_refused(library: Library, song: str, valence: float, arousal: float) -> None:
    with pytest.raises(MusicError, match="from -1 to 1"):
        library.correct(song, valence, arousal)


def test_unknown_songs_are_refused(library: Library) -> None:
    for use in (lambda: library.played(play("x")), lambda: library.like("x", True), lambda: library.song("x")):
        with pytest.raises(MusicError, match="mien library list"):
            use()


@given(st.lists(st.one_of(st.none(), st.floats(-1, 1)), max_size=30))
def test_percentiles_are_the_share_below_with_ties_counting_half(values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    for value, percentile in zip(values, percentiles(values).tolist(), strict=True):
        if value is None:
            assert math.isnan(percentile)
        else:
            below, same = sum(other < value for other in known), sum(other == value for other in known)
            assert percentile == pytest.approx((below + same / 2) / len(known))


@pytest.mark.parametrize(
    ("valence", "arousal", "mood"),
    [(0.1, 0.1, "happy"), (-0.1, 0.1, "tense"), (-0.1, -0.1, "sad"), (0.1, -0.1, "calm")],
)
def test_quarters(valence: float, arousal: float, mood: str) -> None:
    assert quarter(valence, arousal) == mood


def test_a_newer_library_is_left_alone(tmp_path: Path) -> None:
    Library.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(MusicError, match="update mien"):
        Library.open(tmp_path)


def test_a_migration_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Library.open(tmp_path).close()
    steps = (*MIGRATIONS, "ALTER TABLE track ADD COLUMN genre TEXT;\nALTER TABLE nothing ADD COLUMN a TEXT;\n")
    monkeypatch.setattr("mien_device.library.database.MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError):
        Library.open(tmp_path)
    monkeypatch.setattr(
        "mien_device.library.database.MIGRATIONS", (*MIGRATIONS, "ALTER TABLE track ADD COLUMN genre TEXT;\n")
    )
    with Library.open(tmp_path) as library:
        assert library.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS) + 1
        assert library.rows("SELECT genre FROM track") == []


def test_another_file_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"my diary, which is no database at all\n" * 50)
    with pytest.raises(MusicError, match="move it away and scan anew"):
        Library.open(tmp_path)
    assert (tmp_path / FILE).read_bytes().startswith(b"my diary")


def test_only_its_owner_may_read_how_people_felt(library: Library, song: str) -> None:
    library.like(song, True, mood="sad")
    files = list(library.path.parent.glob("library.sqlite3*"))
    assert len(files) == 3  # with its log and its index
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MusicError, match="MIEN_STATE_DIR"):
        Library.open(tmp_path / "file" / "state")


def test_one_scan_at_a_time(tmp_path: Path) -> None:
    with Library.open(tmp_path) as one, Library.open(tmp_path) as other:
        with one.scanning(), pytest.raises(MusicError, match="another scan"), other.scanning():
            pass
        with other.scanning():
            pass


def test_readers_go_on_while_a_scan_writes(library: Library, song: str, tmp_path: Path) -> None:
    """A process writes all the time, as a scan does; the daemon's own writes and reads find their turn."""
    writer = multiprocessing.get_context("spawn").Process(target=_write_for_a_while, args=(tmp_path / "state", song))
    writer.start()
    try:
        wait_until(library.likes)
        for number in range(50):
            library.played(play(song, started=float(number)))
            library.songs()
    finally:
        writer.join()
    assert writer.exitcode == 0
    assert len(library.plays()) == 50
    assert len(library.likes()) == 200


def _write_for_a_while(folder: Path, song: str) -> None:
    with Library.open(folder) as library:
        for _ in range(200):
            library.like(song, True)
