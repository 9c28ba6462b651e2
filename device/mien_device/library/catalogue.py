"""What a scan knows beforehand, and what it writes down. Each write is a transaction of milliseconds."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mien_device import clock
from mien_device.library.database import Database
from mien_device.library.reading import Reading
from mien_device.library.tags import Tags
from mien_device.library.walk import Found, Stamp
from mien_models.listening import Analysis

LOOK_AGAIN = -1
"""The size of a broken file that is to be read by every scan: what is wrong may lie outside it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `file`."""

    id: int
    track: int
    path: bytes
    stamp: Stamp
    device: int
    gone: bool

    @property
    def identity(self) -> tuple[int, Stamp] | None:
        """The same for the same file under another name; None where inode numbers say nothing."""
        return (self.device, self.stamp) if self.stamp.inode else None


class Catalogue:
    """What was known of the files below some folders when the scan began."""

    def __init__(self, database: Database, folders: Iterable[bytes]) -> None:
        self._database = database
        below = tuple(folder.rstrip(b"/") + b"/" for folder in folders)
        self.entries: dict[bytes, list[Entry]] = defaultdict(list)
        """By path; at most one of a path is not gone."""
        self.by_identity: dict[tuple[int, Stamp], Entry] = {}
        """Of the whole library: a file may have come from another folder."""
        self.outside: list[Entry] = []
        """What is known to lie in other folders."""
        self.moved_from: list[int] = []
        """Rows that were gone and are replaced, as their audio was found somewhere else."""
        for row in database.rows("SELECT * FROM file"):
            entry = _entry(row)
            if entry.identity:
                self.by_identity[entry.identity] = entry
            if entry.path.startswith(below):
                self.entries[entry.path].append(entry)
            elif not entry.gone:
                self.outside.append(entry)
        self.broken = {
            row["path"]: Stamp(row["size"], row["mtime_ns"], row["inode"])
            for row in database.rows("SELECT * FROM broken")
            if row["path"].startswith(below)
        }
        self._covers = {
            row["folder"]: (row["name"], row["size"], row["mtime_ns"])
            for row in database.rows("SELECT folder, name, size, mtime_ns FROM cover")
            if (row["folder"] + b"/").startswith(below)
        }

    def present(self, path: bytes) -> Entry | None:
        """What is known to lie there."""
        return next((entry for entry in self.entries.get(path, ()) if not entry.gone), None)

    def settle(self, returned: list[Entry], adopted: list[tuple[Found, Entry]], gone: list[Entry]) -> None:
        """Write down all that was understood without reading a file."""
        database = self._database
        rows = [database.rows("SELECT * FROM file WHERE id = ?", entry.id)[0] for _, entry in adopted]
        with database.transaction():
            database.executemany("UPDATE file SET gone = ? WHERE id = ?", [(clock.now(), entry.id) for entry in gone])
            database.executemany("UPDATE file SET gone = NULL WHERE id = ?", [(entry.id,) for entry in returned])
            database.executemany("DELETE FROM broken WHERE path = ?", [(entry.path,) for entry in returned])
            for (found, _), row in zip(adopted, rows, strict=True):
                self._place(found, row["track"], _tags(row), row["art"])

    def record(self, read: Iterable[tuple[Found, Reading]], broken: Iterable[tuple[Found, str, bool]]) -> None:
        """Write down what was read. Of the broken ones: file, reason, whether to look again at every scan."""
        with self._database.transaction():
            for found, reading in read:
                self._place(found, self._track(reading.audio), reading.tags, self._art(reading))
            for found, reason, again in broken:
                self._leave(found.path, None)
                stamp = found.stamp
                self._database.execute(
                    "INSERT OR REPLACE INTO broken (path, size, mtime_ns, inode, reason) VALUES (?, ?, ?, ?, ?)",
                    found.path, LOOK_AGAIN if again else stamp.size, stamp.mtime_ns, stamp.inode, reason,
                )  # fmt: skip

    def forget_broken(self, paths: Iterable[bytes]) -> None:
        """They are not there any more."""
        self._database.executemany("DELETE FROM broken WHERE path = ?", [(path,) for path in paths])

    def new_covers(self, covers: dict[bytes, Found]) -> list[tuple[bytes, Found]]:
        """Those that are not known as they are."""

        def known(folder: bytes, found: Found) -> bool:
            stamp = (os.path.basename(found.path), found.stamp.size, found.stamp.mtime_ns)  # noqa: PTH119 - bytes
            return self._covers.get(folder) == stamp

        return [(folder, found) for folder, found in covers.items() if not known(folder, found)]

    def record_cover(self, folder: bytes, found: Found, art: tuple[str, str, int]) -> None:
        """Write down a folder's picture: its hash, kind and size."""
        with self._database.transaction():
            self._database.execute("INSERT OR IGNORE INTO art (hash, mime, size) VALUES (?, ?, ?)", *art)
            self._database.execute(
                "INSERT OR REPLACE INTO cover (folder, name, size, mtime_ns, art) VALUES (?, ?, ?, ?, ?)",
                folder, os.path.basename(found.path), found.stamp.size, found.stamp.mtime_ns, art[0],  # noqa: PTH119
            )  # fmt: skip

    def forget_covers(self, covers: dict[bytes, Found], unreadable: Iterable[bytes]) -> None:
        """Folders that have no picture any more."""
        kept = tuple(unreadable)
        lost = [folder for folder in self._covers if folder not in covers and folder not in kept]
        self._database.executemany("DELETE FROM cover WHERE folder = ?", [(folder,) for folder in lost])

    def _track(self, audio: str) -> int:
        self._database.execute("INSERT OR IGNORE INTO track (hash, added) VALUES (?, ?)", audio, clock.now())
        return int(self._database.rows("SELECT id FROM track WHERE hash = ?", audio)[0]["id"])

    def _art(self, reading: Reading) -> str | None:
        cover = reading.tags.cover
        if cover:
            sql = "INSERT OR IGNORE INTO art (hash, mime, size) VALUES (?, ?, ?)"
            self._database.execute(sql, cover.hash, cover.mime, len(cover.content))
        return cover.hash if cover else None

    def _leave(self, path: bytes, track: int | None) -> None:
        """What lay at `path` is not there any more; a row of `track` there is replaced altogether."""
        if track is not None:
            self._database.execute("DELETE FROM file WHERE path = ? AND track = ?", path, track)
        self._database.execute("UPDATE file SET gone = ? WHERE path = ? AND gone IS NULL", clock.now(), path)

    def _place(self, found: Found, track: int, tags: Tags, art: str | None) -> None:
        """Write down that `track` lies there, and no longer where it is gone."""
        self._leave(found.path, track)
        moved = self._database.rows("DELETE FROM file WHERE track = ? AND gone IS NOT NULL RETURNING id", track)
        self._database.execute("DELETE FROM broken WHERE path = ?", found.path)
        self._database.execute(
            "INSERT INTO file (track, path, size, mtime_ns, inode, device, title, artist, album, duration_s, art) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            track, found.path, found.stamp.size, found.stamp.mtime_ns, found.stamp.inode, found.device,
            tags.title, tags.artist, tags.album, tags.duration_s, art,
        )  # fmt: skip
        self.moved_from.extend(row["id"] for row in moved)


def to_hear(database: Database, version: str) -> list[Entry]:
    """A file of each track that is there and that this version neither heard nor failed to hear, by path."""
    rows = database.rows(
        "SELECT file.*, min(path) FROM file "
        "LEFT JOIN analysis ON analysis.track = file.track AND analysis.version = ? "
        "LEFT JOIN unheard ON unheard.track = file.track AND unheard.version = ? "
        "WHERE gone IS NULL AND analysis.track IS NULL AND unheard.track IS NULL GROUP BY file.track ORDER BY path",
        version, version,
    )  # fmt: skip
    return [_entry(row) for row in rows]


def heard(database: Database, track: int, version: str, analysis: Analysis) -> None:
    """Keep what listening told."""
    estimate = analysis.estimate
    with database.transaction():
        database.execute("DELETE FROM unheard WHERE track = ?", track)
        database.execute(
            "INSERT OR REPLACE INTO analysis (track, version, at, duration_s, loudness_lufs, true_peak_dbtp, cue_in_s, "
            "cue_out_s, tempo_bpm, key, valence, valence_sd, arousal, arousal_sd, mood, features) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            track, version, clock.now(), analysis.duration_s, analysis.loudness_lufs, analysis.true_peak_dbtp,
            analysis.cue_in_s, analysis.cue_out_s, analysis.tempo_bpm, analysis.key, estimate.valence,
            estimate.valence_sd, estimate.arousal, estimate.arousal_sd, analysis.mood,
            analysis.features.astype("<f4").tobytes(),
        )  # fmt: skip


def not_heard(database: Database, track: int, version: str, reason: str) -> None:
    """Keep why it could not be listened to; what an earlier version heard stays."""
    database.execute("INSERT OR REPLACE INTO unheard (track, version, reason) VALUES (?, ?, ?)", track, version, reason)


def forgive(database: Database) -> None:
    """Have everything that is broken looked at again."""
    with database.transaction():
        database.execute("UPDATE broken SET size = ?", LOOK_AGAIN)
        database.execute("DELETE FROM unheard")


def _entry(row: sqlite3.Row) -> Entry:
    stamp = Stamp(row["size"], row["mtime_ns"], row["inode"])
    return Entry(row["id"], row["track"], row["path"], stamp, row["device"], row["gone"] is not None)


def _tags(row: sqlite3.Row) -> Tags:
    return Tags(row["title"], row["artist"], row["album"], row["duration_s"])
