"""What is cut off: a process that writes with mien's own code and says what it was told is safe; and the check afterwards.

Three things are written side by side: the settings (state.json), the library (SQLite), and models that replace each other.
Everything carries a number that rises, so that what is found can be held against what was acknowledged.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from mien_device.library.database import FILE as LIBRARY
from mien_device.library.store import Library
from mien_device.state import Memory, Remembered
from mien_device.updates import Phase
from mien_device.updates.store import Store
from mien_models.manifest import load_manifest
from mien_models.shipped import find_model
from mien_models.signing import make_key, sign

SONG = "0" * 32
THINGS = ("settings", "library", "model")


class Models:
    """Signed models, each of a higher version, made on a disk that is never cut."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key = folder, folder / "key"
        self.public = make_key(self._key)

    def make(self, number: int) -> Path:
        target = self._folder / str(number)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(find_model("emotion"), target)
        path = target / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": f"9.{number}"}))
        sign(target, self._key)
        return target


def prepare(folder: Path) -> None:
    """A library with a song in it, that likes can be kept of."""
    with Library.open(folder) as library:
        library.execute("INSERT OR IGNORE INTO track (hash, added) VALUES (?, 0)", SONG)


def write(folder: Path, models: Models, begin: dict[str, int], acknowledge: Callable[[str, int], None]) -> None:
    """Write until somebody kills us; `begin` has the number after which each thing goes on."""
    loops = {"settings": _write_settings, "library": _write_library}
    for name, loop in loops.items():
        threading.Thread(target=loop, args=(folder, begin[name], acknowledge), daemon=True).start()
    _write_models(folder, models, begin["model"], acknowledge)


def _write_settings(folder: Path, number: int, acknowledge: Callable[[str, int], None]) -> None:
    memory = Memory(folder)
    while True:
        number += 1
        memory.keep(place_s=float(number), volume=number % 101, camera=number % 2 == 0)
        done = threading.Event()
        memory.when_saved(lambda saved: done.set() if saved else None)  # noqa: B023 - waited for below
        memory.save()
        done.wait()
        acknowledge("settings", number)


def _write_library(folder: Path, number: int, acknowledge: Callable[[str, int], None]) -> None:
    with Library.open(folder) as library:
        while True:
            number += 1
            library.like(SONG, number % 3 != 0, at=float(number))
            acknowledge("library", number)


def _write_models(folder: Path, models: Models, number: int, acknowledge: Callable[[str, int], None]) -> None:
    store = Store(folder / "models", (models.public,))
    store.begin()
    while True:
        number += 1
        name, _ = store.install(models.make(number))
        store.try_out(name)
        store.switch()
        acknowledge("model", number)
        store.settle("")


def check(folder: Path, models: Models, acknowledged: dict[str, int]) -> tuple[dict[str, int], list[str]]:
    """What is there, by the number of each thing, and what is wrong with it: not valid, or older than acknowledged."""
    found, wrong = {}, []
    for name, look in (("settings", _settings), ("library", _library)):
        try:
            found[name] = look(folder)
        except (ValueError, KeyError, sqlite3.Error, OSError) as error:
            wrong.append(f"{name}: not valid: {error}")
    try:
        found["model"] = _model(folder, models)
    except (ValueError, RuntimeError, OSError) as error:
        wrong.append(f"model: not valid: {error}")
    for name, number in found.items():
        if number < acknowledged[name]:
            wrong.append(f"{name}: {acknowledged[name] - number} lost that were acknowledged")
    return found, wrong


def _settings(folder: Path) -> int:
    path = folder / "state.json"
    if not path.exists():
        return 0
    remembered = Remembered.model_validate_json(path.read_bytes())  # strictly: nothing may have to be guessed
    number = int(remembered.place_s or 0)
    if (remembered.volume, remembered.camera) != (number % 101, number % 2 == 0):
        raise ValueError("a mixture of two")
    return number


def _library(folder: Path) -> int:
    connection = sqlite3.connect(folder / LIBRARY, timeout=10)
    try:
        for pragma, good in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            if (answer := connection.execute(f"PRAGMA {pragma}").fetchall()) != good:
                raise ValueError(f"{pragma}: {answer[:3]}")
        numbers = [int(at) for (at,) in connection.execute("SELECT at FROM liking ORDER BY id")]
    finally:
        connection.close()
    if numbers != list(range(1, len(numbers) + 1)):
        raise ValueError("a like is missing in the middle")
    return len(numbers)


def _model(folder: Path, models: Models) -> int:
    """The model that the next start would answer with: whole, signed, and by its number."""
    store = Store(folder / "models", (models.public,))
    named, phase = store.record.current, store.record.phase
    directory = store.begin()
    if named and directory != store.path(named):
        raise ValueError(f"{named} was taken back: {store.record.last}")
    manifest = load_manifest(directory)
    if left := [path.name for path in (folder / "models").glob(".*") if path.is_dir()]:
        raise ValueError(f"left behind: {left}")
    if phase is not Phase.IDLE:
        store.settle("")  # else three cuts in its trial would count against it
    return int(manifest.version.removeprefix("9.")) if named else 0


def acknowledger(pipe: int) -> Callable[[str, int], None]:
    """Says it into a pipe, in one piece: what was said before a cut was said."""
    return lambda name, number: (os.write(pipe, f"{name} {number}\n".encode()), None)[1]
