"""Putting a backup back: all of it or nothing, also when the power goes in the middle.

It is unpacked and looked at beside the state, and what belongs elsewhere is written beside its place. Then one rename
decides: before it nothing has changed, after it whatever of the state is not yet in its place is put there by the next start.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mien_device.config.load import PASSWORD, load_config
from mien_device.config.schema import Config
from mien_device.history.store import FILE as HISTORY
from mien_device.history.store import History
from mien_device.library.database import FILE as LIBRARY
from mien_device.library.database import Database
from mien_device.upkeep.archive import Listing, read_archive
from mien_device.upkeep.backup import CONFIG, DATABASES, STATE_FILES, credential_files
from mien_device.upkeep.inuse import alone
from mien_models.errors import DataError, MienError
from mien_models.files import sync

log = logging.getLogger(__name__)

_PART, _WHOLE = "restore.part", "restore"


@dataclass(frozen=True)
class Restored:
    """What was done."""

    listing: Listing
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    """What is left to do."""


@dataclass(frozen=True)
class _Outside:
    """A file that does not belong into the state folder."""

    source: Path
    mode: int
    """Its rights where it has none yet."""


def restore(archive: Path, config: Path, state: Path) -> Restored:
    """Put a backup's configuration to `config` and the rest into the folder `state`. What is not in it stays as it is.

    Raises:
        MienError: the backup is no good, mien is running, or something cannot be written; nothing was changed then.

    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        with alone(state, (state / LIBRARY).with_suffix(".lock")):
            finish(state)  # one that was cut off
            part = state / _PART
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=0o700)
            outside: dict[Path, _Outside] = {}
            try:
                listing = read_archive(archive, part)
                settings = _refuse_what_mien_could_not_use(part, archive)
                _hand_over(part, state)
                _require_writable(config.parent)
                outside, notes = _plan_outside(part, config, settings)
                for target, what in outside.items():
                    _lay_beside(target, what, state)
                sync(part)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                for target in outside:
                    _beside(target).unlink(missing_ok=True)
                raise
            part.rename(state / _WHOLE)
            sync(state)
            for target in outside:
                _beside(target).replace(target)
                sync(target.parent)
            files = [*outside, *finish(state)]
    except OSError as error:
        raise DataError(f"{error.filename or state}: {error.strerror}") from None
    if listing.shortened:
        notes.append(f"{config}: complete camera.source, it was saved without what may be a password")
    return Restored(listing, tuple(files), tuple(notes))


def finish(state: Path) -> list[Path]:
    """Put what was decided to be restored, and was not yet, into its place; the daemon asks for it before it reads its state."""
    whole = state / _WHOLE
    if not whole.is_dir():
        return []
    placed = []
    for name in (*STATE_FILES, *DATABASES):
        if (whole / name).exists():
            if name in DATABASES:
                # Of the file that goes; beside the new one they would be taken for its own.
                for rest in ("-wal", "-shm", "-journal"):
                    (state / f"{name}{rest}").unlink(missing_ok=True)
                sync(state)
            (whole / name).replace(state / name)
            placed.append(state / name)
    sync(state)
    shutil.rmtree(whole)
    return placed


def finish_interrupted(state: Path) -> None:
    """`finish`, for the start of the daemon: says so, and a disk that does not let it is only complained of."""
    if not (state / _WHOLE).is_dir():
        return
    try:
        finish(state)
    except OSError as error:
        log.error("%s: a restore that was cut off cannot be finished: %s", state, error.strerror)
        return
    log.warning(
        "a restore that was cut off was finished in %s; if the configuration is still the old one, restore again", state
    )


def _refuse_what_mien_could_not_use(part: Path, archive: Path) -> Config:
    """Read every file as mien will read it; older ones become those of this version."""
    try:
        settings = load_config(part / CONFIG if (part / CONFIG).exists() else None)
        for name in ("state.json", "discovery.json"):
            if (part / name).exists() and not _is_record(part / name):
                raise DataError(f"{name}: damaged")
        if (part / LIBRARY).exists():
            with Database.open(part) as library:
                if library.rows("PRAGMA quick_check")[0][0] != "ok":
                    raise DataError(f"{LIBRARY}: damaged")
            _put_in_one_file(part / LIBRARY)
        if (part / HISTORY).exists():
            History(part).check()
            _put_in_one_file(part / HISTORY)
    except MienError as error:
        words = str(error).replace(f"{part}{os.sep}", "")
        raise DataError(f"{archive}: {words}; nothing was changed") from None
    return settings


def _put_in_one_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA journal_mode = DELETE")  # with nothing beside it


def _is_record(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (ValueError, RecursionError):
        return False


def _hand_over(part: Path, state: Path) -> None:
    """Root restores for the user whose folder it is."""
    if os.geteuid() == 0:
        owner = state.stat()
        for path in (part, *part.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)
    for path in part.iterdir():
        sync(path)


def _require_writable(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)  # for the service to find its configuration there
    if not os.access(folder, os.W_OK):
        raise DataError(f"{folder}: may not be written; run as the user that may, or name another place with --config")


def _plan_outside(part: Path, config: Path, settings: Config) -> tuple[dict[Path, _Outside], list[str]]:
    """What does not belong into the state folder, by its place; and what is left to do."""
    outside, notes = dict[Path, _Outside](), list[str]()
    if (part / CONFIG).exists():
        outside[config] = _Outside(part / CONFIG, 0o640)
    for name, wanted in credential_files(settings):
        if not (part / name).exists():
            continue
        # Never to just any place that a file from somewhere names.
        target = wanted if wanted is not None and wanted.parent == config.parent else config.parent / name
        outside[target] = _Outside(part / name, 0o600)
        if target != wanted and name == PASSWORD.credential and wanted is None:
            notes.append(
                f"{target}: the broker's password; run systemd/install again, or name it in mqtt.password_file"
            )
        elif target != wanted:
            notes.append(f"{target}: the configuration looks for it at {wanted}; move it there, or name it anew")
    return outside, notes


def _beside(target: Path) -> Path:
    """Where it lies until it takes its place."""
    return target.with_name(f".{target.name}.restored")


def _lay_beside(target: Path, what: _Outside, state: Path) -> None:
    """Its owner's as before, else readable for those who own the state."""
    if target.is_dir():
        raise DataError(f"{target}: is a folder where a file belongs; move it away")
    before, new = target.stat() if target.exists() else None, _beside(target)
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_bytes(what.source.read_bytes())
    new.chmod(before.st_mode & 0o777 if before else what.mode)
    if os.geteuid() == 0:
        owner = before or state.stat()
        if before is None and what.mode == 0o640:
            os.chown(new, 0, owner.st_gid)
        else:
            os.chown(new, owner.st_uid, owner.st_gid)
    sync(new)
