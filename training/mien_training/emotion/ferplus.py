"""The FER+ votes: ten taggers looked at every FER2013 face anew (Barsoum et al., ICMI 2016)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_models.labels import CONTEMPT, HEAD_LABELS, Emotion, Head
from mien_training.emotion.files import csv_rows

Votes = npt.NDArray[np.uint8]
"""Votes (n, 10): the eight emotions of `HEAD_LABELS[Head.FERPLUS]` in their order, then `unknown` and `NF` (no face)."""

# The column of the published file for each of our labels.
_COLUMN = {
    Emotion.ANGRY: "anger",
    Emotion.DISGUST: "disgust",
    Emotion.FEAR: "fear",
    Emotion.HAPPY: "happiness",
    Emotion.SAD: "sadness",
    Emotion.SURPRISE: "surprise",
    Emotion.NEUTRAL: "neutral",
    CONTEMPT: "contempt",
}
_COLUMNS = (*(_COLUMN[label] for label in HEAD_LABELS[Head.FERPLUS]), "unknown", "NF")
_EMOTIONS = len(HEAD_LABELS[Head.FERPLUS])


def read_votes(path: Path) -> tuple[list[str], Votes]:
    """The `Usage` column and the votes (n, 10) of a `fer2013new.csv`, in file order.

    Raises:
        DataError: the file is missing, damaged, or no FER+ file.

    """
    usages: list[str] = []
    votes: list[list[int]] = []
    for line, row in csv_rows(path, ("Usage", *_COLUMNS)):
        try:
            counts = [int(row[column]) for column in _COLUMNS]
        except ValueError:
            counts = []
        if not counts or min(counts) < 0 or max(counts) > 255:
            raise DataError(
                f"{path}, line {line}: the votes are not ten whole numbers; download fer2013new.csv of FER+ again"
            )
        usages.append(row["Usage"].strip())
        votes.append(counts)
    return usages, np.array(votes, np.uint8).reshape(-1, len(_COLUMNS))


def _without_single_votes(votes: Votes) -> Votes:
    """FER+'s outlier rule: a label that one tagger alone chose does not count."""
    return np.where(votes > 1, votes, 0).astype(np.uint8)


def majority(votes: Votes) -> npt.NDArray[np.int64]:
    """The label (n,) that more than half of the remaining votes agree on, or -1 where there is none.

    The majority protocol of Barsoum et al. 2016: votes of 1 become 0; all ten columns count as votes; a row whose
    majority says `unknown` or `NF` has no label.
    """
    kept = _without_single_votes(votes)
    top = kept.argmax(axis=1)
    agreed = 2 * kept.max(axis=1).astype(np.int64) > kept.sum(axis=1)
    return np.where(agreed & (top < _EMOTIONS), top, -1)


def soft_targets(votes: Votes) -> npt.NDArray[np.float32]:
    """What to train on (n, 8): each emotion's share of the remaining votes, `unknown` and `NF` counted as votes.

    A row sums to the share of its votes that lie on emotions, which makes it its own weight in a cross entropy: zero
    where the taggers saw no face.
    """
    kept = _without_single_votes(votes).astype(np.float32)
    total = np.maximum(kept.sum(axis=1, keepdims=True), 1)
    return np.asarray(kept[:, :_EMOTIONS] / total, np.float32)


def readable_share(votes: Votes) -> npt.NDArray[np.float32]:
    """The share of the ten votes (n,) that found an emotion: neither `unknown` nor `NF`."""
    total = np.maximum(votes.sum(axis=1, dtype=np.int64), 1)
    return np.asarray(votes[:, :_EMOTIONS].sum(axis=1) / total, np.float32)


def agreement(votes: Votes) -> npt.NDArray[np.float32]:
    """Share of all ten columns' votes on each of the eight emotions (n, 8), nothing removed."""
    total = np.maximum(votes.sum(axis=1, keepdims=True, dtype=np.int64), 1)
    return np.asarray(votes[:, :_EMOTIONS] / total, np.float32)
