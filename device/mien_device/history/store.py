"""The history's file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mien_device.history import Minute, Play
from mien_device.tables import keep_private, migrate
from mien_models.errors import DataError
from mien_models.labels import Emotion

FILE = "history.sqlite3"
BUSY_S = 10.0
"""A backup reads for seconds at most; who waits longer waits for a process that hangs."""
_FIRST = f"""
CREATE TABLE minute (
    at INTEGER PRIMARY KEY,         -- its beginning, seconds since 1970, UTC
    seen_s REAL NOT NULL,           -- somebody was in view for so long
    {", ".join(f"{emotion} REAL NOT NULL" for emotion in Emotion)}, -- seconds of each mood
    valence_s REAL NOT NULL,        -- valence and arousal times seconds
    arousal_s REAL NOT NULL,
    people INTEGER NOT NULL         -- the most at once
);
CREATE TABLE play (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    mode TEXT NOT NULL,
    heard_s REAL NOT NULL,
    before REAL,                    -- mean valence of the faces in the minute before, and in its last minute
    after REAL
);
"""
MIGRATIONS = (_FIRST,)
"""The script at place n leads from version n to n + 1. A script that was released is never changed."""
REMEDIES = {
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_IOERR": "the disk does not take or give it; is it full, or failing?",
    "SQLITE_NOTADB": "damaged; erase the history on the page, or move the file away",
    "SQLITE_CORRUPT": "damaged; erase the history on the page, or move the file away",
    "SQLITE_ERROR": "its tables are not those of mien; erase the history on the page, or move the file away",
    "SQLITE_READONLY": "may not be written; is the disk read-only?",
    "SQLITE_CANTOPEN": "cannot be opened; may mien write its folder?",
    "SQLITE_BUSY": f"another process holds it for more than {BUSY_S:.0f} s; end that one",
}
"""By the beginning of SQLite's result code."""
_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR")
TABLES = ("minute", "play")
_SUMS = ("seen_s", *Emotion, "valence_s", "arousal_s")
_COLUMNS = f"at, {', '.join(_SUMS)}, people"
_ADD = f"""
INSERT INTO minute ({_COLUMNS}) VALUES ({", ".join("?" * (len(Emotion) + 5))})
ON CONFLICT (at) DO UPDATE SET {", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)},
    people = max(people, excluded.people)
"""  # noqa: S608 - of our own names only
_BATCH = 2000
QUARTER_S = 900
"""Every wall clock of today is whole quarters of an hour from UTC, so that their sums can be dealt out to the hours of any."""


class DamagedError(DataError):
    """The file is no history."""


class History:
    """Used by any thread, one at a time. Opened when it is first needed, and made when something is first written.

    Whatever is wrong with the file or its disk is a `DataError`.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def write(self, minutes: Sequence[Minute], plays: Sequence[Play]) -> None:
        """Add to what is there, all or nothing. Parts of a minute are added up."""
        with self._changing() as connection:
            connection.executemany(_ADD, [_row(minute) for minute in minutes])
            connection.executemany(
                "INSERT INTO play (at, title, artist, mode, heard_s, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(p.at, p.title, p.artist, p.mode, p.heard_s, p.before, p.after) for p in plays],
            )

    def minutes(self, since: float, until: float, most: int = -1) -> list[Minute]:
        """Those that began then, oldest first; `most` of them."""
        sql = f"SELECT {_COLUMNS} FROM minute WHERE at >= ? AND at < ? ORDER BY at LIMIT ?"  # noqa: S608
        return [_minute(row) for row in self._rows(sql, since, until, most)]

    def quarters(self, since: float, until: float) -> list[Minute]:
        """The same added up by quarters of an hour, each as one long minute: a week of them is a few hundred."""
        sums = ", ".join(f"sum({name})" for name in _SUMS)
        sql = f"""
            SELECT at / {QUARTER_S} * {QUARTER_S} AS begin, {sums}, max(people)
            FROM minute WHERE at >= ? AND at < ? GROUP BY begin ORDER BY begin
        """  # noqa: S608
        return [_minute(row) for row in self._rows(sql, since, until)]

    def all_minutes(self) -> Iterator[Minute]:
        """Every one, oldest first, some at a time: they may be a hundred thousand."""
        since = float("-inf")
        while batch := self.minutes(since, float("inf"), _BATCH):
            yield from batch
            since = batch[-1].at + 1

    def plays(self, since: float, until: float) -> list[Play]:
        """Those that began then, oldest first."""
        sql = (
            "SELECT at, title, artist, mode, heard_s, before, after FROM play WHERE at >= ? AND at < ? ORDER BY at, id"
        )
        return [Play(*row) for row in self._rows(sql, since, until)]

    @property
    def first(self) -> float | None:
        """When the oldest of all began; None if there is nothing."""
        rows = self._rows("SELECT min(at) FROM (SELECT min(at) AS at FROM minute UNION ALL SELECT min(at) FROM play)")
        return rows[0][0] if rows else None

    def prune(self, since: float, until: float) -> None:
        """Forget what began before `since`, and what a clock that was wrong put after `until`."""
        if self._path.exists():
            with self._changing() as connection:
                for table in TABLES:
                    connection.execute(f"DELETE FROM {table} WHERE at < ? OR at >= ?", (since, until))  # noqa: S608

    def erase(self) -> None:
        """Forget everything, and leave nothing of it in the file. A damaged file goes as a whole.

        Raises:
            DataError: the disk did not do all of it; to be tried again.

        """
        with self._lock:
            try:
                self._empty()
            except DamagedError:
                self.close()
                self._remove()

    def check(self) -> None:
        """See that the file is whole and has our tables, and close it.

        Raises:
            DataError: it is damaged, or made by a newer mien.

        """
        try:
            if self._rows("PRAGMA quick_check")[:1] != [("ok",)]:
                raise DamagedError(f"{self._path}: {REMEDIES['SQLITE_CORRUPT']}")
            self._rows(f"SELECT {_COLUMNS} FROM minute LIMIT 0")  # noqa: S608 - of our own names only
            self.plays(0, 0)
        finally:
            self.close()

    def close(self) -> None:
        """May be called twice."""
        with self._lock, self._explained():
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _remove(self) -> None:
        try:
            self._path.with_name(f"{FILE}-journal").unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise DataError(f"{self._path}: {error.strerror}; is the disk read-only?") from None

    def _empty(self) -> None:
        if not self._path.exists():
            return
        with self._changing() as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
        with self._opened() as connection:
            connection.execute("VACUUM")

    def _rows(self, sql: str, *values: float) -> list[Any]:
        if not self._path.exists():
            return []
        with self._opened() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """All that is changed within happens, or nothing of it."""
        with self._opened() as connection, connection:  # which commits, or rolls back
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection

    def _connect(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{self._path.parent}: {error.strerror}") from None
        keep_private(self._path)
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            # No log beside it that outlives a write: its index is memory mapped to a file, and a full disk ends the process then.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = EXTRA")  # else a power cut may take back what was written last
            connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
            too_new = DataError(f"{self._path}: made by a newer mien; update mien, or move the file away")
            migrate(connection, MIGRATIONS, too_new)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "") or ""
            remedy = next((words for name, words in REMEDIES.items() if code.startswith(name)), None)
            if remedy is None:
                raise  # a defect of ours
            kind = DamagedError if code.startswith(_DAMAGED) else DataError
            raise kind(f"{self._path}: {remedy}") from None


def _row(minute: Minute) -> tuple[float, ...]:
    # Half a second on: clocks that are adjusted gently must not move a minute's beginning into the one before.
    at = int((minute.at + 0.5) // 60) * 60
    return (at, minute.seen_s, *minute.moods, minute.valence_s, minute.arousal_s, minute.people)


def _minute(row: tuple[Any, ...]) -> Minute:
    at, seen_s, *moods = row[: 2 + len(Emotion)]
    valence_s, arousal_s, people = row[2 + len(Emotion) :]
    return Minute(at, seen_s, moods, valence_s, arousal_s, int(people))
