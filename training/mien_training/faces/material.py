"""The pictures that scenes are made of: with faces, with what a finder once took for a face, and with neither."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError

from mien_models.errors import DataError
from mien_models.pictures import read_picture
from mien_models.preprocess import Image
from mien_models.validation import Strict, explain

log = logging.getLogger(__name__)

Faces = npt.NDArray[np.float32]
"""(n, 7, 2) in pixels: centre, width and height, then five landmarks (`mien_models.cells`)."""

FACE, IGNORE = 0.6, 0.3
"""The teacher's score from which a box is a face, and from which it is at least none that may be called nothing."""
FEWEST_RUNS = 2
"""Of the teacher's four passes over a picture; what fewer saw is ignored."""
_SMALLEST = 16
"""Height in pixels below which a face of the material is too poor to learn from."""
_LEVELS = 5
_LABELS = "labels_"


Side = Annotated[float, Field(gt=0)]
Point = tuple[float, float]


class Label(Strict):
    """A box of a picture, in its pixels."""

    box: tuple[float, float, Side, Side]
    """Left, top, width, height; it may reach beyond the picture."""
    score: float = Field(ge=0, le=1)
    landmarks: tuple[Point, Point, Point, Point, Point]
    runs: int = Field(4, ge=1)
    """In how many of its passes the teacher saw it."""
    kind: Literal["person", "statue", "animal", "object", "unsure"] | None = None
    """What a person saw there; None: nobody looked."""


_LABELLED = TypeAdapter(dict[str, tuple[Label, ...]])


@dataclass(eq=False)
class Picture:
    """A grey picture with what is in it."""

    name: str
    pixels: Image
    faces: Faces
    ignored: Faces
    """Neither face nor nothing; their landmarks mean nothing."""
    traps: Faces
    """What the teacher took for a face and a person did not."""
    _smaller: list[Image] = field(default_factory=list)

    def at_scale(self, scale: float) -> tuple[Image, float]:
        """The picture halved so often that `scale` is ½ or more from there, and by how much it was shrunk."""
        level = 0
        while scale < 0.5 and level < _LEVELS and min(self._level(level).shape) >= 16:
            scale *= 2
            level += 1
        return self._level(level), 0.5**level

    def _level(self, level: int) -> Image:
        if not self._smaller:
            self._smaller.append(self.pixels)
        while len(self._smaller) <= level:
            last = self._smaller[-1]
            size = max(1, last.shape[1] // 2), max(1, last.shape[0] // 2)
            self._smaller.append(np.asarray(cv2.resize(last, size, interpolation=cv2.INTER_AREA), np.uint8))
        return self._smaller[level]


@dataclass(frozen=True, eq=False)
class Material:
    """All pictures of one part, for training or for validation."""

    with_faces: list[Picture]
    without: list[Picture]
    """Nothing but things; some with `ignored` boxes."""


def read_material(folders: Iterable[Path], left_out: frozenset[str], *, held_back: bool) -> Material:
    """The pictures that the folders' labels_NAME.json list, from the folder NAME beside it.

    `labels_caltech_faces_dev.json` speaks of the pictures of a folder `caltech_faces` of any of `folders`. Pictures
    whose `PART/FILE` is in `left_out` are not read. `held_back`: every twelfth picture, for validation; else the others.

    Raises:
        DataError: there are no labels, no pictures, or they cannot be read.

    """
    folders = list(folders)
    sources = [source for folder in folders for source in sorted(folder.glob(f"{_LABELS}*.json"))]
    if not sources:
        raise DataError(
            f"{', '.join(map(str, folders))}: no {_LABELS}*.json there; `mien-train faces --help` says what --data wants"
        )
    material = Material([], [])
    for source in sources:
        part = source.stem.removeprefix(_LABELS).removesuffix("_dev")
        pictures = _find_part(part, folders)
        for index, (name, boxes) in enumerate(sorted(_read_labels(source).items())):
            if f"{part}/{name}" in left_out or (index % 12 == 11) != held_back:
                continue
            picture = _read(pictures / name, f"{part}/{name}", boxes)
            (material.with_faces if len(picture.faces) else material.without).append(picture)
    log.info("%d pictures with faces, %d without", len(material.with_faces), len(material.without))
    if not material.with_faces or not material.without:
        raise DataError(f"{', '.join(map(str, folders))}: scenes want pictures with faces and pictures without")
    return material


def _read_labels(source: Path) -> dict[str, tuple[Label, ...]]:
    try:
        return _LABELLED.validate_json(source.read_bytes(), strict=True)
    except OSError as error:
        raise DataError(f"{source}: cannot be read ({error.strerror}); copy it again") from error
    except ValidationError as error:
        first, *others = explain(error, Label)
        more = f" (and {len(others)} more)" if others else ""
        raise DataError(f"{source}: {first}{more}; `mien-train faces --help` says what stands there") from None


def _find_part(part: str, folders: list[Path]) -> Path:
    for folder in folders:
        if (folder / part).is_dir():
            return folder / part
    raise DataError(
        f"{', '.join(map(str, folders))}: no folder {part}, whose labels are there; name the one above it with --data too"
    )


def _read(path: Path, name: str, boxes: Iterable[Label]) -> Picture:
    try:
        pixels = read_picture(path, colour=False)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; copy the pictures again") from error
    if pixels is None:
        raise DataError(f"{path}: is no picture; copy the pictures again")
    groups: dict[str, list[Faces]] = {"face": [], "ignore": [], "trap": []}
    for entry in boxes:
        groups[_group(entry)].append(_face(entry))
    return Picture(name, pixels, _stacked(groups["face"]), _stacked(groups["ignore"]), _stacked(groups["trap"]))


def _group(entry: Label) -> str:
    if entry.kind in {"animal", "object"}:
        return "trap"
    sure = entry.score >= FACE and entry.kind in {None, "person"} and entry.runs >= FEWEST_RUNS
    return "face" if sure and entry.box[3] >= _SMALLEST else "ignore"


def _face(entry: Label) -> Faces:
    x, y, width, height = entry.box
    return np.array([[x + width / 2, y + height / 2], [width, height], *entry.landmarks], np.float32)


def _stacked(faces: list[Faces]) -> Faces:
    return np.stack(faces) if faces else np.zeros((0, 7, 2), np.float32)
