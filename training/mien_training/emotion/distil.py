"""Distillation: a network learns from the answers of trained ones, on the very pictures that it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError
from mien_models.labels import LABEL_SETS, Head
from mien_training.emotion.augment import Pixels, Targets
from mien_training.emotion.evaluate import load_network
from mien_training.precision import for_training


class Teachers:
    """Trained networks whose mean answer is a target beside the labels (Hinton et al. 2015).

    They see the same augmented and mixed view as the pupil ("function matching", Beyer et al. 2022), so that their answers
    say something new in every epoch. Their probabilities are calibrated, hence soft enough without a temperature.
    """

    def __init__(self, names: Sequence[str], share: float, precision: str) -> None:
        """`names` are runs or .keras files; `share` is the teachers' part of each target, the labels' is the rest.

        Raises:
            ModelError: there is no such network.

        """
        self._models = [for_training(load_network(Path(name).expanduser()), precision) for name in names]
        self._share = share

    def check(self, heads: tuple[Head, ...]) -> None:
        """See that the teachers can teach something.

        Raises:
            ConfigError: no teacher has a head of the pupil's.

        """
        if not any(head in model.output_names for model in self._models for head in heads if head in LABEL_SETS):
            raise ConfigError(f"no teacher answers in {' or '.join(heads)}; name another --teacher")

    def blend(self, pixels: Pixels, targets: Targets) -> Targets:
        """The targets (b, k) by head with the teachers' answers to `pixels` (b, 48, 48, 1) blended in.

        A row's sum, which is its weight in the loss, stays: who has no label is not taught either.
        """
        answers = [model.predict_on_batch(pixels) for model in self._models]
        return {head: self._blend(table, [a[head] for a in answers if head in a]) for head, table in targets.items()}

    def _blend(self, table: npt.NDArray[np.float32], answers: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        if not answers:
            return table
        taught = np.mean(answers, axis=0)
        weights = table.sum(axis=1, keepdims=True)
        mixed = (1 - self._share) * table + self._share * weights * taught / taught.sum(axis=1, keepdims=True)
        return np.asarray(mixed, np.float32)
