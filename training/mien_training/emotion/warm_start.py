"""Beginning with weights that were learned before: fine-tuning on other faces, or a longer training of a good network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError
from mien_models.shipped import find_model
from mien_training.emotion.evaluate import is_network, load_network
from mien_training.emotion.int8_weights import Affine, mean_weights, read_int8_weights
from mien_training.emotion.networks.statistics import measure_statistics, set_affine


def begin_with(network: Any, sources: Sequence[str], faces: npt.NDArray[np.uint8]) -> None:
    """Give the untrained `network` the weights of `sources`: its trunk, and the heads of the same name.

    One is a run, a .keras file, or an int8 model: a directory, or the name of a shipped one. Several are int8 models, of
    whose weights it is the mean: it is as right as the best of what was trained from one beginning, and steadier (Wortsman
    et al. 2022, "Model soups"). Of int8 models the normalisations, which conversion folded, take their statistics from
    `faces` (n, 48, 48).

    Raises:
        ManifestError: the model directory is damaged or of another kind.
        ModelError: there is no such network.
        ConfigError: it is of another architecture, or one of several is no int8 model.

    """
    runs = [source for source in sources if is_network(source)]
    if not runs:
        _begin_with_int8(network, sources, faces)
    elif len(sources) == 1:
        _begin_with_network(network, load_network(Path(runs[0]).expanduser()), runs[0])
    else:
        raise ConfigError(
            f"--warm-start {runs[0]}: a mean is taken of int8 models only; convert it with `mien-convert quantize` first"
        )


def _begin_with_network(network: Any, trained: Any, source: str) -> None:
    trunk, learned = _trunk(network), _trunk(trained)
    if [_shapes(layer) for layer in trunk] != [_shapes(layer) for layer in learned]:
        raise _of_another_architecture(source, f"a {trained.name}", network)
    for layer, earlier in zip(trunk, learned, strict=True):
        layer.set_weights(earlier.get_weights())
    for head in set(network.output_names) & set(trained.output_names):
        network.get_layer(head).set_weights(trained.get_layer(head).get_weights())


def _begin_with_int8(network: Any, sources: Sequence[str], faces: npt.NDArray[np.uint8]) -> None:
    """Each folded convolution becomes the same convolution with a normalisation that adds its bias."""
    import keras

    models = [read_int8_weights(find_model(source)) for source in sources]
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    pairs = [(layer, _normalisation(network, layer)) for layer in convolutions]
    wanted = sorted(tuple(layer.kernel.shape) for layer in convolutions)
    first = [given.kernel.shape for given in models[0].convolutions]
    for source, model in zip(sources, models, strict=True):
        shapes = [given.kernel.shape for given in model.convolutions]
        if sorted(shapes) != wanted or shapes != first:
            raise _of_another_architecture(source, "another network", network)
    weights = mean_weights(models)
    left = list(weights.convolutions)
    # From bytes to the range that the network brings them to.
    scale = next((layer.scale for layer in network.layers if isinstance(layer, keras.layers.Rescaling)), 1.0)
    left[0] = Affine(left[0].kernel / np.float32(scale), left[0].bias)
    for convolution, normalisation in pairs:
        # The branches of a block may come in another order in the file; those of one shape follow each other on one path.
        place = next(i for i, given in enumerate(left) if given.kernel.shape == tuple(convolution.kernel.shape))
        given = left.pop(place)
        convolution.set_weights([given.kernel])
        set_affine(normalisation, np.ones_like(given.bias), given.bias)
    for head in set(network.output_names) & set(weights.heads):
        network.get_layer(head).set_weights([weights.heads[head].kernel, weights.heads[head].bias])
    measure_statistics(network, pairs, faces)


def _normalisation(network: Any, convolution: Any) -> Any:
    import keras

    found = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.input is convolution.output
    ]
    if not found or convolution.use_bias:
        raise ConfigError(f"--warm-start: a {network.name} begins with runs only, not with an int8 model")
    return found[0]


def _of_another_architecture(source: str, what: str, network: Any) -> ConfigError:
    return ConfigError(f"--warm-start {source}: is {what}, not a {network.name}; give the --arch it was made with")


def _trunk(model: Any) -> list[Any]:
    """Layers with weights in their order, which is that of building; their names are counted anew in each process."""
    return [layer for layer in model.layers if layer.weights and layer.name not in model.output_names]


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
