"""Run directories: what a training leaves behind, each file written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import logging
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from mien_models import arrays as npz
from mien_models.errors import ConfigError, DataError
from mien_models.files import check_place, write_atomically
from mien_models.validation import Strict, explain

log = logging.getLogger(__name__)

FORMAT = 1
"""Version of the run directory. Raised when a file in it changes its meaning."""

CONFIG = "config.json"
MODEL = "model.keras"
CHECKPOINT = "checkpoint.npz"
HISTORY = "history.json"
CALIBRATION = "calibration.npz"
HOLDOUT = "holdout.npz"
VALIDATION = "validation.json"

_LOCK = ".beginning"
"""Held while a run begins."""

Arrays = dict[str, npt.NDArray[Any]]
Config = TypeVar("Config", bound=Strict)


def check_out(folder: Path) -> None:
    """See that a result can be written into `folder`, which need not be there yet, before the minutes that it takes.

    Raises:
        ConfigError: it cannot.

    """
    try:
        check_place(folder / "result")
    except OSError as error:
        raise ConfigError(
            f"{folder}: nothing can be written in {error.filename} ({error.strerror}); give --out another folder"
        ) from error


def check_result(file: Path, option: str) -> None:
    """See that a result can be written to `file`, in a folder that is there, before the minutes that it takes.

    Raises:
        ConfigError: it cannot; `option` named it.

    """
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder" if file.is_dir() else f"there is no folder {file.parent}"
        raise ConfigError(f"{option} {file}: {what}; give the name of a new file in one that is there")
    try:
        check_place(file)
    except OSError as error:
        raise ConfigError(
            f"{option} {file}: nothing can be written in {error.filename} ({error.strerror}); give another place"
        ) from error


def make_folder(folder: Path) -> None:
    """Make `folder` with all above it, if need be.

    Raises:
        ConfigError: it cannot be made.

    """
    try:
        Path(os.path.realpath(folder)).mkdir(parents=True, exist_ok=True)  # mkdir itself makes no link's target
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made ({error.strerror}); give --out another folder") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, so that a killed training never leaves half a file.

    Raises:
        DataError: the file system refuses.

    """
    try:
        write_atomically(path, content, shared=True)  # several processes may search one run together
    except OSError as error:
        raise _unwritable(path, error) from error


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON."""
    write_bytes(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def write_arrays(path: Path, arrays: Arrays, *, compress: bool = True) -> None:
    """Write `arrays` as a .npz."""
    buffer = io.BytesIO()
    write = np.savez_compressed if compress else np.savez
    write(buffer, **arrays)  # type: ignore[arg-type]  # numpy takes its own flag from the same keywords
    write_bytes(path, buffer.getvalue())


def write_model(run: Path, network: Any) -> None:
    """Save a Keras network, never compiled, as the run's model: last of all, because it says that the run is whole.

    Raises:
        DataError: the file system refuses.

    """
    temporary = run / ".new.keras"  # Keras goes by the ending
    try:
        network.save(temporary)
        write_bytes(run / MODEL, temporary.read_bytes())
    except OSError as error:
        raise _unwritable(run / MODEL, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> DataError:
    reason = error.strerror or error  # h5py's have a message only
    return DataError(f"{path}: cannot be written ({reason}); make room or give another place")


def read_arrays(path: Path, remedy: str = "delete it to start this run anew") -> Arrays:
    """The arrays of a .npz file of a run.

    Raises:
        DataError: the file is damaged.

    """
    return npz.read_arrays(path, lambda error: DataError(f"{path}: damaged or missing ({error}); {remedy}"))


@contextlib.contextmanager
def beginning(folder: Path, mark: str, what: str = "run") -> Iterator[bool]:
    """Make `folder`, or go on in it; gives whether something has begun there, as its file `mark` says.

    Of several processes that begin at the same moment one is the first, and the others wait until it has left the block.

    Args:
        folder: of a run or a search.
        mark: to be made within.
        what: it is, in the words of an error.

    Raises:
        ConfigError: the folder cannot be made, or holds something else.

    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: exists and is no {what} of mien-train; give --out a new directory")
    lock = folder / _LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {path.name for path in folder.iterdir()}
        if there and _LOCK not in there and not (folder / mark).exists():
            raise ConfigError(f"{folder}: exists and is no {what} of mien-train; give --out a new directory")
        file = lock.open("wb")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made ({error.strerror}); give --out another directory") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:  # some network drives lock nothing
            log.warning("%s: cannot be locked (%s); let no two begin there at once", folder, error.strerror)
        try:
            yield (folder / mark).exists()
        finally:  # who has waited for it finds that all has begun, and so does who makes another
            lock.unlink(missing_ok=True)


def claim(run: Path, config: Strict, free: Collection[str] = ()) -> None:
    """Make `run` the directory of a training with this `config`, or take up the one that stopped there.

    Where only `free` settings differ it may be taken up too; `keep_config` changes them.

    Raises:
        ConfigError: the directory holds a run with other settings or of another version, or something else.

    """
    path = run / CONFIG
    with beginning(run, CONFIG) as begun:
        if not begun:
            write_json(path, config.model_dump(mode="json"))
            return
    earlier = load_config(run, type(config)).model_dump(mode="json")
    wanted = config.model_dump(mode="json")
    differing = [field for field in wanted if earlier[field] != wanted[field]]
    if not set(differing) <= set(free):
        changes = "; ".join(f"'{field}' was {earlier[field]}, now {wanted[field]}" for field in differing)
        raise ConfigError(f"{path}: {changes}; repeat the settings to resume, or give --out a new directory")


def keep_config(run: Path, config: Strict) -> None:
    """Write down the settings by which `run` is trained from now on, if they are others; a model by those of before goes."""
    if load_config(run, type(config)) != config:
        write_json(run / CONFIG, config.model_dump(mode="json"))
        (run / MODEL).unlink(missing_ok=True)


@contextlib.contextmanager
def alone(run: Path) -> Iterator[None]:
    """The block trains in `run`, which is claimed, and no other process does: two would overwrite each other's checkpoints.

    Raises:
        ConfigError: another process trains there.

    """
    handle = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"{run}: another process trains there; end it, or give --out another directory") from None
        except OSError as error:  # network drives lock no directories
            log.warning("%s: cannot be locked (%s); see that nothing else trains there", run, error.strerror)
        yield
    finally:
        os.close(handle)


def load_config(run: Path, model: type[Config]) -> Config:
    """The settings of the run, read strictly.

    Raises:
        ConfigError: the directory is no run, a run of another version, or its settings are malformed.

    """
    content = check_format(run)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{run / CONFIG}: {'; '.join(explain(error, model))}; train anew") from None


def check_format(run: Path) -> dict[str, Any]:
    """The settings of the run as they are written; they are of this version.

    Raises:
        ConfigError: the directory is no run, or a run of another version.

    """
    path = run / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{run}: no {CONFIG} there, so it is no run of mien-train") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give --out a new directory") from error
    version = content.get("format") if isinstance(content, dict) else None
    if version != FORMAT:
        raise ConfigError(
            f"{path}: 'format' is {version}, this mien-train reads {FORMAT}; train anew, or use the version that wrote it"
        )
    return dict(content)
