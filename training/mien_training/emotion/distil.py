"""Distillation: a network learns from the answers of trained ones, on the very pictures that it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError
from mien_models.labels import LABEL_SETS, Head
from mien_models.runner import Classifier
from mien_models.shipped import find_model
from mien_training.emotion.augment import Pixels, warp
from mien_training.emotion.batches import Targets
from mien_training.emotion.predictors import is_network, load_network, read_faces
from mien_training.precision import for_training

Answers = dict[Any, npt.NDArray[np.float32]]
"""Probabilities (b, k) by the name of their head."""

_BATCH = 256
_VIEWS = tuple((mirror * scale, scale) for scale in (1.0, 1.08) for mirror in (1.0, -1.0))
"""By how much a face is drawn wider and higher. Their mean answer is right more often than the first's alone."""


class Teachers:
    """Trained networks whose mean answer is a target beside the labels (Hinton et al. 2015).

    `blend`: they see the same augmented and mixed view as the pupil ("function matching", Beyer et al. 2022), so that their
    answers say something new in every epoch. `blend_faces`: they see each face once, as it lies in the data and in three
    more views; a pupil that is shown it moved and hidden then learns to give the same answer all the same. Their
    probabilities are calibrated, hence soft enough without a temperature.
    """

    def __init__(self, names: Sequence[str], share: float, precision: str) -> None:
        """`names` are runs, .keras files or int8 models: directories, or names of shipped ones.

        `share` is the teachers' part of each target, the labels' is the rest.

        Raises:
            ManifestError: a model directory is damaged or of another kind.
            ModelError: there is no such network.

        """
        opened = [_open(name, precision) for name in names]
        self._heads = {head for heads, _ in opened for head in heads}
        self._teachers = [answer for _, answer in opened]
        self._share = share

    def check(self, heads: tuple[Head, ...]) -> None:
        """See that the teachers can teach something.

        Raises:
            ConfigError: no teacher has a head of the pupil's.

        """
        if not any(head in self._heads for head in heads if head in LABEL_SETS):
            raise ConfigError(f"no teacher answers in {' or '.join(heads)}; name another --teacher")

    def blend(self, pixels: Pixels, targets: Targets) -> Targets:
        """The targets (b, k) by head with the teachers' answers to `pixels` (b, 48, 48, 1) blended in.

        A row's sum, which is its weight in the loss, stays: who has no label is not taught either.
        """
        answers = [answer(pixels) for answer in self._teachers]
        return {head: self._blend(table, [a[head] for a in answers if head in a]) for head, table in targets.items()}

    def blend_faces(self, faces: npt.NDArray[np.uint8], targets: Targets) -> Targets:
        """The targets (n, k) by head with the teachers' answers to the faces themselves (n, 48, 48) blended in."""
        blended = []
        for start in range(0, len(faces), _BATCH):
            rows = slice(start, start + _BATCH)
            views = [np.stack([warp(face, np.diag(size), np.zeros(2)) for face in faces[rows]]) for size in _VIEWS]
            part = {head: table[rows] for head, table in targets.items()}
            of_views = [self.blend(view[..., np.newaxis].astype(np.float32), part) for view in views]
            blended.append({head: np.mean([view[head] for view in of_views], axis=0) for head in targets})
        return {head: np.concatenate([part[head] for part in blended]) for head in targets}

    def _blend(self, table: npt.NDArray[np.float32], answers: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        if not answers:
            return table
        taught = np.mean(answers, axis=0)
        weights = table.sum(axis=1, keepdims=True)
        mixed = (1 - self._share) * table + self._share * weights * taught / taught.sum(axis=1, keepdims=True)
        return np.asarray(mixed, np.float32)


def _open(name: str, precision: str) -> tuple[Sequence[str], Callable[[Pixels], Answers]]:
    """A teacher's heads, and what gives its answers to pixels (b, 48, 48, 1)."""
    if is_network(name):
        model = for_training(load_network(Path(name)), precision)
        return model.output_names, model.predict_on_batch
    classifier = Classifier.open(find_model(name))
    return classifier.heads, lambda pixels: read_faces(classifier, np.rint(pixels[..., 0]).astype(np.uint8))
