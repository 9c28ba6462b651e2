"""Making a backup: what cannot be made again, copied as it was at one moment."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mien_device.camera.addresses import without_secrets
from mien_device.config import Config
from mien_device.config.load import PASSWORD, TOKEN, find_password, load_config
from mien_device.history.store import FILE as HISTORY
from mien_device.home.messages import utc_now
from mien_device.library.database import FILE as LIBRARY
from mien_device.upkeep.archive import Listing, describe, write_archive
from mien_device.upkeep.secrets import shortened
from mien_models import __version__
from mien_models.errors import ConfigError, DataError

CONFIG = "mien.toml"
DATABASES = (LIBRARY, HISTORY)
STATE_FILES = ("state.json", "discovery.json", "device-id")
"""Replaced whole when they are written, so that a copy is whole too."""


@dataclass(frozen=True)
class Place:
    """Where a device keeps what a backup is of."""

    config: Path | None
    """None: built-in defaults."""
    state: Path


def make_backup(place: Place, target: Path, *, credentials: bool) -> Listing:
    """Write a backup of `place` to `target`. mien may run meanwhile.

    Raises:
        ConfigError: the configuration has mistakes, or its camera's password cannot be taken out of it.
        DataError: something cannot be read, or the backup not be written.

    """
    config = load_config(place.config)
    try:
        with tempfile.TemporaryDirectory(prefix=".mien-backup-", dir=target.absolute().parent) as temporary:
            folder = Path(temporary)
            files = (
                {CONFIG: _copy_config(place.config, config, folder, credentials=credentials)} if place.config else {}
            )
            files |= {name: place.state / name for name in STATE_FILES if (place.state / name).is_file()}
            files |= {
                name: _copy_database(place.state / name, folder) for name in DATABASES if (place.state / name).is_file()
            }
            if credentials:
                files |= _copy_credentials(place.config, config, folder)
            listing = Listing(
                mien=__version__,
                made_at=utc_now(),
                credentials=credentials,
                shortened=not credentials and without_secrets(config.camera.source) != config.camera.source,
                files=tuple(describe(path, name) for name, path in files.items()),
            )
            write_archive(target, listing, files)
    except OSError as error:
        raise DataError(f"{error.filename or target}: {error.strerror}") from None
    return listing


def _copy_config(path: Path, config: Config, folder: Path, *, credentials: bool) -> Path:
    """The configuration with its comments; unless asked for, without the passwords that addresses in it may hold."""
    copy = folder / CONFIG
    if credentials:
        shutil.copyfile(path, copy)
        return copy
    source = config.camera.source
    text = path.read_text(encoding="utf-8").replace(source, without_secrets(source))
    copy.write_text(re.sub(r"\w+://[^\s\"']+", lambda found: shortened(found[0]), text), encoding="utf-8")
    if load_config(copy).camera.source != without_secrets(source):
        raise ConfigError(
            f"{path}: the password in camera.source cannot be left out as it is written; write the source as one plain "
            "string, or make the backup with --with-credentials"
        )
    return copy


def _copy_database(path: Path, folder: Path) -> Path:
    """By SQLite's own backup: the file as it was at one moment, whoever writes to it."""
    copy = folder / path.name
    try:
        with _connection(f"{path.absolute().as_uri()}?mode=ro") as source, _connection(copy.as_uri()) as target:
            source.backup(target, pages=-1)
    except sqlite3.Error as error:
        raise DataError(f"{path}: cannot be copied ({error}); see `mien check`") from None
    return copy


def _connection(uri: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(uri, uri=True, timeout=30))


def _copy_credentials(path: Path | None, config: Config, folder: Path) -> dict[str, Path]:
    files = {}
    password = find_password(config.mqtt, path)
    if password is not None:
        files[PASSWORD.credential] = folder / PASSWORD.credential
        files[PASSWORD.credential].write_text(password + "\n", encoding="utf-8")
    for name, named in credential_files(config):
        if named is not None and name != PASSWORD.credential:
            shutil.copyfile(named, folder / name)
            files[name] = folder / name
    return files


def credential_files(config: Config) -> Iterator[tuple[str, Path | None]]:
    """What a backup calls each file of a credential, and where the configuration wants it."""
    mqtt = config.mqtt
    yield PASSWORD.credential, mqtt.password_file
    yield "ca.crt", mqtt.ca_file
    yield "client.crt", mqtt.client_cert_file
    yield "client.key", mqtt.client_key_file
    yield TOKEN.credential, config.page.token_file
