"""Measuring a model on labelled faces: a Keras one, or an int8 one through the very code that the device runs."""

from __future__ import annotations

import csv
import functools
import io
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError, ModelError
from mien_models.labels import HEAD_LABELS, Head, seven
from mien_models.manifest import MANIFEST_NAME
from mien_models.runner import Classifier
from mien_models.shipped import find_model, shipped_models
from mien_training import runs
from mien_training.backend import import_keras
from mien_training.emotion.datasets import Faces, Usage
from mien_training.emotion.ferplus import Votes, agreement
from mien_training.emotion.metrics import Scores, entropy, rank_correlation, score
from mien_training.emotion.stability import Stability, stability

log = logging.getLogger(__name__)

Probabilities = npt.NDArray[np.float32]
Predict = Callable[[npt.NDArray[np.uint8]], dict[Head, Probabilities]]
"""From faces (n, 48, 48) to each head's probabilities (n, k)."""

_PROGRESS_EVERY = 1000  # faces


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


def open_predictor(name: str) -> Predict:
    """The model `name`: a run directory, a .keras file, an int8 model directory, or a shipped model's name.

    Keras is imported for the first two only.

    Raises:
        ModelError: there is no such model, or it cannot be run.

    """
    if is_network(name):
        return keras_predictor(load_network(Path(name).expanduser()))
    return functools.partial(read_faces, Classifier.open(find_model(name)))


def is_network(name: str) -> bool:
    """Whether `name` is a run directory or a .keras file, rather than an int8 model's directory or name."""
    path = Path(name).expanduser()
    is_run = name not in shipped_models() and path.is_dir() and not (path / MANIFEST_NAME).exists()
    return is_run or path.suffix == ".keras"


def load_network(path: Path) -> Any:
    """The Keras model of a run directory, or in a .keras file.

    Raises:
        ModelError: there is none, or it is no model of mien-train.
        ConfigError: the run is of another version.

    """
    if path.is_dir():
        if (path / runs.CONFIG).exists():
            runs.check_format(path)
        if not (path / runs.MODEL).exists():
            raise ModelError(
                f"{path}: neither {runs.MODEL} nor {MANIFEST_NAME} there; finish the training by giving its command "
                "again, or name a model that `mien-convert quantize` made"
            )
        path = path / runs.MODEL
    if not path.is_file():
        raise ModelError(f"{path}: no such file; give a run directory or .keras file of `mien-train emotion`")
    if not zipfile.is_zipfile(path):  # Keras would say that it is not there
        raise ModelError(f"{path}: damaged, or no .keras file; train anew or copy it again")
    keras = import_keras()
    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        first_line = str(error).strip().partition("\n")[0]
        raise ModelError(f"{path}: Keras cannot load it ({first_line}); train anew or copy it again") from error
    outputs = model.output if isinstance(model.output, dict) else {}
    if not outputs or not set(outputs) <= set(Head):
        raise ModelError(f"{path}: its outputs are not heads named {' and '.join(Head)}; is it a model of mien-train?")
    return model


def keras_predictor(model: Any) -> Predict:
    """A Keras model as what `evaluate` asks."""

    def predict(faces: npt.NDArray[np.uint8]) -> dict[Head, Probabilities]:
        answers = model.predict(faces[..., np.newaxis].astype(np.float32), batch_size=256, verbose=0)
        return {Head(name): values for name, values in answers.items()}

    return predict


def evaluate(
    predict: Predict,
    faces: Faces,
    truth: Head,
    *,
    model: str,
    data: Path,
    usage: Usage,
    mirrored: bool = False,
    moved: bool = False,
) -> tuple[Evaluation, Probabilities]:
    """Judge a model by the labels of `truth`; returns the scores and the probabilities (n, k) behind them.

    By FER's labels a model without that head is judged by FER+'s, brought down to the seven emotions. By FER+'s it is
    judged on the rows that have a majority. `mirrored` asks for the mean answer to each face and its mirror image, `moved`
    for the answers' stability too, which takes seven times as long.

    Raises:
        ModelError: the model cannot answer in these labels.
        DataError: no row has such a label.

    """
    labels = faces.labels(truth)
    if not (labels >= 0).any():
        raise DataError(f"{data}: no {usage} row has a label of {truth}; try --labels {_other(truth)}")
    ask = _with_mirror_image(predict) if mirrored else predict
    head, probabilities = _judged(ask(faces.pixels), truth, model)
    scores, known = score(probabilities, labels, HEAD_LABELS[truth]), labels >= 0
    doubt = None if faces.votes is None else _doubt_correlation(probabilities, faces.votes)
    evaluation = Evaluation(
        **scores.model_dump(),
        model=model,
        data=data.name,
        usage=usage,
        judged_by=truth,
        head=head,
        mirrored=mirrored,
        doubt_correlation=doubt,
        stability=_stability(ask, faces.pixels[known], truth, model, probabilities[known]) if moved else None,
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


def _stability(ask: Predict, pixels: npt.NDArray[np.uint8], truth: Head, model: str, plain: Probabilities) -> Stability:
    def answers(moved: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        return np.asarray(_judged(ask(moved), truth, model)[1].argmax(axis=1))

    return stability(answers, pixels, plain.argmax(axis=1))


def _doubt_correlation(probabilities: Probabilities, votes: Votes) -> float | None:
    """Over the faces in which at least one tagger saw an emotion."""
    shares = agreement(votes)
    seen = shares.sum(axis=1) > 0
    value = rank_correlation(entropy(probabilities[seen]), entropy(shares[seen]))
    return None if np.isnan(value) else value


def _other(head: Head) -> Head:
    return Head.FER if head is Head.FERPLUS else Head.FERPLUS


def read_faces(classifier: Classifier, faces: npt.NDArray[np.uint8]) -> dict[Head, Probabilities]:
    """An int8 model's answers (n, k) to faces (n, 48, 48), by head."""
    answers = []
    for number, face in enumerate(faces, start=1):
        answers.append(classifier.scores(face))
        if number % _PROGRESS_EVERY == 0:
            log.info("%d of %d faces", number, len(faces))
    return {head: np.stack([answer[head] for answer in answers]) for head in classifier.heads}
