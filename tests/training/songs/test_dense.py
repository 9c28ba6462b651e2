"""Networks side by side learn what each would alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from mien_training.songs.moods import dense
from mien_training.songs.moods.dense import Recipe, Task

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("training_extra")]

CLASSES = 3


def alone(recipe: Recipe, task: Task) -> npt.NDArray[np.float32]:
    """The recipe as anyone would write it: Keras's Dense, one network, batches as they come."""
    import keras

    chance = np.random.default_rng(task.seed)
    l2 = keras.regularizers.L2(recipe.l2) if recipe.l2 else None
    model = keras.Sequential(
        [
            keras.layers.Input((task.features.shape[1],)),
            keras.layers.Dense(8, activation="relu", kernel_regularizer=l2),
            keras.layers.Dense(CLASSES, activation="softmax", kernel_regularizer=l2),
        ]
    )
    steps = -(-len(task.labels) // recipe.batch)
    model.compile(dense.make_optimizer(recipe, steps * recipe.epochs), "sparse_categorical_crossentropy")
    model.set_weights(dense.first_weights(chance, task.features.shape[1], CLASSES))
    scaler = dense.scaler(recipe.inputs, len(task.labels)).fit(task.features)
    features = scaler.transform(task.features).astype(np.float32)
    for _ in range(recipe.epochs):
        order = chance.permutation(len(task.labels))
        for start in range(0, len(order), recipe.batch):
            rows = order[start : start + recipe.batch]
            model.train_on_batch(features[rows], task.labels[rows])
    return np.asarray(model.predict_on_batch(scaler.transform(task.asked).astype(np.float32)))


@pytest.mark.parametrize("recipe", [dense.SEED, dense.MENDED])
def test_a_network_among_others_is_the_plain_recipe(recipe: Recipe) -> None:
    recipe = replace(recipe, epochs=10, batch=20, learning_rate=0.03)
    rng = np.random.default_rng(0)
    tasks = []
    for seed, rows in enumerate((50, 61)):  # last batches of other lengths, and one that takes a step more
        features = rng.normal(size=(rows, 10))
        tasks.append(Task(features, features[:, :CLASSES].argmax(axis=1), features[seed:], (seed, 1)))

    together = dense.answers(recipe, tasks, CLASSES)

    for task, answer in zip(tasks, together, strict=True):
        np.testing.assert_allclose(answer, alone(recipe, task), atol=1e-3)
    first_epoch = dense.answers(replace(recipe, epochs=1), tasks, CLASSES)
    for answer, earlier in zip(together, first_epoch, strict=True):
        assert np.abs(answer - earlier).max() > 0.1  # there was enough to learn for them to differ


def test_the_earlier_recipe_is_the_described_one() -> None:
    described = Recipe(inputs="range", learning_rate=1e-3, decay=False, l2=0, epochs=300, batch=200)
    assert described == dense.SEED
    model = dense.network(dense.SEED, models=1, inputs=10, classes=4, steps=1)
    assert [weight.shape for weight in model.get_weights()] == [(1, 10, 8), (1, 8), (1, 8, 4), (1, 4)]
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "softmax"]
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(1e-3)
