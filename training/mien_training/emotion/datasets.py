"""The data sets: FER2013 as Kaggle publishes it, with or without the votes of FER+, and folders of pictures."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_models.labels import Emotion, Head
from mien_models.preprocess import FACE_SIZE
from mien_training.emotion.ferplus import Votes, majority, read_votes, readable_share
from mien_training.emotion.files import csv_rows
from mien_training.emotion.folders import read_folder

NO_LABEL = -1
_WHOLE_NUMBERS = re.compile(r"[\d\s]*", re.ASCII)
_ENOUGH, _LEAST_SAME = 100, 0.4  # rows to judge by, and the share of them with the same label in both files
_LISTED = 10  # damaged rows that an error names by their lines


class Usage(StrEnum):
    """FER2013's own splits."""

    TRAINING = "Training"
    PUBLIC_TEST = "PublicTest"
    """Validation: everything is chosen on it."""
    PRIVATE_TEST = "PrivateTest"
    """The exam: opened once, by `mien-train evaluate`, never by training."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Labelled faces, all arrays of the same length n."""

    pixels: npt.NDArray[np.uint8]
    """(n, 48, 48) grey."""
    fer: npt.NDArray[np.int64]
    """(n,) position in `Emotion`, or `NO_LABEL`."""
    votes: Votes | None
    """(n, 10) as in `ferplus.Votes`, None without FER+."""
    usage: npt.NDArray[np.str_]
    """(n,) values of `Usage`."""
    given_weight: npt.NDArray[np.float32] | None = None
    """(n,) how much each face counts in the loss; None: all alike."""

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def weight(self) -> npt.NDArray[np.float32]:
        """(n,) how much each face counts in the loss."""
        return np.ones(len(self), np.float32) if self.given_weight is None else self.given_weight

    @property
    def ferplus(self) -> npt.NDArray[np.int64]:
        """(n,) FER+ majority label, `NO_LABEL` where there is none."""
        return np.full(len(self), NO_LABEL) if self.votes is None else majority(self.votes)

    @property
    def readable(self) -> npt.NDArray[np.float32]:
        """(n,) the share of people who saw an emotion there; without votes 1 for every face with a label."""
        return readable_share(self.votes) if self.votes is not None else (self.fer != NO_LABEL).astype(np.float32)

    def labels(self, head: Head) -> npt.NDArray[np.int64]:
        """(n,) the true answer of `head`, as a position in its labels; `NO_LABEL` where there is none."""
        if head is Head.READABLE:
            return (self.readable < 0.5).astype(np.int64)
        return self.fer if head is Head.FER else self.ferplus

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Faces:
        """The chosen rows, in the order asked for."""
        votes = None if self.votes is None else self.votes[rows]
        return Faces(self.pixels[rows], self.fer[rows], votes, self.usage[rows], self.weight[rows])


def read_faces(data: Path, ferplus: Path | None = None) -> Faces:
    """Read a Kaggle CSV (plain, .gz, .xz) or a folder of pictures, and the FER+ votes of the same rows.

    Raises:
        DataError: something cannot be read; the text names file, line and remedy.

    """
    if data.is_dir():
        if ferplus is not None:
            raise DataError(f"{ferplus}: FER+ votes belong to rows of fer2013.csv, not to the folder {data}")
        pixels, labels, usage = read_folder(data)
        return Faces(pixels, labels, None, usage)
    faces = _read_csv(data)
    return faces if ferplus is None else _with_votes(faces, data, ferplus)


def split(faces: Faces, usage: Usage, source: Path, limit: int | None = None) -> Faces:
    """The rows of one usage, the first `limit` of them if given.

    Raises:
        DataError: there is none.

    """
    rows = np.flatnonzero(faces.usage == usage)
    if not len(rows):
        found = ", ".join(f"{name} ({n} rows)" for name, n in Counter(faces.usage.tolist()).items())
        raise DataError(
            f"{source}: no row with usage {usage}; it has {found or 'no rows at all'}; take the data set whole, or more of it"
        )
    return faces.take(rows[:limit])


def check_classes(faces: Faces, source: Path) -> None:
    """Make sure that there is something to learn of every emotion.

    Raises:
        DataError: an emotion has no face.

    """
    labels = faces.fer if (faces.fer != NO_LABEL).any() else faces.ferplus
    if empty := [emotion for number, emotion in enumerate(Emotion) if not (labels == number).any()]:
        raise DataError(
            f"{source}: no Training face is labelled {' or '.join(empty)}, so that could never be answered; "
            "add such faces, or take the data set whole"
        )


def balanced_rows(faces: Faces, count: int, seed: int) -> npt.NDArray[np.int64]:
    """`count` rows, sorted, with every class among them: the same number of each, as far as there are so many."""
    rng = np.random.default_rng(seed)
    labels = np.where(faces.fer == NO_LABEL, faces.ferplus, faces.fer)
    order = rng.permutation(len(faces))
    # Rank of each row among its class: taking the lowest ranks first takes from all classes in turn.
    rank = np.zeros(len(faces), np.int64)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:count])


def _read_csv(path: Path) -> Faces:
    pixels: list[bytes] = []
    labels: list[int] = []
    usages: list[str] = []
    damaged: list[tuple[int, str]] = []
    for line, row in csv_rows(path, ("emotion", "pixels", "Usage")):
        try:
            face, label, usage = _parse_pixels(row["pixels"]), _parse_label(row["emotion"]), _parse_usage(row["Usage"])
        except ValueError as error:
            damaged.append((line, str(error)))
            continue
        pixels.append(face)
        labels.append(label)
        usages.append(usage)
    if damaged:
        raise DataError(_explain_damaged(path, damaged))
    images = np.frombuffer(b"".join(pixels), np.uint8).reshape(-1, FACE_SIZE, FACE_SIZE)
    return Faces(images, np.array(labels, np.int64), None, np.array(usages, dtype="U16"))


def _explain_damaged(path: Path, damaged: list[tuple[int, str]]) -> str:
    line, reason = damaged[0]
    others = [str(number) for number, _ in damaged[1:]]
    listed = ", ".join(others[:_LISTED]) + (", …" if len(others) > _LISTED else "")
    more = f"; {len(others)} more rows are damaged (lines {listed})" if others else ""
    return f"{path}, line {line}: {reason}{more}; download the file again, or take these rows out"


def _parse_pixels(text: str) -> bytes:
    """The bytes of a face."""
    # Six times as fast as int() on the 74 million numbers of FER2013; it must not meet anything else, a blank text included.
    values = np.fromstring(f"{text} 0", np.int64, sep=" ")[:-1] if _WHOLE_NUMBERS.fullmatch(text) else None
    if values is None or values.max(initial=0) > 255:
        raise ValueError("'pixels' holds something other than whole numbers from 0 to 255")
    if len(values) != FACE_SIZE * FACE_SIZE:
        raise ValueError(f"'pixels' holds {len(values)} values where a face has {FACE_SIZE * FACE_SIZE}")
    return values.astype(np.uint8).tobytes()


def _parse_label(text: str) -> int:
    if text.strip() not in {str(number) for number in range(len(Emotion))}:
        raise ValueError(f"'emotion' is {text!r} where FER2013 has 0 to {len(Emotion) - 1} ({', '.join(Emotion)})")
    return int(text)


def _parse_usage(text: str) -> Usage:
    if text.strip() not in set(Usage):
        raise ValueError(f"'Usage' is {text!r} where FER2013 has {', '.join(Usage)}")
    return Usage(text.strip())


def _with_votes(faces: Faces, data: Path, ferplus: Path) -> Faces:
    usages, votes = read_votes(ferplus)
    if len(usages) != len(faces):
        raise DataError(
            f"{ferplus}: {len(usages)} rows, but {data} has {len(faces)}; FER+ votes belong to FER2013's rows one by "
            "one, so take both files whole as published, or drop the same rows from both"
        )
    differing = np.flatnonzero(faces.usage != np.array(usages, dtype="U16"))
    if len(differing):
        row = int(differing[0])
        raise DataError(
            f"{ferplus}, line {row + 2}: Usage is {usages[row]}, but {faces.usage[row]} in {data}; "
            "the rows of the two files are not the same faces"
        )
    joined = Faces(faces.pixels, faces.fer, votes, faces.usage)
    _refuse_other_order(joined, data, ferplus)
    return joined


def _refuse_other_order(faces: Faces, data: Path, ferplus: Path) -> None:
    """Of FER2013's rows both label sets say the same of about two in three; of rows that were mixed, of one in five."""
    both = (faces.fer != NO_LABEL) & (faces.ferplus != NO_LABEL)
    if both.sum() >= _ENOUGH and (same := float((faces.fer == faces.ferplus)[both].mean())) < _LEAST_SAME:
        raise DataError(
            f"{ferplus}: says the same as {data} of only {100 * same:.0f} % of the faces, so its rows are in another order; take "
            "both files as published"
        )
