"""Reading of what `mien-train emotion` leaves: its settings, and the faces to calibrate and to judge with."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.arrays import read_arrays
from mien_models.errors import DataError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.preprocess import FACE_SIZE

FORMAT = 1
"""The version of run directories that this code reads; `mien_training.runs` writes it."""

CONFIG = "config.json"
MODEL = "model.keras"
CALIBRATION = "calibration.npz"
HOLDOUT = "holdout.npz"

_OPTIONS = (
    "negatives",
    "finder",
    "arch",
    "warm_start",
    "epochs",
    "patience",
    "batch",
    "learning_rate",
    "seed",
    "limit",
    "precision",
)
"""Settings that are options of the same name."""

_OF_EPOCHS = {"patience", "batch", "learning_rate", "precision"}
"""Those that say nothing where there are no epochs."""

_REMEDY = "train anew with `mien-train emotion`, or copy the whole run directory again"

Faces = npt.NDArray[np.uint8]
"""(n, 48, 48) grey, pixel values 0…255."""


@dataclass(frozen=True, eq=False)
class Holdout:
    """Faces that the training did not learn from, with their true labels."""

    faces: Faces
    labels: dict[Head, npt.NDArray[np.int64]]
    """By head (n,): position in `HEAD_LABELS[head]`, −1 where there is none."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished training."""

    directory: Path
    config: dict[str, Any]
    calibration: Faces
    holdout: Holdout

    @property
    def model(self) -> Path:
        return self.directory / MODEL

    @property
    def judged_on(self) -> str:
        """What the holdout faces are, as a word for the names of figures."""
        # Of FER2013's CSV, training holds back the PublicTest rows; of a folder, a part of its own choice.
        return "publictest" if self._is_fer2013 else "validation"

    @property
    def data(self) -> tuple[str, ...]:
        """What it was trained on."""
        votes = Head.FERPLUS in self.config["heads"] and self._is_fer2013
        negatives = self.config.get("negatives")
        return (
            self.config["data"],
            *(name for name, _ in self.config.get("others", [])),
            *(["FER+ votes of the same faces"] if votes else []),
            *([f"pictures without people ({negatives})"] if negatives else []),
        )

    @property
    def command(self) -> str:
        """The command that made the run, put together from its settings unless they hold it."""
        if "command" in self.config:
            return str(self.config["command"])
        words = ["mien-train", "emotion", "--data", self.config["data"]]
        if Head.FERPLUS in self.config["heads"]:
            words += [
                "--ferplus",
                self.config.get("ferplus") or "fer2013new.csv",
            ]  # runs of 0.1.0 did not keep its name
        for name, weight in self.config.get("others", []):
            words += ["--also", name, f"{weight:g}"]
        for teacher in self.config.get("teachers", []):
            words += ["--teacher", teacher]
        if self.config.get("teachers"):
            words += self._options("teacher_sees", "teacher_share")
        words += ["--out", self.directory.resolve().name, *self._options(*_OPTIONS)]
        if self._is_trained and self.config.get("mixup") is not None:  # architectures and recipes differ in it
            words.append("--mixup" if self.config["mixup"] else "--no-mixup")
        if self.config.get("recipe"):
            words += ["--recipe", json.dumps(self.config["recipe"])]
        return shlex.join(words)

    def _options(self, *names: str) -> list[str]:
        """The settings of these names as options of the command, those with several values several times."""
        words = []
        for name in names:
            value = None if name in _OF_EPOCHS and not self._is_trained else self.config.get(name)
            values = value if isinstance(value, list) else [] if value is None else [value]
            words += [word for each in values for word in (f"--{name.replace('_', '-')}", str(each))]
        return words

    @property
    def _is_trained(self) -> bool:
        """Whether there were epochs: a mean of other runs may be left as it is."""
        return self.config.get("epochs") != 0

    @property
    def _is_fer2013(self) -> bool:
        """Whether the data is a CSV in Kaggle's layout, packed or not, rather than a folder."""
        return ".csv" in self.config["data"]


def read_run(directory: Path) -> Run:
    """Read a run directory, without its network.

    Raises:
        DataError: it is no finished run, one of another version, or damaged.

    """
    config = _read_config(directory)
    find_network(directory)
    return Run(directory, config, read_run_faces(directory), _read_holdout(directory / HOLDOUT, _heads(config)))


def read_run_faces(directory: Path) -> Faces:
    """The calibration faces of a run directory, of which nothing else need be there.

    Raises:
        DataError: they are missing or damaged.

    """
    return _faces(directory / CALIBRATION, read_run_arrays(directory / CALIBRATION))


def read_holdout(directory: Path) -> Holdout:
    """The holdout faces of a run directory, of which nothing else but its settings need be there.

    Raises:
        DataError: it is no run, one of another version, or damaged.

    """
    return _read_holdout(directory / HOLDOUT, _heads(_read_config(directory)))


def find_network(directory: Path) -> Path:
    """The network of a run directory.

    Raises:
        DataError: it is not there yet.

    """
    path = directory / MODEL
    if not path.is_file():
        raise DataError(f"{directory}: no {MODEL} there; finish the training by giving its command again")
    return path


def network_kind(directory: Path) -> str:
    """What the run trained: `emotion`, `faces`; "" where there is no run at all."""
    try:
        config = json.loads((directory / CONFIG).read_bytes())
    except (OSError, ValueError):
        return ""
    return str(config.get("network", "emotion")) if isinstance(config, dict) else ""


def read_config(directory: Path) -> dict[str, Any]:
    """The settings of a run of any kind.

    Raises:
        DataError: it is no run, or one of another version.

    """
    path = directory / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{directory}: no {CONFIG} there, so it is no run; give the directory of `mien-train --out`"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; give the directory of `mien-train --out`") from error
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}); {_REMEDY}") from error
    version = config.get("format") if isinstance(config, dict) else None
    if version != FORMAT:
        raise DataError(
            f"{path}: 'format' is {version}, this mien-convert reads {FORMAT}; train anew, or use the version that wrote it"
        )
    try:
        shlex.split(config.get("command", ""))
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{path}: 'command' is no command line; {_REMEDY}") from error
    return dict(config)


def _read_config(directory: Path) -> dict[str, Any]:
    config = read_config(directory)
    if not isinstance(config.get("data"), str) or not isinstance(config.get("heads"), list):
        raise DataError(f"{directory / CONFIG}: says nothing of 'data' or 'heads'; {_REMEDY}")
    for name in ("others", "teachers"):
        if not isinstance(config.get(name, []), list):
            raise DataError(f"{directory / CONFIG}: '{name}' is no list; {_REMEDY}")
    return config


def _heads(config: dict[str, Any]) -> list[Head]:
    return [head for head in Head if head in config["heads"]]


def read_run_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of one of a run's .npz files.

    Raises:
        DataError: it is missing or damaged.

    """
    if not path.exists():
        raise DataError(f"{path}: no such file; {_REMEDY}")
    return read_arrays(path, lambda error: DataError(f"{path}: damaged ({error}); {_REMEDY}"))


def _faces(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> Faces:
    faces = _array(path, arrays, "faces")
    if faces.dtype != np.uint8 or faces.shape[1:] != (FACE_SIZE, FACE_SIZE) or not len(faces):
        raise DataError(
            f"{path}: 'faces' is {faces.dtype} {faces.shape}, it must be uint8 (n, {FACE_SIZE}, {FACE_SIZE}); {_REMEDY}"
        )
    return faces


def _read_holdout(path: Path, heads: Sequence[Head]) -> Holdout:
    arrays = read_run_arrays(path)
    faces = _faces(path, arrays)
    labels = {}
    for head in heads:
        values, classes = _array(path, arrays, head.value), len(HEAD_LABELS[head])
        if values.shape != (len(faces),) or values.dtype.kind != "i" or values.min() < -1 or values.max() >= classes:
            raise DataError(
                f"{path}: '{head}' must hold {len(faces)} whole numbers from -1 to {classes - 1}, one for each face; {_REMEDY}"
            )
        labels[head] = values.astype(np.int64)
    return Holdout(faces, labels)


def _array(path: Path, arrays: dict[str, npt.NDArray[Any]], name: str) -> npt.NDArray[Any]:
    if name not in arrays:
        raise DataError(f"{path}: holds no '{name}', only {', '.join(sorted(arrays)) or 'nothing'}; {_REMEDY}")
    return arrays[name]
