"""An epoch's loss is the mean of its batches', not the last one's."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow")]


def test_the_loss_is_the_mean_of_all_batches() -> None:
    """A network that answers 0 and learns nothing: the squared error of targets 1, 2 and 3 is 1, 4 and 9."""
    import keras

    from mien_training.epochs import train_epoch

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.0), "mean_squared_error")
    batches = [(np.ones((4, 1), np.float32), np.full((4, 1), target, np.float32)) for target in (1, 2, 3)]
    assert train_epoch(model, batches, len(batches)) == pytest.approx(14 / 3)
