"""The earlier system's network, and one training of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import OutcomeError
from mien_models.validation import Strict
from mien_training.songs.valence.clips import FRAMES
from mien_training.songs.valence.mel import BANDS

DROPOUT = 0.3
"""Not given in its description."""

Array = npt.NDArray[np.float32]


class Settings(Strict):
    """What the search looks for."""

    learning_rate: float
    batch: int


class Epoch(Strict):
    """An epoch of a training, both losses in the labels' unit squared."""

    training: float
    """Mean squared error while it learned, dropout and all."""
    validation: float


@dataclass(frozen=True, eq=False)
class Fitted:
    """What came of a training."""

    history: list[Epoch]
    training_mse: float
    """On what it learned from, as it is: without dropout."""
    answers: Array
    """(m,) valence of the validation clips."""


def build() -> Any:
    """Dense 256, 128 and 64, each with ReLU, batch normalisation and dropout, then one linear output."""
    import keras

    layers: list[Any] = [keras.layers.Input((FRAMES * BANDS,))]
    for units in (256, 128, 64):
        layers += [keras.layers.Dense(units, activation="relu"), keras.layers.BatchNormalization()]
        layers += [keras.layers.Dropout(DROPOUT)]
    return keras.Sequential([*layers, keras.layers.Dense(1)])


class Trainer:
    """Trains the network again and again from the same first weights; built once, because building costs more than training."""

    def __init__(self, seed: int) -> None:
        import keras

        keras.utils.set_random_seed(seed)
        self._seed = seed
        self._model = build()
        self._model.compile(keras.optimizers.Adam(), "mse")
        self._model.optimizer.build(self._model.trainable_variables)
        self._variables = [*self._model.variables, *self._model.optimizer.variables]
        self._first = [variable.numpy() for variable in self._variables]

    def fit(
        self, patches: Array, valence: Array, asked: Array, truth: Array, settings: Settings, epochs: int
    ) -> Fitted:
        """Train on patches (n, 2048) with their valence (n,), with Adam; answer for `asked` (m, 2048), whose truth is known.

        Inputs and labels are brought to mean 0 and standard deviation 1 by those of the training clips, and answers back.

        Raises:
            OutcomeError: the loss is no number any more.

        """
        from mien_training.epochs import train_epoch

        for variable, first in zip(self._variables, self._first, strict=True):
            variable.assign(first)
        self._model.optimizer.learning_rate = settings.learning_rate
        mean, sd = patches.mean(axis=0), np.maximum(patches.std(axis=0), 1e-3)
        middle, spread = valence.mean(), max(float(valence.std()), 1e-6)
        inputs, asked = (patches - mean) / sd, (asked - mean) / sd
        targets = (valence - middle) / spread
        chance, history = np.random.default_rng(self._seed), []
        for number in range(epochs):
            order = chance.permutation(len(inputs))
            parts = [order[start : start + settings.batch] for start in range(0, len(order), settings.batch)]
            try:
                loss = train_epoch(self._model, ((inputs[rows], targets[rows]) for rows in parts), len(parts))
            except FloatingPointError as error:
                raise OutcomeError(
                    f"epoch {number + 1}, {error}, at learning rate {settings.learning_rate:g}"
                ) from None
            answers = self._answer(asked) * spread + middle
            history.append(Epoch(training=loss * spread**2, validation=float(np.mean((answers - truth) ** 2))))
        known = self._answer(inputs) * spread + middle
        return Fitted(history=history, training_mse=float(np.mean((known - valence) ** 2)), answers=answers)

    def _answer(self, inputs: Array) -> Array:
        answers: Array = np.asarray(self._model.predict_on_batch(inputs))[:, 0]
        return answers
