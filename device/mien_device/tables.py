"""What every SQLite file of mien's has in common: who may read it, and how an older one becomes one of today."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from mien_models.errors import MienError
from mien_models.files import open_private


def keep_private(path: Path) -> None:
    """It tells how people felt, and when. SQLite gives its other files the same rights."""
    with contextlib.suppress(OSError):  # if it cannot be made SQLite says why
        os.close(open_private(path))


def migrate(connection: sqlite3.Connection, scripts: Sequence[str], too_new: MienError) -> None:
    """Bring a file up to date in one transaction, so that a power cut leaves the old one or the new one.

    The script at place n leads from version n to n + 1. One that is up to date is not written to: it is opened many times a day.

    Raises:
        MienError: `too_new`: its version is none of ours, so it was made by a newer mien.

    """
    if _version(connection) == len(scripts):
        return
    connection.execute("BEGIN IMMEDIATE")  # two that begin at once: the second waits, and finds it done
    try:
        version = _version(connection)
        if not 0 <= version <= len(scripts):
            raise too_new
        for script in scripts[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(scripts)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _statements(script: str) -> list[str]:
    """One by one: `executescript` would end the transaction."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
