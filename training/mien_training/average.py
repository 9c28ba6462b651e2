"""The running average of the weights that the optimizer keeps, in the place of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def running_average(model: Any) -> Iterator[None]:
    """The model with the running average as its weights, for as long as the block lasts."""
    current = [weight.copy() for weight in model.get_weights()]
    use_running_average(model)
    try:
        yield
    finally:
        model.set_weights(current)


def use_running_average(model: Any) -> None:
    """Put the running average in the place of the weights, for good."""
    variables = model.trainable_variables
    model.optimizer.finalize_variable_values(variables)
    # On JAX the weights and their average now share memory, and the next prediction gives that of the weights away.
    for variable in variables:
        variable.assign(variable.numpy().copy())


def settle_normalisation(model: Any, pictures: Iterable[Any]) -> None:
    """Measure the statistics of batch normalisation anew on batches of pictures, for the weights as they are now.

    The running statistics belong to the weights of the last steps, not to their average; without this the average
    answers with a constant as long as the weights still move (Izmailov et al. 2018, section 3.2).
    """
    for batch in pictures:
        model(batch, training=True)
