"""The library's file: opened, guarded, and locked while a scan writes."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from mien_device.library.migrations import MIGRATIONS
from mien_device.tables import keep_private, migrate
from mien_models.errors import MusicError
from mien_models.files import open_private

log = logging.getLogger(__name__)

FILE = "library.sqlite3"
ASIDE = "library-damaged.sqlite3"
"""A damaged one is called so from then on, with those before it forgotten: a card that dies must not fill up with them."""
BUSY_S = 30.0
"""A scan writes for milliseconds at a time; who waits longer than this waits for a process that hangs."""
REMEDIES = {
    "SQLITE_FULL": "the disk is full; free some space, what was done is kept",
    "SQLITE_IOERR": "the disk does not take or give it; is it full, or failing?",
    "SQLITE_NOTADB": "this is no library; move it away and scan anew",
    "SQLITE_CORRUPT": "damaged; move it away and scan anew",
    "SQLITE_READONLY": "may not be written; run as the user that owns it",
    "SQLITE_CANTOPEN": "cannot be opened; run as a user that may write its folder, or set MIEN_STATE_DIR",
    "SQLITE_BUSY": f"another process holds it for more than {BUSY_S:.0f} s; end that one",
}
"""By the beginning of SQLite's result code."""
ROOM = 1 << 20
"""Bytes. With less SQLite may find none for the index of its log, and on small blocks its map of it ends the process (SIGBUS)."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder that only we can look into is made there
"""A file system in memory."""


class NoRoomError(MusicError):
    """The disk does not take what is to be written; reading may well work."""


class DamagedError(MusicError):
    """What the file holds is no library, or not all of one."""


_KINDS: dict[type[MusicError], tuple[str, ...]] = {
    NoRoomError: ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN"),
    DamagedError: ("SQLITE_NOTADB", "SQLITE_CORRUPT"),
}


class Database:
    """A connection, for one thread. Whatever is wrong with the file or its disk is a `MusicError`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, read_only: bool = False) -> None:
        """See `open`."""
        self._connection = connection
        self.path = path
        self.read_only = read_only
        """Whether it is a copy, because the disk is full: nothing that is written to it would stay."""
        self.aside: Path | None = None
        """Where the damaged one lies whose place this one took when it was opened."""

    @classmethod
    def open(cls, folder: Path, *, handed_on: bool = False, or_read: bool = False, or_anew: bool = False) -> Self:
        """Open the library in `folder`, or make an empty one. `handed_on`: another thread will use it from then on.

        With `or_read` a library on a full disk is opened all the same, as a copy in memory that cannot be written. With
        `or_anew` one that is damaged is set aside, and an empty one takes its place.

        Raises:
            MusicError: it cannot be opened or made, is damaged, or was made by a newer mien.

        """
        path = folder / FILE
        if or_read and path.exists() and not has_room(folder):
            return cls._open_copy(path, handed_on)
        with _one_at_a_time(folder) if or_anew else contextlib.nullcontext():
            try:
                return cls._open_file(folder, path, handed_on)
            except NoRoomError:
                if not (or_read and path.exists()):
                    raise
                return cls._open_copy(path, handed_on)
            except DamagedError:
                if not or_anew:
                    raise
                _set_aside(path)
                library = cls._open_file(folder, path, handed_on)
                library.aside = path.with_name(ASIDE)
                return library

    @classmethod
    def _open_file(cls, folder: Path, path: Path, handed_on: bool) -> Self:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MusicError(
                f"{folder}: {error.strerror}; set MIEN_STATE_DIR to a folder that can be written"
            ) from None
        with _explained(path):
            keep_private(path)
            connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=not handed_on)
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")  # with NORMAL a power cut takes the last rows along
                connection.execute("PRAGMA foreign_keys = ON")
                migrate(connection, MIGRATIONS, _too_new(path))
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    @classmethod
    def _open_copy(cls, path: Path, handed_on: bool) -> Self:
        """The library with its log, read from memory. SQLite's own ways to read a file without writing beside it either leave
        the log out (`immutable`) or want room for its index.
        """
        try:
            folder = Path(tempfile.mkdtemp(prefix="mien-", dir=MEMORY))
        except OSError as error:
            raise NoRoomError(f"{MEMORY}: {error.strerror}; free some space on the disk of {path}") from None
        try:
            for name in (path.name, f"{path.name}-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(path.with_name(name), folder / name)
            library = cls._open_file(folder, folder / path.name, handed_on)
        except OSError as error:
            raise NoRoomError(f"{path}: cannot be read: {error.strerror}; free some space") from None
        finally:
            # What is open stays; nobody else can look into it, and nothing is left of it.
            shutil.rmtree(folder, ignore_errors=True)
        library.execute("PRAGMA query_only = ON")
        library.path, library.read_only = path, True
        return library

    def close(self) -> None:
        """May be called twice."""
        with _explained(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of the answer."""
        with _explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def execute(self, sql: str, *values: Any) -> int:
        """Change something; the number of the new row, if one was made."""
        with _explained(self.path):
            return self._connection.execute(sql, values).lastrowid or 0

    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Change something many times."""
        with _explained(self.path):
            self._connection.executemany(sql, values)

    @property
    def changes(self) -> int:
        """How many rows this connection has changed so far."""
        return self._connection.total_changes

    @property
    def version(self) -> int:
        """Another number than before if another connection has changed the library since."""
        return int(self.rows("PRAGMA data_version")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is changed within happens, or nothing of it."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            with _explained(self.path):
                self._connection.rollback()
            raise

    @contextmanager
    def scanning(self) -> Iterator[None]:
        """Hold the right to scan; it ends with the process at the latest.

        Raises:
            MusicError: another process scans.

        """
        lock = self.path.with_suffix(".lock")
        try:
            file = open_private(lock)
        except OSError as error:
            raise MusicError(f"{lock}: {error.strerror}; run as the user that owns the library") from None
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MusicError(
                    f"{self.path}: another scan is at work; wait for its end, or stop `mien library watch`"
                ) from None
            yield
        finally:
            os.close(file)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Of those that may set a damaged library aside: the second finds the new one whole, and does not take it for the old."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # there is no folder yet, or it is said when the library is opened
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _set_aside(path: Path) -> None:
    """Move a damaged library out of the way, with its log; it may be worth a rescue.

    Raises:
        MusicError: it cannot be moved.

    """
    try:
        for ending in ("-shm", "-wal", ""):  # the log first: an empty library must not find it
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + ending).replace(path.with_name(ASIDE + ending))
    except OSError as error:
        raise MusicError(f"{path}: damaged, and cannot be moved away: {error.strerror}") from None
    log.error("%s: damaged; it lies beside as %s now, and an empty one takes its place", path, ASIDE)


def has_room(folder: Path) -> bool:
    """Whether a library in `folder` can be written to."""
    try:
        there = os.statvfs(folder)
    except OSError:
        return False
    return there.f_bavail * there.f_frsize >= ROOM and not there.f_flag & os.ST_RDONLY


def _too_new(path: Path) -> MusicError:
    return MusicError(
        f"{path}: made by a newer mien, whose libraries this one does not know; update mien, or move the file away and scan anew"
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "") or ""
        remedy = next((words for name, words in REMEDIES.items() if code.startswith(name)), None)
        if remedy is None:
            raise  # a defect of ours
        kind = next((kind for kind, names in _KINDS.items() if code.startswith(names)), MusicError)
        raise kind(f"{path}: {remedy}") from None
