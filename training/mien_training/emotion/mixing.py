"""Several sources of faces in one training: further data sets, each with its weight, and pictures that are no faces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_training.emotion.datasets import NO_LABEL, Faces

_TAGGERS = 10  # who looked at each face of FER+


def with_others(faces: Faces, others: Faces, weight: float) -> Faces:
    """`faces` and, after them, `others`, each of which counts `weight` times as much in the loss.

    Their labels teach both heads: where `faces` has FER+ votes, a label of the others counts as that of taggers of one mind,
    for without it the head that the device answers with would learn nothing of them.
    """
    votes = None if faces.votes is None else np.concatenate([faces.votes, _votes(others, faces.votes.shape[1])])
    return _joined(faces, others, votes, weight)


def with_negatives(faces: Faces, crops: npt.NDArray[np.uint8]) -> Faces:
    """`faces` and, after them, `crops` (m, 48, 48) in which nobody sees an emotion."""
    m = len(crops)
    votes = (
        None if faces.votes is None else np.concatenate([faces.votes, np.zeros((m, faces.votes.shape[1]), np.uint8)])
    )
    others = Faces(crops, np.full(m, NO_LABEL), None, np.repeat(faces.usage[:1], m))
    return _joined(faces, others, votes, 1.0)


def _joined(faces: Faces, others: Faces, votes: npt.NDArray[np.uint8] | None, weight: float) -> Faces:
    return Faces(
        np.concatenate([faces.pixels, others.pixels]),
        np.concatenate([faces.fer, others.fer]),
        votes,
        np.concatenate([faces.usage, others.usage]),
        np.concatenate([faces.weight, np.full(len(others), weight, np.float32)]),
    )


def _votes(faces: Faces, columns: int) -> npt.NDArray[np.uint8]:
    """Their own votes (n, columns), or their labels as unanimous ones: the seven emotions come first in both label sets."""
    if faces.votes is not None:
        return faces.votes
    votes = np.zeros((len(faces), columns), np.uint8)
    labelled = np.flatnonzero(faces.fer != NO_LABEL)
    votes[labelled, faces.fer[labelled]] = _TAGGERS
    return votes
