"""Writing of a model directory: whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mien_models.errors import ModelError
from mien_models.files import check_place, sync, write_atomically
from mien_models.manifest import MANIFEST_NAME, Described, ModelFile, load_any_manifest, save_manifest
from mien_models.signing import SIGNATURE_NAME

CARD_NAME = "CARD.md"
TABLE_NAME = "answers_{head}.png"
_OURS = re.compile(
    "|".join(
        (*map(re.escape, (MANIFEST_NAME, SIGNATURE_NAME, CARD_NAME)), TABLE_NAME.format(head="[a-z]+"), r".*\.tflite")
    )
)


def describe_file(name: str, content: bytes) -> ModelFile:
    """The manifest's entry for a file with this content."""
    return ModelFile(path=name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def check_target(target: Path) -> None:
    """Refuse a `target` that holds anything but an earlier model or lies where nothing can be written, before minutes of work.

    Raises:
        ModelError: it does.

    """
    _check_place(target)
    if not target.exists():
        return
    if not target.is_dir():
        raise ModelError(f"{target}: exists and is no directory; give --out a new one")
    entries = sorted(entry.name for entry in target.iterdir())
    foreign = [name for name in entries if not _OURS.fullmatch(name)]
    if foreign or (entries and MANIFEST_NAME not in entries):
        raise ModelError(
            f"{target}: holds {(foreign or entries)[0]}, which is no part of a model; give --out a new directory"
        )


def check_file_target(target: Path) -> None:
    """Refuse a file `target` that cannot be written, before minutes of work are spent on it.

    Raises:
        ModelError: it is a directory, a device or of another kind, or its own is not there or takes no files.

    """
    if Path(os.path.realpath(target)).suffix != ".tflite" or (target.exists() and not target.is_file()):
        what = "is a directory" if target.is_dir() else "is no .tflite file"
        raise ModelError(f"{target}: {what}, this writes a single one; give a new FILE.tflite")
    _check_place(target)
    if not target.parent.is_dir():
        raise ModelError(f"{target}: no folder {target.parent}; make it, or give another place")


def _check_place(target: Path) -> None:
    try:
        check_place(target)
    except OSError as error:
        raise ModelError(
            f"{target}: nothing can be written in {error.filename} ({error.strerror}); give --out another place"
        ) from error


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A new directory beside `target` to write a model into; it takes the place of `target` when the block ends well.

    If the block fails, nothing of it stays and `target` is as it was. An earlier model at `target` is replaced by two
    renames: a power cut between them leaves it beside its place, as `.NAME.….old`, and the new one complete.

    Raises:
        ModelError: `target` holds something else than a model, or the file system refuses.

    """
    target = Path(os.path.realpath(target))
    check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent))
    except OSError as error:
        raise _refused(target, error) from error
    try:
        staging.chmod(0o755)  # mkdtemp's 0o700 would keep the daemon's own user out
        yield staging
        _to_disk(staging)
        _replace(target, staging)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_model(
    staging: Path, manifest: Described, model: bytes, card: str, pictures: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """Write a model's files into `staging` and read them back as the device will; `pictures` by file name for the card.

    Raises:
        ManifestError: manifest and model do not belong together.

    """
    (staging / manifest.file.path).write_bytes(model)
    (staging / CARD_NAME).write_text(card, encoding="utf-8")
    for name, picture in pictures.items():
        (staging / name).write_bytes(picture)
    save_manifest(manifest, staging)
    load_any_manifest(staging)


def replace_file(path: Path, content: bytes) -> None:
    """Write a single file, whole or not at all. Links are followed.

    Raises:
        ModelError: the file system refuses.

    """
    try:
        write_atomically(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise _refused(path, error) from error


def _replace(target: Path, staging: Path) -> None:
    if not target.exists():
        staging.rename(target)
    else:
        old = staging.with_suffix(".old")
        target.rename(old)
        try:
            staging.rename(target)
        except OSError:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    sync(target.parent)


def _to_disk(directory: Path) -> None:
    """Make the files survive a power cut: a rename alone may reach the disk before the content does."""
    for file in directory.iterdir():
        sync(file)
    sync(directory)


def _refused(target: Path, error: OSError) -> ModelError:
    return ModelError(f"{target}: cannot be written ({error.strerror}); make room or give another place")
