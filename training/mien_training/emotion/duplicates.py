"""Faces that are in two splits of a data set: whoever learns one of them has seen the answer to the other.

Method: two faces are exact twins if all pixels are equal; near twins if their 16×16 thumbnails (means of 3×3 pixels), each
brought to mean 0 and length 1, have an inner product (the correlation of their greys) of .98 or more. That is the same picture
with other light, contrast, noise or size by a pixel; moved further or mirrored it is not found. A flat picture has no such
thumbnail and only exact twins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mien_models.validation import Strict
from mien_training.emotion.datasets import NO_LABEL, Faces, Usage

NEAR = 0.98
"""Correlation from which on two faces are the same picture."""
_SIDE = 16
_FLAT = 1.0  # grey levels of standard deviation below which a thumbnail is noise
_BLOCK = 1024  # faces compared at a time: some hundred megabytes of correlations


class Overlap(Strict):
    """How much of one split is in others."""

    split: Usage
    among: tuple[Usage, ...]
    rows: int
    """Faces of the split."""
    exact: int
    """Those with an exact twin among the others."""
    near: int
    """Those with an exact or near twin."""
    same_label: float | None
    """Share of the twins (the nearest of each face) with the same FER2013 label, where both have one; None without twins."""


@dataclass(frozen=True, eq=False)
class Twins:
    """For each of n faces its nearest twin among others."""

    twin: npt.NDArray[np.int64]
    """(n,) position among the others, −1 where there is no twin."""
    correlation: npt.NDArray[np.float32]
    """(n,) that of the twin; 1 for exact ones."""
    exact: npt.NDArray[np.bool_]
    """(n,) whether the twin is an exact one."""


def overlaps(faces: Faces) -> list[Overlap]:
    """Each split against each one before it in the order of `Usage`, and against all of those together."""
    present = [usage for usage in Usage if (faces.usage == usage).any()]
    found = []
    for number, split in enumerate(present):
        earlier = [(usage,) for usage in present[:number]]
        together = [tuple(present[:number])] if number > 1 else []
        found += [_overlap(faces, split, among) for among in [*earlier, *together]]
    return found


def find_twins(faces: Faces, others: Faces) -> Twins:
    """The nearest twin of each face among `others`."""
    twin = np.full(len(faces), -1)
    correlation = np.zeros(len(faces), np.float32)
    theirs = _thumbnails(others.pixels).T
    for start in range(0, len(faces), _BLOCK):
        block = slice(start, start + _BLOCK)
        products = _thumbnails(faces.pixels[block]) @ theirs
        nearest = products.argmax(axis=1)
        highest = products[np.arange(len(nearest)), nearest]
        twin[block] = np.where(highest >= NEAR, nearest, -1)
        correlation[block] = highest
    places = {face.tobytes(): row for row, face in reversed(list(enumerate(others.pixels)))}
    same = np.array([places.get(face.tobytes(), -1) for face in faces.pixels])
    exact = same >= 0
    return Twins(np.where(exact, same, twin), np.where(exact, 1, correlation).astype(np.float32), exact)


def _overlap(faces: Faces, split: Usage, among: tuple[Usage, ...]) -> Overlap:
    held, others = faces.take(faces.usage == split), faces.take(np.isin(faces.usage, among))
    twins = find_twins(held, others)
    rows = twins.twin >= 0
    ours, theirs = held.fer[rows], others.fer[twins.twin[rows]]
    labelled = (ours != NO_LABEL) & (theirs != NO_LABEL)
    same = float((ours == theirs)[labelled].mean()) if labelled.any() else None
    return Overlap(
        split=split,
        among=among,
        rows=len(held),
        exact=int(twins.exact.sum()),
        near=int(rows.sum()),
        same_label=same,
    )


def _thumbnails(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, 48, 48) as (n, 256) of mean 0 and length 1, or 0 for flat pictures."""
    step = pixels.shape[1] // _SIDE
    small = pixels.reshape(-1, _SIDE, step, _SIDE, step).mean(axis=(2, 4), dtype=np.float32).reshape(len(pixels), -1)
    small -= small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    flat = length < _FLAT * _SIDE
    return np.where(flat, 0, small / np.where(flat, 1, length)).astype(np.float32)
