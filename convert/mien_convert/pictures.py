"""Pictures for any classifier: from a folder, or the faces of a run, at the size and scale that the network wants."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mien_convert.runs import CALIBRATION, read_run_faces
from mien_models.errors import DataError
from mien_models.pictures import read_picture

log = logging.getLogger(__name__)

Shape = tuple[int, int, int]
"""Height, width, channels."""


class Scale(StrEnum):
    """Which numbers a float network wants for black and white."""

    PIXELS = "0-255"
    UNIT = "0-1"
    SIGNED = "-1-1"

    @property
    def bounds(self) -> tuple[float, float]:
        return {Scale.PIXELS: (0.0, 255.0), Scale.UNIT: (0.0, 1.0), Scale.SIGNED: (-1.0, 1.0)}[self]

    def apply(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Pixel values 0…255 as the network wants them."""
        low, high = self.bounds
        return (pixels.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of one size."""

    pixels: npt.NDArray[np.uint8]
    """(n, height, width, channels); grey, or red, green, blue."""
    classes: tuple[str | None, ...]
    """The sub-folder that each lies in, as a name of its class; None directly in the folder."""
    names: tuple[str, ...]
    """Each one's path below the folder."""
    skipped: int
    """Files that are no pictures."""


def read_calibration(source: Path, shape: Shape, limit: int) -> Pictures:
    """At most `limit` pictures to calibrate with: of a run's own faces, or of a folder.

    Raises:
        DataError: there are none, or a run's faces do not fit the network.

    """
    if not (source / CALIBRATION).is_file():
        return read_folder(source, shape, limit)
    faces = read_run_faces(source)[:limit, ..., np.newaxis]
    if faces.shape[1:] != shape:
        raise DataError(
            f"{source}: its faces are {_times(faces.shape[1:])}, the network takes {_times(shape)}; give a folder of pictures"
        )
    return Pictures(faces, (None,) * len(faces), ("",) * len(faces), 0)


def read_folder(folder: Path, shape: Shape, limit: int | None = None) -> Pictures:
    """The pictures of a folder and its sub-folders, stretched to `shape`: all, or `limit` of them drawn evenly.

    Files that are no pictures are skipped and counted. The order depends on the names alone.

    Raises:
        DataError: there is no such folder, or no picture in it.

    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with pictures")
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(folder)))
    if limit is not None:
        # Mixed before they are cut off, so that no class is left out because its name comes late.
        files = [files[number] for number in np.random.default_rng(0).permutation(len(files))]
    pixels, classes, names, skipped = [], [], [], 0
    for file in files:
        picture = _read(file, shape)
        if picture is None:
            skipped += 1
            continue
        pixels.append(picture)
        inside = _printable(file.relative_to(folder))
        classes.append(inside.partition("/")[0] if "/" in inside else None)
        names.append(inside)
        if len(pixels) == limit:
            break
    if not pixels:
        reason = f"holds no picture that can be read (files: {skipped})" if skipped else "is empty"
        raise DataError(f"{folder}: {reason}; give a folder with JPEG, PNG or other pictures, sub-folders are searched")
    if skipped:
        log.warning("%s: left out what is no picture: %d files", folder, skipped)
    return Pictures(np.stack(pixels), tuple(classes), tuple(names), skipped)


def class_names(folder: Path) -> list[str]:
    """The sub-folders, in alphabetical order."""
    return sorted(_printable(Path(e.name)) for e in folder.iterdir() if e.is_dir() and not e.name.startswith("."))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _printable(path: Path) -> str:
    """A file name may be no UTF-8: it can be opened then, but not printed."""
    return os.fsencode(path).decode(errors="replace")


def _read(file: Path, shape: Shape) -> npt.NDArray[np.uint8] | None:
    """A picture (h, w, c) of this shape, None if the file is none or may not be read."""
    height, width, channels = shape
    if not os.access(file, os.R_OK):
        return None
    picture = read_picture(file, colour=channels == 3)
    if picture is None:
        return None
    shrinks = picture.shape[0] >= height and picture.shape[1] >= width
    if picture.shape[:2] != (height, width):
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (width, height), interpolation=method)  # type: ignore[assignment]
    if channels == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)  # type: ignore[assignment]
    return np.asarray(picture, np.uint8).reshape(shape)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in shape)
