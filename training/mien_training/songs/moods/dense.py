"""Small dense networks, many at once: a hundred of them cost hardly more time than one.

k folds and several initial seeds mean hundreds of networks with a hundred weights each, and a training step of such a network is
all overhead. Here they stand side by side in one network whose layers hold a matrix for each; they share nothing, so each
learns just what it would alone (`tests/training/songs/test_dense.py` trains one alone beside them).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

HIDDEN = 8
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How such a network is trained. The defaults are the earlier system's: Dense 8 ReLU → softmax, Adam, cross-entropy."""

    inputs: Literal["range", "normal"] = "range"
    """Each feature brought to 0…1 by its least and greatest value, or to a normal distribution by its quantiles."""
    learning_rate: float = 1e-3
    decay: bool = False
    """Whether the learning rate falls to zero along a cosine."""
    l2: float = 0.0
    """Times the squares of both kernels, added to the loss."""
    epochs: int = 300
    batch: int = 200


SEED = Recipe()
MENDED = Recipe(inputs="normal", learning_rate=1e-2, decay=True, l2=2e-3)
"""What was wrong: 1,200 steps at 1e-3 end before the network has learned, and half of the features lie in a corner of their range."""


@dataclass(frozen=True, eq=False)
class Task:
    """One training: what is learned from, what is asked, and what makes its chance."""

    features: npt.NDArray[np.float64]
    """(n, d)"""
    labels: npt.NDArray[np.int64]
    """(n,)"""
    asked: npt.NDArray[np.float64]
    """(m, d)"""
    seed: tuple[int, ...]
    """Of the first weights and of the order of the songs."""


def answers(recipe: Recipe, tasks: list[Task], classes: int) -> list[Array]:
    """Train a network for each task and return its probabilities (m, classes) for what is asked, in the order of the tasks."""
    alike = defaultdict(list)  # those that take as many steps an epoch go together
    for number, task in enumerate(tasks):
        alike[-(-len(task.labels) // recipe.batch)].append(number)
    result: dict[int, Array] = {}
    for numbers in alike.values():
        stack = _Stack(recipe, [tasks[number] for number in numbers], classes)
        result |= dict(zip(numbers, stack.train(), strict=True))
    return [result[number] for number in range(len(tasks))]


def scaler(inputs: Literal["range", "normal"], rows: int) -> Any:
    """The unfitted scaler of scikit-learn for so many training rows."""
    from sklearn.preprocessing import MinMaxScaler, QuantileTransformer

    if inputs == "range":
        return MinMaxScaler()
    return QuantileTransformer(n_quantiles=min(200, rows), output_distribution="normal")


def first_weights(rng: np.random.Generator, inputs: int, classes: int) -> list[Array]:
    """Kernel and bias of both layers: Keras's own beginning, uniform after Glorot and Bengio 2010, and zeros."""
    weights = []
    for width, units in ((inputs, HIDDEN), (HIDDEN, classes)):
        limit = np.sqrt(6 / (width + units))
        weights += [rng.uniform(-limit, limit, (width, units)), np.zeros(units)]
    return [weight.astype(np.float32) for weight in weights]


def network(recipe: Recipe, models: int, inputs: int, classes: int, steps: int) -> Any:
    """So many compiled networks side by side, (b, models, inputs) → (b, models, classes).

    The loss is a sum, so that a sample weight of one by the size of the network's batch makes it each network's own mean.
    """
    import keras

    def dense(units: int, activation: str) -> Any:
        return keras.layers.EinsumDense(
            "bmi,mio->bmo",
            output_shape=(models, units),
            activation=activation,
            bias_axes="mo",
            kernel_regularizer=keras.regularizers.L2(recipe.l2) if recipe.l2 else None,
        )

    built = keras.Sequential([keras.layers.Input((models, inputs)), dense(HIDDEN, "relu"), dense(classes, "softmax")])
    built.compile(make_optimizer(recipe, steps), keras.losses.SparseCategoricalCrossentropy(reduction="sum"))
    return built


def make_optimizer(recipe: Recipe, steps: int) -> Any:
    """Adam, for a training of so many steps."""
    import keras

    rate = recipe.learning_rate
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps) if recipe.decay else rate)


class _Stack:
    """Tasks that are trained together."""

    def __init__(self, recipe: Recipe, tasks: list[Task], classes: int) -> None:
        self.recipe = recipe
        self.sizes = np.array([len(task.labels) for task in tasks])
        longest, inputs = int(self.sizes.max()), tasks[0].features.shape[1]
        self.features = np.zeros((len(tasks), longest, inputs), np.float32)
        self.labels = np.zeros((len(tasks), longest), np.int64)
        self.asked = []
        for number, task in enumerate(tasks):
            fitted = scaler(recipe.inputs, len(task.labels)).fit(task.features)
            self.features[number, : len(task.labels)] = fitted.transform(task.features)
            self.labels[number, : len(task.labels)] = task.labels
            self.asked.append(fitted.transform(task.asked).astype(np.float32))
        self.chances = [np.random.default_rng(task.seed) for task in tasks]
        self.steps = -(-longest // recipe.batch)
        self.network = network(recipe, len(tasks), inputs, classes, self.steps * recipe.epochs)
        first = [first_weights(chance, inputs, classes) for chance in self.chances]
        self.network.set_weights([np.stack(same) for same in zip(*first, strict=True)])

    def train(self) -> list[Array]:
        """All epochs; returns the answers of each network."""
        models = np.arange(len(self.sizes))[:, None]
        for epoch in range(self.recipe.epochs):
            order, weight = self._shuffle()
            for step in range(self.steps):
                part = slice(step * self.recipe.batch, (step + 1) * self.recipe.batch)
                rows, counted = order[:, part], weight[:, part]
                self.network.train_on_batch(
                    self.features[models, rows].transpose(1, 0, 2),
                    self.labels[models, rows].T,
                    sample_weight=(counted / counted.sum(axis=1, keepdims=True)).T,
                )
            if (epoch + 1) % 50 == 0:
                log.info("  epoch %d/%d of %d networks", epoch + 1, self.recipe.epochs, len(self.sizes))
        return self._answers()

    def _shuffle(self) -> tuple[npt.NDArray[np.int64], Array]:
        """The order (models, rows) of an epoch for each network, and 1 for its own rows, 0 for what fills up the last batch."""
        order = np.zeros((len(self.sizes), self.steps * self.recipe.batch), np.int64)
        for number, (chance, size) in enumerate(zip(self.chances, self.sizes, strict=True)):
            order[number, :size] = chance.permutation(size)
        return order, (np.arange(order.shape[1]) < self.sizes[:, None]).astype(np.float32)

    def _answers(self) -> list[Array]:
        longest = max(len(asked) for asked in self.asked)
        inputs = np.stack([np.pad(asked, ((0, longest - len(asked)), (0, 0))) for asked in self.asked], axis=1)
        probabilities = np.asarray(self.network.predict_on_batch(inputs))
        return [probabilities[: len(asked), number] for number, asked in enumerate(self.asked)]
