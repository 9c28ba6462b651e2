"""Footage to measure on: clips, previews and stills with boxes, as files.

A folder with MANIFEST.csv (a row a file, its path in the column `file`) and PSEUDO_GT.json, a list of {n: "file#frame",
g: group, gt: [{b: [x1, y1, x2, y2], m: score, k: landmarks}]}. A frame that no score reaches .4 in has no face; what scores
less is doubtful.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from mien_models.errors import DataError
from mien_models.matching import Truth
from mien_models.pictures import read_picture
from mien_models.preprocess import Box, Image
from mien_models.validation import explain
from mien_training.faces.judge import Sample

MANIFEST, TRUTH = "MANIFEST.csv", "PSEUDO_GT.json"
LEAST_SCORE = 0.4
Point = tuple[float, float]
_PICTURES = {".jpg", ".jpeg", ".png", ".bmp"}


class _Face(BaseModel):
    """A face as another detector saw it; what else stands there is left alone."""

    model_config = ConfigDict(allow_inf_nan=False)

    b: tuple[float, float, float, float]
    m: float = Field(ge=0, le=1)
    k: tuple[Point, Point, Point, Point, Point]

    @model_validator(mode="after")
    def _has_an_area(self) -> _Face:
        if self.b[2] <= self.b[0] or self.b[3] <= self.b[1]:
            raise ValueError(f"b {list(self.b)} must be [left, top, right, bottom]")
        return self


class Row(BaseModel):
    """A frame of a file, and the faces in it."""

    n: str
    g: str
    gt: tuple[_Face, ...]


_ROWS = TypeAdapter(tuple[Row, ...])


def read_footage(folder: Path, least_height: float) -> Iterator[tuple[str, Sample]]:
    """Each sampled frame with its group ("asl", "gif", "caltech", "stills", "bg", "backs", "neg") and its truth.

    Faces of `least_height` pixels or less are doubtful, as are those with a low score.

    Raises:
        DataError: the folder is laid out otherwise, or holds what cannot be read.

    """
    rows = _truth(folder)
    listed = _files(folder)
    found = sorted(set(rows) & set(listed))
    if not found:
        raise DataError(f"{folder}: none of the files of {MANIFEST} is in {TRUTH}")
    for name in found:
        for number, image in _frames(listed[name], max(rows[name])):
            if number in rows[name]:
                row = rows[name].pop(number)
                yield row.g, Sample(image, *_split(row, least_height))
        if rows[name]:
            missing = ", ".join(map(str, sorted(rows[name])))
            raise DataError(
                f"{listed[name]}: cannot be read, or has no frame {missing}; copy it again, or take it out of {MANIFEST}"
            )


def _files(folder: Path) -> dict[str, Path]:
    """By name: the boxes know of no folders."""
    path = folder / MANIFEST
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            names = [row["file"] or "" for row in csv.DictReader(stream)]
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error}); it must be a table with a column 'file'") from error
    files: dict[str, Path] = {}
    for name in filter(None, names):
        if files.setdefault(Path(name).name, folder / name) != folder / name:
            raise DataError(f"{path}: 'file' has two of the name {Path(name).name}; rename one, in {TRUTH} too")
    return files


def _truth(folder: Path) -> dict[str, dict[int, Row]]:
    path = folder / TRUTH
    layout = "it must be a list of frames with their boxes"
    rows: dict[str, dict[int, Row]] = defaultdict(dict)
    try:
        for index, row in enumerate(_ROWS.validate_json(path.read_bytes(), strict=True)):
            name, _, number = row.n.partition("#")
            if number and not number.isdecimal():
                raise DataError(f"{path}: '{index}.n': {row.n!r} must end in #FRAME, a number; {layout}")
            if rows[name].setdefault(int(number or 0), row) is not row:
                raise DataError(f"{path}: '{index}.n': {row.n!r} is there a second time; take one out")
    except ValidationError as error:
        raise DataError(f"{path}: {explain(error, Row)[0]}; {layout}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {layout}") from error
    return rows


def _split(row: Row, least_height: float) -> tuple[Truth, tuple[str, ...], tuple[tuple[tuple[float, float], ...], ...]]:
    faces, doubtful, landmarks = [], [], []
    for entry in row.gt:
        x1, y1, x2, y2 = entry.b
        box = Box(x1, y1, x2 - x1, y2 - y1)
        if entry.m >= LEAST_SCORE and box.height > least_height:
            faces.append(box)
            landmarks.append(entry.k)
        else:
            doubtful.append(box)
    return Truth(tuple(faces), tuple(doubtful)), (), tuple(landmarks)


def _frames(path: Path, last: int) -> Iterator[tuple[int, Image]]:
    if path.suffix.lower() in _PICTURES:
        try:
            picture = read_picture(path, colour=True)
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}") from error
        if picture is None:
            raise DataError(f"{path}: is no picture")
        yield 0, picture
        return
    capture = cv2.VideoCapture(str(path))
    try:
        for number in range(last + 1):
            there, image = capture.read()
            if not there:
                break
            yield number, np.asarray(image, np.uint8)
    finally:
        capture.release()
