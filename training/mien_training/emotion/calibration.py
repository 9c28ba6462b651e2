"""Probabilities that mean what they say: a temperature and offsets for each head, folded into its weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.labels import HEAD_LABELS, Emotion, Head
from mien_training.emotion.datasets import NO_LABEL, Faces
from mien_training.emotion.validation import predict

_STIFFNESS = 1e-3  # of the offsets: rare labels must not run away with a handful of faces
_FOLDS = 5
_STEPS = 50  # Newton's method needs a dozen
_SHORTEST = 1e-10
_FAVOURED: dict[Head, dict[str, float]] = {
    # An emotion that is invented on a calm face changes the music; one that is overlooked comes again in the next picture.
    # 92 of 100 are wanted of the int8 model, whose coarse probabilities tie, so that some of them are lost.
    Head.FERPLUS: {Emotion.NEUTRAL: 0.93},
    # Below 45 of 100 a label is not worth having. Fear first: leaning towards it takes faces from disgust, of which there
    # are 56, so that two of them lost in int8 are a fall of .04.
    Head.FER: {Emotion.FEAR: 0.46, Emotion.DISGUST: 0.5},
}
"""Labels that a head leans towards until so many of their faces are called so."""
_COST = 0.002  # of the answers, for a label that is favoured
_LEANINGS = tuple(0.02 * step for step in range(26))  # logits

Probabilities = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """New logits are the old ones divided by the temperature, plus the offsets."""

    temperature: float
    offsets: npt.NDArray[np.float64]
    """(k,) of the labels; 0 leaves the answers as they are."""

    def apply(self, probabilities: Probabilities) -> npt.NDArray[np.float64]:
        """The calibrated probabilities (n, k)."""
        return _softmax(_logits(probabilities) / self.temperature + self.offsets)


def calibrate(model: Any, heads: tuple[Head, ...], validation: Faces) -> dict[str, Calibration]:
    """Fit each head on `validation` and fold the result into its last layer, where it costs nothing; returns it by head.

    Always a temperature (Guo et al. 2017, section 4.2): mixup and soft labels leave a network less sure than it should be.
    Offsets too (vector scaling without its scales, ibid.) where cross-validation says that they make more answers right: votes
    teach how often people see an emotion a little, but a majority asks which is seen most. Then labels are favoured where
    that costs hardly an answer: see `_FAVOURED`.
    """
    probabilities = predict(model, validation)
    fitted = {}
    for head in heads:
        table, labels = probabilities[head.value], validation.labels(head)
        calibration = fit(table, labels, offsets=_offsets_help(table, labels))
        for label, recall in _FAVOURED.get(head, {}).items():
            calibration = favour(calibration, table, labels, HEAD_LABELS[head].index(label), recall)
        layer = model.get_layer(head.value)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel / calibration.temperature, bias / calibration.temperature + calibration.offsets])
        fitted[head.value] = calibration
    return fitted


def fit(probabilities: Probabilities, truth: Labels, *, offsets: bool) -> Calibration:
    """What gives the true labels (n,) the highest likelihood under probabilities (n, k), by Newton's method.

    Rows whose label is `NO_LABEL` do not count; without any other nothing is changed.
    """
    rows = truth != NO_LABEL
    n, k = int(rows.sum()), probabilities.shape[1]
    if not n:
        return Calibration(1.0, np.zeros(k))
    logits, target = _logits(probabilities[rows]), np.eye(k)[truth[rows]]
    # The scale of the logits, then the offsets: z = [logits | 1] · parameters, a row of `basis` for each label.
    basis = np.concatenate([logits[:, :, None], np.broadcast_to(np.eye(k) * offsets, (n, k, k))], axis=2)
    stiffness = np.diag([0.0, *[_STIFFNESS] * k])
    parameters = np.array([1.0, *[0.0] * k])
    for _ in range(_STEPS):
        p = _softmax(basis @ parameters)
        gradient = np.einsum("nkp,nk->p", basis, p - target) / n + stiffness @ parameters
        weighted = basis * p[:, :, None]
        mean = weighted.sum(axis=1)
        hessian = (np.einsum("nkp,nkq->pq", weighted, basis) - mean.T @ mean) / n + stiffness
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        longest = np.abs(step).max()
        parameters = parameters - step / max(1.0, longest)  # far from the solution a whole step overshoots
        if longest < _SHORTEST:
            break
    return Calibration(1 / max(float(parameters[0]), 1e-3), parameters[1:])


def favour(
    calibration: Calibration, probabilities: Probabilities, truth: Labels, label: int, recall: float
) -> Calibration:
    """The least offset of `label` with which that share of its faces is called so, if it costs two answers in a thousand at most."""
    rows = truth != NO_LABEL
    known, labels = probabilities[rows], truth[rows]
    if not (labels == label).any():
        return calibration
    needed = (calibration.apply(known).argmax(axis=1) == labels).mean() - _COST
    for leaning in _LEANINGS:
        offsets = calibration.offsets.copy()
        offsets[label] += leaning
        favoured = Calibration(calibration.temperature, offsets)
        answers = favoured.apply(known).argmax(axis=1)
        if (answers == label)[labels == label].mean() >= recall and (answers == labels).mean() >= needed:
            return favoured
    return calibration


def _offsets_help(probabilities: Probabilities, truth: Labels) -> bool:
    """Whether offsets fitted on four fifths of the faces make more answers right on the other fifth, all fifths together.

    By more than one standard error of that difference (as in McNemar's test): a face or two is chance.
    """
    rows = np.flatnonzero(truth != NO_LABEL)
    if len(rows) < _FOLDS:
        return False
    gained = lost = 0
    for fold in np.array_split(np.random.default_rng(0).permutation(rows), _FOLDS):
        calibration = fit(np.delete(probabilities, fold, axis=0), np.delete(truth, fold), offsets=True)
        before = probabilities[fold].argmax(axis=1) == truth[fold]
        after = calibration.apply(probabilities[fold]).argmax(axis=1) == truth[fold]
        gained += int((after & ~before).sum())
        lost += int((before & ~after).sum())
    return gained - lost > math.sqrt(gained + lost)


def _logits(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), 1e-12))


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))
