"""Measuring a model on labelled faces: it is asked about them once, and its answers are judged by either label set."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError, ModelError
from mien_models.labels import HEAD_LABELS, Head, seven
from mien_training import runs
from mien_training.emotion.datasets import Faces, Usage
from mien_training.emotion.ferplus import Votes, agreement
from mien_training.emotion.metrics import Scores, entropy, rank_correlation, score
from mien_training.emotion.predictors import Predict, Probabilities
from mien_training.emotion.stability import Stability, stability, views


class Evaluation(Scores):
    """The scores of one model on one split, and what they were measured on."""

    model: str
    data: str
    usage: Usage
    judged_by: Head
    """Whose labels count as the truth."""
    head: Head
    """The head that answered."""
    mirrored: bool = False
    """Whether each answer is the mean of those to a face and to its mirror image."""
    doubt_correlation: float | None = None
    """Spearman's, of the entropy of the answers with that of the FER+ votes: near 1 if the model is unsure where people
    are. None without votes."""
    stability: Stability | None = None
    """Of the answers judged here; None where it was not asked for."""


@dataclass(frozen=True)
class Asked:
    """What a model answered about some faces, to be judged by any label set."""

    model: str
    answers: dict[Head, Probabilities]
    """To the faces as they are."""
    moved: dict[str, dict[Head, Probabilities]]
    """To the faces in each view of `stability.views`; empty where it was not asked for."""
    mirrored: bool


def check_labels(faces: Faces, truth: Head, *, data: Path, usage: Usage) -> None:
    """See that there is something to judge by, before minutes are spent on asking.

    Raises:
        DataError: no row has a label of `truth`.

    """
    if not (faces.labels(truth) >= 0).any():
        raise DataError(f"{data}: no {usage} row has a label of {truth}; try --labels {_other(truth)}")


def ask(
    predict: Predict, pixels: npt.NDArray[np.uint8], *, model: str, mirrored: bool = False, moved: bool = False
) -> Asked:
    """Ask a model about faces (n, 48, 48).

    `mirrored` asks for the mean answer to each face and its mirror image, `moved` for the answers to six views of each
    besides, which takes seven times as long.
    """
    answer = _with_mirror_image(predict) if mirrored else predict
    answers_to_views = {name: answer(view) for name, view in views(pixels)} if moved else {}
    return Asked(model, answer(pixels), answers_to_views, mirrored)


def judge(asked: Asked, faces: Faces, truth: Head, *, data: Path, usage: Usage) -> tuple[Evaluation, Probabilities]:
    """Judge what was `asked` about `faces` by the labels of `truth`; returns the scores and the probabilities (n, k) behind them.

    By FER's labels a model without that head is judged by FER+'s, brought down to the seven emotions. By FER+'s it is
    judged on the rows that have a majority.

    Raises:
        ModelError: the model cannot answer in these labels.
        DataError: no row has such a label.

    """
    check_labels(faces, truth, data=data, usage=usage)
    labels = faces.labels(truth)
    known = labels >= 0
    head, probabilities = _judged(asked.answers, truth, asked.model)
    scores = score(probabilities, labels, HEAD_LABELS[truth])
    moved = {name: _judged(answers, truth, asked.model)[1][known] for name, answers in asked.moved.items()}
    evaluation = Evaluation(
        **scores.model_dump(),
        model=asked.model,
        data=data.name,
        usage=usage,
        judged_by=truth,
        head=head,
        mirrored=asked.mirrored,
        doubt_correlation=None if faces.votes is None else _doubt_correlation(probabilities, faces.votes),
        stability=stability(probabilities[known], moved) if moved else None,
    )
    return evaluation, probabilities


def write_predictions(
    path: Path, rows: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], probabilities: Probabilities, truth: Head
) -> None:
    """Write a CSV with a line for each face: its row in the data set (from 0), true label (or nothing), probabilities."""
    names = HEAD_LABELS[truth]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", "label", *names])
    for row, label, values in zip(rows, labels, probabilities, strict=True):
        writer.writerow([row, names[label] if label >= 0 else "", *(f"{value:.6f}" for value in values)])
    runs.write_bytes(path, text.getvalue().encode())


def _with_mirror_image(predict: Predict) -> Predict:
    """The mean answer to a face and its mirror image, as the device forms it of two frames, of which it reads one mirrored."""

    def both(faces: npt.NDArray[np.uint8]) -> dict[Head, Probabilities]:
        there, back = predict(faces), predict(np.ascontiguousarray(faces[:, :, ::-1]))
        return {head: np.mean([there[head], back[head]], axis=0, dtype=np.float32) for head in there}

    return both


def _judged(answers: dict[Head, Probabilities], truth: Head, model: str) -> tuple[Head, Probabilities]:
    """The head that answers in the labels of `truth`, and what it says in them."""
    if truth in answers:
        return truth, answers[truth]
    if truth is Head.FER:
        return Head.FERPLUS, seven(answers[Head.FERPLUS], HEAD_LABELS[Head.FERPLUS])
    raise ModelError(f"{model}: has no ferplus head, so FER+'s eight labels cannot judge it; use --labels fer")


def _doubt_correlation(probabilities: Probabilities, votes: Votes) -> float | None:
    """Over the faces in which at least one tagger saw an emotion."""
    shares = agreement(votes)
    seen = shares.sum(axis=1) > 0
    value = rank_correlation(entropy(probabilities[seen]), entropy(shares[seen]))
    return None if np.isnan(value) else value


def _other(head: Head) -> Head:
    return Head.FER if head is Head.FERPLUS else Head.FERPLUS
