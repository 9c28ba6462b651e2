"""Models on the disk, and the one small file that says which of them counts.

A model's folder comes into being by one rename, complete and on the disk, and is never changed. `update.json` is replaced
as a whole, after the folder that it names. So a power cut leaves the model of before or the new one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from pathlib import Path

from pydantic import ValidationError

from mien_device.config.schema import ModelConfig
from mien_device.updates import Phase, Record
from mien_models.errors import DataError, ManifestError, MienError, SignatureError
from mien_models.files import sync, write_atomically
from mien_models.manifest import MANIFEST_NAME, Manifest, load_manifest
from mien_models.shipped import find_model
from mien_models.signing import SIGNATURE_NAME, verify

log = logging.getLogger(__name__)

FILE = "update.json"
STARTS = 3
"""So many starts without a proper end a new model has; at the next it is taken back."""
_NEW = ".new-"
_FOLDER = re.compile(r"[a-z0-9][A-Za-z0-9._+-]{0,127}")
_REMEMBERED = 16
"""Rejected manifests."""


class Store:
    """The folder of models. Used by one thread at a time."""

    def __init__(self, folder: Path, keys: tuple[str, ...]) -> None:
        """Read what was recorded.

        Args:
            folder: for models and the record; made when something is written.
            keys: whose signatures count, also of what is installed already.

        """
        self._folder = folder
        self._keys = keys
        self._shipped = find_model(ModelConfig().emotion)
        self.record = self._read()

    def path(self, name: str) -> Path:
        """The directory of a model by the name that the record knows it by."""
        return self._folder / name if name else self._shipped

    def begin(self) -> Path:
        """The start of a daemon: the directory of the model that answers. One that failed too often is taken back first."""
        record = self.record
        if record.phase is not Phase.IDLE:
            self.change(starts=record.starts + 1)
            if record.starts >= STARTS:
                self.give_up(f"mien came to a bad end {record.starts} times with it")
        while self.record.current and (trouble := self._trouble(self.record.current)):
            self.give_up(trouble)
        if self.record.phase is Phase.SHADOW and (trouble := self._trouble(self.record.candidate)):
            self.give_up(trouble)
        self._tidy()
        return self.path(self.record.current)

    def end(self) -> None:
        """The proper end of a daemon."""
        if self.record.starts:
            self.change(starts=0)

    def install(self, source: Path) -> tuple[str, Manifest]:
        """Copy a model's files, check them, and give them a folder of their own; its name, and the manifest.

        Raises:
            SignatureError: nobody who is trusted signed it.
            MienError: it is no good emotion model, or cannot be read or written.

        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            new = self._folder / f"{_NEW}{os.getpid()}"
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            try:
                manifest = self._copy(source, new)
                name = f"{manifest.name}-{manifest.version}-{digest(new)[:8]}"
                if not _FOLDER.fullmatch(name):
                    raise ManifestError(f"{source}: {MANIFEST_NAME}: 'version' is no name of a folder")
                if (self._folder / name).is_dir() and self._trouble(name):
                    shutil.rmtree(self._folder / name)
                if not (self._folder / name).is_dir():  # else it is this very model, which may be in use
                    sync(new)
                    new.rename(self._folder / name)
                    sync(self._folder)
            finally:
                shutil.rmtree(new, ignore_errors=True)
        except OSError as error:
            raise DataError(f"{error.filename or self._folder}: {error.strerror}") from None
        return name, manifest

    def _copy(self, source: Path, new: Path) -> Manifest:
        """What was checked is what is kept: the source may change at any moment."""
        for name, limit in ((MANIFEST_NAME, 1 << 20), (SIGNATURE_NAME, 1 << 10)):
            _copy_file(source / name, new / name, limit)
        verify((new / MANIFEST_NAME).read_bytes(), (new / SIGNATURE_NAME).read_bytes(), self._keys, str(source))
        manifest = signed_manifest((new / MANIFEST_NAME).read_bytes(), str(source))
        _copy_file(source / manifest.file.path, new / manifest.file.path, manifest.file.bytes)
        return load_manifest(new)

    def try_out(self, name: str) -> None:
        """Begin the shadow run of an installed model."""
        self.change(phase=Phase.SHADOW, candidate=name, **_FRESH | {"starts": 1})

    def switch(self) -> None:
        """The candidate answers from now on, on probation."""
        record = self.record
        self.change(
            phase=Phase.PROBATION,
            current=record.candidate,
            previous=record.current,
            candidate="",
            **_FRESH | {"starts": 1},
        )

    def settle(self, words: str) -> None:
        """It stays."""
        self.change(phase=Phase.IDLE, last=words, **_FRESH)
        self._tidy()

    def give_up(self, reason: str) -> None:
        """Back to the model of before; the new one is not tried again by itself."""
        record = self.record
        failed = record.candidate or record.current
        words = f"{failed.rpartition('-')[0]} was taken back: {reason}"
        log.warning("model update: %s", words)
        rejected = (*record.rejected, digest(self.path(failed)))[-_REMEMBERED:]
        back = record.current if record.phase is Phase.SHADOW else (record.previous or "")
        self.change(
            phase=Phase.IDLE, current=back, previous=None, candidate="", rejected=rejected, last=words, **_FRESH
        )

    def change(self, **values: object) -> None:
        """Change the record, on the disk first. A disk that is full leaves what is in memory: it is tried again by the next."""
        record = Record.model_validate(self.record.model_dump() | values)
        if record == self.record:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / FILE, record.model_dump_json(indent=1).encode())
        except OSError as error:
            log.warning("%s: not saved (%s)", self._folder / FILE, error.strerror)
        self.record = record

    def _read(self) -> Record:
        path = self._folder / FILE
        try:
            return Record.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Record()
        except (OSError, ValidationError) as error:
            log.warning("%s: not understood (%s): the model that came with mien is taken", path, type(error).__name__)
            return Record()

    def _trouble(self, name: str) -> str:
        """Why an installed model must not be opened; "" if it may."""
        folder = self._folder / name
        try:
            if not _FOLDER.fullmatch(name):
                raise SignatureError("it is no name of a folder")
            verify((folder / MANIFEST_NAME).read_bytes(), (folder / SIGNATURE_NAME).read_bytes(), self._keys, name)
            load_manifest(folder)
        except OSError as error:
            return f"it cannot be read ({error.strerror})"
        except MienError as error:
            return str(error)
        return ""

    def _tidy(self) -> None:
        """Take away what a power cut left, and models that nothing leads back to."""
        wanted = {self.record.current, self.record.previous, self.record.candidate}
        for path in self._folder.glob("*/"):
            if path.name.startswith(_NEW) or ((path / SIGNATURE_NAME).exists() and path.name not in wanted):
                shutil.rmtree(path, ignore_errors=True)


_FRESH: dict[str, object] = {"starts": 0, "watched_s": 0.0, "compared": 0, "agreed": 0}


def digest(directory: Path) -> str:
    """The sha256 of a model's manifest; "" if there is none."""
    try:
        return hashlib.sha256((directory / MANIFEST_NAME).read_bytes()).hexdigest()
    except OSError:
        return ""


def signed_manifest(content: bytes, where: str) -> Manifest:
    """The manifest of an emotion model, after its signature was checked.

    Raises:
        ManifestError: it is of another kind, or wrong.

    """
    try:
        return Manifest.model_validate_json(content)
    except ValidationError:
        raise ManifestError(
            f"{where}: {MANIFEST_NAME} is not that of an emotion model that this mien knows; only those are updated"
        ) from None


def _copy_file(source: Path, target: Path, limit: int) -> None:
    with source.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ManifestError(f"{source}: larger than the {limit} bytes that it may have")
    with target.open("xb") as copy:
        copy.write(content)
        copy.flush()
        os.fsync(copy.fileno())
