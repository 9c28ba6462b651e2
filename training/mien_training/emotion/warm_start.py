"""Beginning with weights that were learned before: fine-tuning on other faces, or a longer training of a good network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mien_models.errors import ConfigError
from mien_training.emotion.evaluate import load_network


def begin_with(network: Any, source: Path) -> None:
    """Give the untrained `network` the weights of the run or .keras file `source`: its trunk, and the heads of the same name.

    Raises:
        ModelError: there is no such network.
        ConfigError: it is of another architecture.

    """
    trained = load_network(source)
    trunk, learned = _trunk(network), _trunk(trained)
    if [_shapes(layer) for layer in trunk] != [_shapes(layer) for layer in learned]:
        raise ConfigError(
            f"--warm-start {source}: is a {trained.name}, not a {network.name}; give the --arch it was made with"
        )
    for layer, earlier in zip(trunk, learned, strict=True):
        layer.set_weights(earlier.get_weights())
    for head in set(network.output_names) & set(trained.output_names):
        network.get_layer(head).set_weights(trained.get_layer(head).get_weights())


def _trunk(model: Any) -> list[Any]:
    """Layers with weights in their order, which is that of building; their names are counted anew in each process."""
    return [layer for layer in model.layers if layer.weights and layer.name not in model.output_names]


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
