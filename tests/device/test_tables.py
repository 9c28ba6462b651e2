"""What every SQLite file of mien's has in common."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mien_device.tables import migrate
from mien_models.errors import DataError

SCRIPTS = ("CREATE TABLE one (a);", "CREATE TABLE two (b);")
TOO_NEW = DataError("too new")


def opened(path: Path) -> closing[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    return closing(connection)


def test_an_older_file_becomes_one_of_today_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    with opened(tmp_path / "file") as connection:
        migrate(connection, SCRIPTS[:1], TOO_NEW)
        connection.execute("INSERT INTO one VALUES (7)")
        migrate(connection, SCRIPTS, TOO_NEW)
        assert connection.execute("SELECT a FROM one").fetchall() == [(7,)]
        assert connection.execute("SELECT b FROM two").fetchall() == []
        with pytest.raises(DataError, match="too new"):
            migrate(connection, SCRIPTS[:1], TOO_NEW)


def test_a_version_that_no_mien_wrote_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "file") as connection:
        connection.execute("PRAGMA user_version = -1")
        with pytest.raises(DataError, match="too new"):
            migrate(connection, SCRIPTS, TOO_NEW)
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_file_of_today_is_opened_without_a_write(tmp_path: Path) -> None:
    """A service opens its library every other minute, for months, on a card that wears out."""
    with opened(tmp_path / "file") as first:
        migrate(first, SCRIPTS, TOO_NEW)
        written = (tmp_path / "file-wal").stat().st_size
        assert written > 0
        with opened(tmp_path / "file") as second:
            migrate(second, SCRIPTS, TOO_NEW)
            assert (tmp_path / "file-wal").stat().st_size == written


def test_who_opens_it_while_another_writes_does_not_wait(tmp_path: Path) -> None:
    with opened(tmp_path / "file") as writer, opened(tmp_path / "file") as reader:
        migrate(writer, SCRIPTS, TOO_NEW)
        writer.execute("BEGIN IMMEDIATE")
        reader.execute("PRAGMA busy_timeout = 0")
        migrate(reader, SCRIPTS, TOO_NEW)
        writer.execute("ROLLBACK")
