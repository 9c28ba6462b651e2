"""The figures by which an emotion model is judged, with the confusion behind them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_models.validation import Strict

_BINS = 15


class Scores(Strict):
    """How well probabilities fit the true labels. Values in [0, 1]."""

    n: int
    """Rows with a true label."""
    accuracy: float
    macro_f1: float
    """Mean F1 over the labels that occur, as truth or as answer."""
    recall: dict[str, float | None]
    """By label; None where no row has the label."""
    precision: dict[str, float | None]
    """By label; None where the label was never answered."""
    confusion: list[list[int]]
    """Counts; row is the true label, column the answer."""
    labels: list[str]
    """Names of the confusion's rows and columns."""
    ece: float
    """Expected calibration error in 15 equal bins of confidence (Guo et al. 2017)."""


class Bin(Strict):
    """The answers of one range of confidence, as a reliability diagram draws them."""

    low: float
    high: float
    n: int
    confidence: float | None
    """Mean probability of the answers; None without any."""
    accuracy: float | None
    """Share of them that are right; None without any."""


def score(probabilities: npt.NDArray[np.float32], truth: npt.NDArray[np.int64], labels: tuple[str, ...]) -> Scores:
    """Compare probabilities (n, k) with true labels (n,), leaving out rows whose label is negative."""
    rows = truth >= 0
    probabilities, truth = probabilities[rows], truth[rows]
    answer = probabilities.argmax(axis=1)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, answer), 1)
    right, true, answered = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = true + answered > 0
    f1 = 2 * right[occurs] / (true + answered)[occurs]
    return Scores(
        n=len(truth),
        accuracy=float(right.sum() / max(1, len(truth))),
        macro_f1=float(f1.mean()) if occurs.any() else 0.0,
        recall=_shares(right, true, labels),
        precision=_shares(right, answered, labels),
        confusion=confusion.tolist(),
        labels=list(labels),
        ece=_calibration_error(probabilities.max(axis=1, initial=0), answer == truth),
    )


def reliability(probabilities: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> list[Bin]:
    """The bins behind `Scores.ece`, for the same arguments as `score`."""
    rows = truth >= 0
    confidence, right = probabilities[rows].max(axis=1, initial=0), probabilities[rows].argmax(axis=1) == truth[rows]
    bins = _bins(confidence)
    result = []
    for number in range(_BINS):
        inside = bins == number
        means = (float(confidence[inside].mean()), float(right[inside].mean())) if inside.any() else (None, None)
        result.append(
            Bin(
                low=number / _BINS,
                high=(number + 1) / _BINS,
                n=int(inside.sum()),
                confidence=means[0],
                accuracy=means[1],
            )
        )
    return result


def _shares(
    part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64], labels: tuple[str, ...]
) -> dict[str, float | None]:
    return {label: float(p / w) if w else None for label, p, w in zip(labels, part, whole, strict=True)}


def _calibration_error(confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_]) -> float:
    """Mean distance of confidence from accuracy over the bins, weighted by the rows in each."""
    if not len(confidence):
        return 0.0
    gap = np.bincount(_bins(confidence), weights=confidence.astype(np.float64) - right, minlength=_BINS)
    return float(np.abs(gap).sum() / len(confidence))


def entropy(distributions: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Shannon entropy (n,) in nats of distributions (n, k); their rows are brought to sum one first."""
    p = distributions / np.maximum(distributions.sum(axis=1, keepdims=True), 1e-12)
    result: npt.NDArray[np.float64] = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)
    return result


def rank_correlation(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two arrays (n,), equal values sharing their mean rank; NaN if either is constant."""
    ranks = []
    for values in (first, second):
        _, position, count = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(count) - (count - 1) / 2)[position])
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.corrcoef(*ranks)[0, 1])


def _bins(confidence: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    return np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
