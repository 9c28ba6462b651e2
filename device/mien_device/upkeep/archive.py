"""The file of a backup: a zip archive of few files with fixed names, and `backup.json` that says what they must be.

What is read may come from anywhere. Nothing in it names a place: a file is known by its name, or the archive is refused.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from mien_models.errors import DataError
from mien_models.files import sync
from mien_models.validation import Strict, explain

LISTING = "backup.json"
VERSION: Final = 1
SMALL = 1 << 20
LIMITS: Mapping[str, int] = {
    "mien.toml": SMALL,
    "state.json": SMALL,
    "discovery.json": SMALL,
    "device-id": SMALL,
    "library.sqlite3": (1 << 32) - 1,
    "history.sqlite3": (1 << 32) - 1,
    "mqtt_password": SMALL,
    "page_token": SMALL,
    "ca.crt": SMALL,
    "client.crt": SMALL,
    "client.key": SMALL,
}
"""All that a backup may hold, and how many bytes of it."""
ROOM = 16 << 20
"""Bytes that stay free on the disk that a backup is unpacked to."""
_CHUNK = 1 << 20
_END = struct.Struct("<4s4H2LH")
"""The last 22 bytes of a zip archive without a comment (PKWARE APPNOTE 4.3.16)."""


class Saved(Strict):
    """One file of a backup."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str


class Listing(Strict):
    """What a backup says of itself."""

    version: Literal[1] = VERSION
    mien: str
    """The version of mien that made it."""
    made_at: str
    """RFC 3339, UTC."""
    credentials: bool
    """Whether passwords and keys are in it."""
    shortened: bool = False
    """Whether the camera's address was saved without what may be a password."""
    files: tuple[Saved, ...]


class _Version(BaseModel):
    """To tell a backup of tomorrow from a damaged one."""

    version: int


def describe(path: Path, name: str) -> Saved:
    """The file at `path`, as it is listed."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return Saved(name=name, bytes=path.stat().st_size, sha256=digest.hexdigest())


def write_archive(target: Path, listing: Listing, files: Mapping[str, Path]) -> None:
    """Write it whole or not at all, readable for its owner alone.

    Raises:
        DataError: it cannot be written.

    """
    temporary = target.with_name(f".{target.name}.new")
    try:
        handle = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w+b") as file:
            os.fchmod(handle, 0o600)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=False) as archive:
                archive.writestr(LISTING, listing.model_dump_json(indent=2))
                for name, path in files.items():
                    archive.write(path, name)
            file.flush()
            os.fsync(handle)
        temporary.replace(target)
        sync(target.absolute().parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataError(f"{target}: {error.strerror}; name a place that can be written and has room") from None


def read_archive(source: Path, folder: Path) -> Listing:
    """Unpack a backup into the empty `folder`, after seeing that all of it is what it says.

    Raises:
        DataError: it is no backup, a part of one, damaged, made by a newer mien, or too large.

    """
    try:
        with source.open("rb") as file:
            _refuse_what_is_no_archive(file, source)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, source)
                listing = _read_listing(archive, members, source)
                needed = sum(saved.bytes for saved in listing.files)
                if shutil.disk_usage(folder).free < needed + ROOM:
                    raise DataError(f"{source}: {needed >> 20} MB of content find no room in {folder}; free some space")
                for saved in listing.files:
                    _unpack(archive, members[saved.name], saved, folder, source)
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        # RuntimeError: a damaged header says that it is of a later version of the format, or encrypted
        raise _damaged(source, str(error)) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # it sends zipfile to places before its beginning
            raise _damaged(source, "it is a part of one") from None
        raise DataError(f"{error.filename or source}: {error.strerror}") from None
    return listing


def _damaged(source: Path, what: str) -> DataError:
    return DataError(f"{source}: damaged, or no backup of mien ({what}); nothing was changed, take another")


def _refuse_what_is_no_archive(file: Any, source: Path) -> None:
    """By its end, before zipfile makes a record of each of the million members that it may list."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size))
    end = file.read(_END.size)
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise _damaged(source, "it does not end as one, so it may be a part of one")
    _, _, _, _, count, directory, _, comment = _END.unpack(end)
    if count > len(LIMITS) + 1 or directory > SMALL or comment:
        raise _damaged(source, "more in it than a backup has")
    file.seek(0)


def _members(archive: zipfile.ZipFile, source: Path) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename
        limit = SMALL if name == LISTING else LIMITS.get(name)
        if limit is None or name in members:
            raise _damaged(source, f"a file {name!r} that does not belong there")
        plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not member.flag_bits & 0x1
        if member.file_size > limit or not plain:
            raise _damaged(source, f"{name} is larger than it may be, or packed in another way")
        members[name] = member
    return members


def _read_listing(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], source: Path) -> Listing:
    if LISTING not in members:
        raise _damaged(source, f"no {LISTING} in it")
    text = archive.read(members[LISTING])
    try:
        if _Version.model_validate_json(text).version > VERSION:
            raise DataError(f"{source}: made by a newer mien, whose backups this one does not know; update mien first")
        listing = Listing.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(source, f"{LISTING}: {'; '.join(explain(error, Listing))}") from None
    names = [saved.name for saved in listing.files]
    if sorted(names) != sorted(members.keys() - {LISTING}):
        raise _damaged(source, f"{LISTING} lists other files than there are")
    return listing


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, saved: Saved, folder: Path, source: Path) -> None:
    digest, written = hashlib.sha256(), 0
    with archive.open(member) as packed, (folder / saved.name).open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        while chunk := packed.read(_CHUNK):  # never more than the size that was looked at above
            digest.update(chunk)
            written += file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if (written, digest.hexdigest()) != (saved.bytes, saved.sha256):
        raise _damaged(source, f"{saved.name} is not what was saved")
