"""How far an int8 model answers as its float network did, on faces that neither was made with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.floating import keras_probabilities, open_keras
from mien_convert.inspection import inspect_model
from mien_convert.quiet import quiet
from mien_convert.runs import Faces, Holdout, find_network, read_holdout
from mien_models.errors import ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.preprocess import FACE_SIZE
from mien_models.runner import Classifier, Probabilities
from mien_models.runtime import find_runtime

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head's comparison. Shares in [0, 1]."""

    faces: int
    agreement: float
    """Share of the faces with the same top answer."""
    worst_gap: float
    """Largest difference of any probability of any face."""
    labelled: int
    """Faces with a true label; what follows is of these."""
    accuracy_float: float | None
    """None where no face has a label."""
    accuracy_int8: float | None
    recall_float: dict[str, float | None]
    """By label; None where no face has it."""
    recall_int8: dict[str, float | None]

    def describe(self) -> list[str]:
        """The comparison as lines for a person."""
        lines = [
            f"same answer {percent(self.agreement)} of {self.faces} faces, worst probability gap {self.worst_gap:.3f}",
            f"accuracy {percent(self.accuracy_float)} float, {percent(self.accuracy_int8)} int8 "
            f"of {self.labelled} labelled faces",
        ]
        for label, before in self.recall_float.items():
            after = self.recall_int8[label]
            if before is not None and after is not None:
                lines.append(
                    f"  {label:9s} recall {percent(before)} → {percent(after)} ({100 * (after - before):+.1f})"
                )
        return lines


@dataclass(frozen=True, slots=True)
class Limits:
    """What a comparison must keep, in every head."""

    max_accuracy_drop: float = 0.01
    min_agreement: float = 0.95


@dataclass(frozen=True, slots=True)
class Report:
    """The comparison of a whole model."""

    model: str
    reference: str
    heads: dict[Head, HeadReport]
    failures: tuple[str, ...]
    """What the limits are broken by; none if the model may be used."""

    def describe(self) -> str:
        """The report as lines for a person."""
        lines = [f"{self.model} against {self.reference}"]
        for head, report in self.heads.items():
            first, *others = report.describe()
            lines += [f"{head}: {first}", *(f"  {line}" for line in others)]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {"passed": not self.failures, **asdict(self)}


def verify(model: Path, run: Path, limits: Limits, float_file: Path | None = None) -> Report:
    """Compare the model directory `model` with the network of `run`, or with `float_file`, on the run's holdout faces.

    The int8 side is `mien_models.runner`, the code of the device. With `float_file`, a float .tflite, no TensorFlow is
    needed.

    Raises:
        DataError: the run is not whole.
        ModelError: a model cannot be run, or the two do not have the same heads.
        MissingDependencyError: what runs the float side is not installed.

    """
    with quiet():
        classifier = Classifier.open(model)
    holdout = read_holdout(run)
    if float_file is None:
        reference = find_network(run)
        before = keras_probabilities(open_keras(reference), holdout.faces)
    else:
        reference = float_file
        before = tflite_probabilities(reference, holdout.faces)
    after = int8_probabilities(classifier, holdout.faces)
    if set(before) != set(after):
        raise ModelError(
            f"{model}: has the heads {_names(after)}, but {reference} has {_names(before)}; "
            "verify a model with the run that it was made from"
        )
    heads = compare(before, after, holdout)
    return Report(model.name, reference.name, heads, broken(heads, limits))


def compare(
    before: dict[Head, Probabilities], after: dict[Head, Probabilities], holdout: Holdout
) -> dict[Head, HeadReport]:
    """Compare float and int8 probabilities, by head (n, k), of the holdout's n faces."""
    return {head: _compare(head, before[head], after[head], holdout.labels[head]) for head in Head if head in after}


def broken(heads: dict[Head, HeadReport], limits: Limits) -> tuple[str, ...]:
    """One sentence for each limit that is not kept."""
    failures = []
    for head, report in heads.items():
        if report.agreement < limits.min_agreement:
            failures.append(f"{head} agrees on {percent(report.agreement)}, less than {percent(limits.min_agreement)}")
        if report.accuracy_float is None or report.accuracy_int8 is None:
            continue
        drop = report.accuracy_float - report.accuracy_int8
        if drop > limits.max_accuracy_drop:
            failures.append(f"{head} loses {percent(drop)} accuracy, more than {percent(limits.max_accuracy_drop)}")
    return tuple(failures)


def int8_probabilities(classifier: Classifier, faces: Faces) -> dict[Head, Probabilities]:
    """Each head's probabilities (n, k) for faces (n, 48, 48), one by one as on the device."""
    scores = [classifier.scores(face) for face in faces]
    return {head: np.stack([score[head] for score in scores]) for head in classifier.heads}


def tflite_probabilities(path: Path, faces: Faces) -> dict[Head, Probabilities]:
    """Each head's probabilities (n, k) from a float .tflite file with batch 1, its outputs told apart by signature name.

    Raises:
        ModelError: it is no such file.

    """
    inspection = inspect_model(path)
    ends = (*inspection.inputs, *inspection.outputs)
    names = {tensor.signature for tensor in inspection.outputs}
    if any(tensor.dtype != "float32" for tensor in ends) or len(inspection.inputs) != 1 or not names <= set(Head):
        raise ModelError(
            f"{path}: is no float emotion model with named outputs; make it with `mien-convert quantize --float`"
        )
    with quiet():
        interpreter = find_runtime().module.Interpreter(model_path=str(path), num_threads=1)
        runner = interpreter.get_signature_runner()
    entry = inspection.inputs[0].signature
    inputs = faces.reshape(-1, 1, FACE_SIZE, FACE_SIZE, 1).astype(np.float32)
    answers = [runner(**{str(entry): face}) for face in inputs]
    return {head: np.stack([answer[head.value][0] for answer in answers]) for head in Head if head in names}


def _compare(head: Head, before: Probabilities, after: Probabilities, truth: Labels) -> HeadReport:
    answers_float, answers_int8, rows = before.argmax(axis=1), after.argmax(axis=1), truth >= 0
    labelled = int(rows.sum())
    return HeadReport(
        faces=len(truth),
        agreement=float((answers_float == answers_int8).mean()),
        worst_gap=float(np.abs(before - after).max()),
        labelled=labelled,
        accuracy_float=float((answers_float == truth)[rows].mean()) if labelled else None,
        accuracy_int8=float((answers_int8 == truth)[rows].mean()) if labelled else None,
        recall_float=recall_by_label(answers_float, truth, HEAD_LABELS[head]),
        recall_int8=recall_by_label(answers_int8, truth, HEAD_LABELS[head]),
    )


def recall_by_label(answers: Labels, truth: Labels, labels: tuple[str, ...]) -> dict[str, float | None]:
    """Share of the right answers among the pictures of each label; None where no picture has it."""
    return {
        label: float((answers[truth == number] == number).mean()) if (truth == number).any() else None
        for number, label in enumerate(labels)
    }


def percent(share: float | None) -> str:
    """A share for a person."""
    return "–" if share is None else f"{100 * share:.1f} %"


def _names(heads: dict[Head, Probabilities]) -> str:
    return " ".join(sorted(heads))
