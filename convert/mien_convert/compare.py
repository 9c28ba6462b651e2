"""Two models of any kind on the same pictures: where they answer otherwise, by how much, and what it costs."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.pictures import Pictures, Scale, Shape, class_names, read_folder
from mien_convert.runs import CONFIG, HOLDOUT, read_holdout
from mien_convert.sides import Scores, Side, open_side
from mien_convert.verify import percent, recall_by_label
from mien_models.errors import DataError, ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.runner import Probabilities

log = logging.getLogger(__name__)

Truth = tuple[tuple[str, ...], npt.NDArray[np.int64]]
"""The labels in the order of an output, and each picture's (n,): its position there, −1 where it has none."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the second model must keep of the first, in every output. Shares in [0, 1]."""

    min_agreement: float = 0.95
    max_gap: float | None = None
    """None: any."""
    max_accuracy_drop: float | None = None
    """None: a hundredth where labels are known, nothing where they are not."""


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """One output of the two models; `a` is the reference. Shares in [0, 1]."""

    agreement: float
    """Share of the pictures with the same top answer."""
    worst_gap: float
    """Largest difference of any score of any picture."""
    worst_picture: str
    """Where it is."""
    labelled: int
    """Pictures with a true label; what follows is of these."""
    accuracy_a: float | None
    accuracy_b: float | None
    recall_a: dict[str, float | None]
    recall_b: dict[str, float | None]
    """By label; None where no picture has it."""

    def describe(self) -> list[str]:
        """The comparison as lines for a person."""
        lines = [
            f"same answer {percent(self.agreement)}, worst gap {self.worst_gap:.3f} ({self.worst_picture})",
            f"accuracy {percent(self.accuracy_a)} → {percent(self.accuracy_b)} of {self.labelled} labelled pictures"
            if self.labelled
            else "no labels: accuracy and recall are not known",
        ]
        for label, before in self.recall_a.items():
            after = self.recall_b[label]
            if before is not None and after is not None:
                lines.append(
                    f"  {label:12s} recall {percent(before)} → {percent(after)} ({100 * (after - before):+.1f})"
                )
        return lines


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same pictures."""

    a: str
    b: str
    pictures: int
    skipped: int
    """Files that are no pictures."""
    outputs: dict[str, OutputComparison]
    failures: tuple[str, ...]

    def describe(self) -> str:
        """The comparison as lines for a person."""
        lines = [f"{self.b} against {self.a} on {self.pictures} pictures"]
        for name, output in self.outputs.items():
            first, *others = output.describe()
            lines += [f"{name}: {first}", *(f"  {line}" for line in others)]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The comparison for programs."""
        return {"passed": not self.failures, **asdict(self)}


def compare_models(a: Path, b: Path, data: Path, bounds: Bounds, *, scale: Scale, limit: int) -> Comparison:
    """Compare `b` with `a` on the holdout faces of a run, or on at most `limit` pictures of a folder.

    Of a folder, sub-folders are the classes: by name for the heads that mien knows, else in alphabetical order if there
    are as many as the output has classes, or two where it has a single score.

    Raises:
        DataError: there are no pictures, or `bounds` ask for an accuracy and no labels are known.
        ModelError: a model cannot be run, or the two have no output in common.

    """
    log.info("%s, %s: loading", a, b)
    sides = open_side(a, scale), open_side(b, scale)
    source = _Run(data) if (data / CONFIG).is_file() and (data / HOLDOUT).is_file() else _Folder(data, limit)
    pixels = [source.pictures(side.shape) for side in sides]
    log.info("comparing on %d pictures", len(pixels[0].pixels))
    outputs = {}
    for name, before, after in _common(sides, [s.scores(p.pixels) for s, p in zip(sides, pixels, strict=True)]):
        outputs[name] = _compare(before, after, source.truth(name, before.shape[1]), pixels[0].names)
    if bounds.max_accuracy_drop is not None and not any(output.labelled for output in outputs.values()):
        raise DataError(
            f"{data}: no labels are known, so --max-accuracy-drop cannot be kept; give a folder with one sub-folder for each class"
        )
    return Comparison(
        sides[0].name, sides[1].name, len(pixels[0].pixels), pixels[0].skipped, outputs, _broken(outputs, bounds)
    )


class _Run:
    """Holdout faces with the labels of each head."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._holdout = directory, read_holdout(directory)

    def pictures(self, shape: Shape) -> Pictures:
        faces = self._holdout.faces[..., np.newaxis]
        if faces.shape[1:] != shape:
            raise DataError(f"{self._directory}: its faces are {faces.shape[1:]}, a model takes {shape}; give a folder")
        names = tuple(f"face {number}" for number in range(len(faces)))
        return Pictures(faces, (None,) * len(faces), names, 0)

    def truth(self, output: str, classes: int) -> Truth | None:
        head = next((head for head in self._holdout.labels if head == output), None)
        if head is None or len(HEAD_LABELS[head]) != classes:
            return None
        return HEAD_LABELS[head], self._holdout.labels[head]


class _Folder:
    """Pictures, one sub-folder a class."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._read: dict[Shape, Pictures] = {}

    def pictures(self, shape: Shape) -> Pictures:
        if shape not in self._read:
            self._read[shape] = read_folder(self._folder, shape, self._limit)
        return self._read[shape]

    def truth(self, output: str, classes: int) -> Truth | None:
        found = next(iter(self._read.values())).classes
        # Of all folders and not only of those that pictures were drawn from, else an absent class would shift the others.
        names = class_names(self._folder)
        labels = HEAD_LABELS[Head(output)] if output in set(Head) else tuple(names)
        if not names:
            return None
        if not set(names) <= set(labels) or len(labels) != max(classes, 2):
            log.warning(
                "%s: %d sub-folders are not the classes of %s, which has %d: its accuracy is not known",
                self._folder,
                len(names),
                output,
                classes,
            )
            return None
        return labels, np.array([-1 if name is None else labels.index(name) for name in found], np.int64)


def _common(sides: tuple[Side, Side], scores: list[Scores]) -> list[tuple[str, Probabilities, Probabilities]]:
    """The outputs that are compared: of the same name, or the only one of each."""
    before, after = scores
    if len(before) == len(after) == 1:
        (first, values), (second, others) = *before.items(), *after.items()
        name = next((name for name in (first, second) if name in set(Head)), first if first == second else "answer")
        pairs = [(name, values, others)]
    else:
        pairs = [(name, values, after[name]) for name, values in before.items() if name in after]
    if not pairs:
        raise ModelError(
            f"{sides[1].name}: has the outputs {' '.join(after)}, but {sides[0].name} has {' '.join(before)}; "
            "compare models that answer the same question"
        )
    for name, values, others in pairs:
        if values.shape != others.shape:
            raise ModelError(
                f"{sides[1].name}: output {name} has {others.shape[1]} classes, that of {sides[0].name} {values.shape[1]}"
                "; compare models of the same classes"
            )
    return pairs


def _compare(
    before: Probabilities, after: Probabilities, truth: Truth | None, names: tuple[str, ...]
) -> OutputComparison:
    answers_a, answers_b = _answers(before), _answers(after)
    labels, true = truth if truth is not None else ((), np.full(len(before), -1))
    rows, gaps = true >= 0, np.abs(before - after).max(axis=1)
    labelled = int(rows.sum())
    return OutputComparison(
        agreement=float((answers_a == answers_b).mean()),
        worst_gap=float(gaps.max()),
        worst_picture=names[int(gaps.argmax())],
        labelled=labelled,
        accuracy_a=float((answers_a == true)[rows].mean()) if labelled else None,
        accuracy_b=float((answers_b == true)[rows].mean()) if labelled else None,
        recall_a=recall_by_label(answers_a, true, labels),
        recall_b=recall_by_label(answers_b, true, labels),
    )


def _answers(scores: Probabilities) -> npt.NDArray[np.int64]:
    """The class (n,) that they give each picture. A single score (n, 1) is that of the second of two classes.

    It is a probability where all of a side's lie in [0, 1], else a logit.
    """
    if scores.shape[1] > 1:
        return np.asarray(scores.argmax(axis=1), np.int64)
    threshold = 0.5 if scores.min() >= 0 and scores.max() <= 1 else 0.0
    return (scores[:, 0] > threshold).astype(np.int64)


def _broken(outputs: dict[str, OutputComparison], bounds: Bounds) -> tuple[str, ...]:
    """One sentence for each bound that is not kept."""
    allowed = 0.01 if bounds.max_accuracy_drop is None else bounds.max_accuracy_drop
    failures = []
    for name, output in outputs.items():
        if output.agreement < bounds.min_agreement:
            failures.append(f"{name} agrees on {percent(output.agreement)}, less than {percent(bounds.min_agreement)}")
        if bounds.max_gap is not None and output.worst_gap > bounds.max_gap:
            failures.append(
                f"{name} has a gap of {output.worst_gap:.3f} ({output.worst_picture}), more than {bounds.max_gap:g}"
            )
        if output.accuracy_a is None or output.accuracy_b is None:
            continue
        drop = output.accuracy_a - output.accuracy_b
        if drop > allowed:
            failures.append(f"{name} loses {percent(drop)} accuracy, more than {percent(allowed)}")
    return tuple(failures)
