"""Beginning with weights that were learned before: fine-tuning on other faces, or a longer training of a good network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError
from mien_models.labels import Head
from mien_models.shipped import find_model
from mien_training.emotion.int8_weights import Affine, read_int8_weights
from mien_training.emotion.networks.phases import PHASES, has_phases, in_phases
from mien_training.emotion.networks.statistics import measure_statistics, set_affine
from mien_training.emotion.predictors import Predict, is_network, load_network, open_predictor

_COMPARED = 32  # faces on which it is tried
_ROUNDING, _INT8_COSTS = 0.001, 0.01  # of a probability, on average; and more than that
_OF_ONE_DESCENT = 0.05  # of a probability, on average: on faces .005 for runs from the same weights, .09 for strangers


def begin_with_mean(network: Any, sources: Sequence[str], faces: npt.NDArray[np.uint8]) -> set[str]:
    """Give the untrained `network` the mean of the weights that it would have from each of the `sources`, see `begin_with`.

    A head is the mean of those that have it. Returns the heads that any has; the others are as they were.

    Trainings that began with the same weights end in one valley; their mean lies nearer to its middle, where answers are as
    good as those of all of them asked together ("model soups", Wortsman et al. 2022).

    Raises:
        ManifestError: as `begin_with`.
        ModelError: as `begin_with`.
        ConfigError: a source is of another architecture, or the sources have too little in common to have a mean.

    """
    predict, answers = _predictor(network), defaultdict[str, list[Any]](list)
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    weights = defaultdict[str, list[Any]](list)
    for source in sources:
        heads = begin_with(network, source, faces)
        said = predict(faces[:_COMPARED])
        for head in heads:
            answers[head].append(said[Head(head)])
        for name in (layers.keys() - set(network.output_names)) | heads:
            weights[name].append(layers[name].get_weights())
    for name, of_sources in weights.items():
        layers[name].set_weights([np.mean(of_all, axis=0) for of_all in zip(*of_sources, strict=True)])
    together = {Head(head): np.mean(of_sources, axis=0) for head, of_sources in answers.items()}
    if not _answers_like(network, lambda _: together, faces, _OF_ONE_DESCENT):
        raise ConfigError(
            f"--warm-start {' and '.join(sources)}: their mean answers as none of them does; give runs that began with the same weights"
        )
    return set(answers)


def begin_with(network: Any, source: str, faces: npt.NDArray[np.uint8]) -> set[str]:
    """Give the untrained `network` the weights of `source`: its trunk, and the heads of the same name, which it returns.

    `source` is a run, a .keras file, or an int8 model: a directory, or the name of a shipped one. Of an int8 model the
    normalisations, which conversion folded, take their statistics from `faces` (n, 48, 48).

    It may have fewer residual blocks: the further ones add 0 to what passes by until they have learned. Where `network`
    halves the picture at once, the source may do so with its second convolution (`networks.phases`).

    Raises:
        ManifestError: the model directory is damaged or of another kind.
        ModelError: there is no such network.
        ConfigError: it is of another architecture.

    """
    if is_network(source):
        return _begin_with_network(network, load_network(Path(source)), source, faces)
    return _begin_with_int8(network, source, faces)


def _begin_with_network(network: Any, trained: Any, source: str, faces: npt.NDArray[np.uint8]) -> set[str]:
    other = _of_another_architecture(source, f"a {trained.name}", network)
    if trained.input_shape != network.input_shape:
        raise other
    learned, added = [layer.get_weights() for layer in _trunk(trained)], []
    # A convolution, its normalisation, and the next convolution.
    if _halves_sooner(network, [weights[0] for weights in learned[:3:2]]):
        first, normalisation, second = learned[:3]
        kernels = in_phases(first[0], second[0])
        learned[:3] = [kernels[0]], [np.tile(vector, PHASES) for vector in normalisation], [kernels[1]]
    for layer in _trunk(network):
        if learned and _shapes(layer) == [weight.shape for weight in learned[0]]:
            layer.set_weights(learned.pop(0))
        else:
            added.append(layer)
    heads: set[str] = set(network.output_names) & set(trained.output_names)
    if learned or not _take_heads(network, {head: trained.get_layer(head).get_weights() for head in heads}):
        raise other
    _add_nothing(network, added)
    if (added and not heads) or not _answers_like(network, _predictor(trained), faces, _ROUNDING):
        raise other
    return heads


def _begin_with_int8(network: Any, source: str, faces: npt.NDArray[np.uint8]) -> set[str]:
    """Each folded convolution becomes the same convolution with a normalisation that adds its bias."""
    import keras

    weights = read_int8_weights(find_model(source))
    other = _of_another_architecture(source, "another network", network)
    if not weights.convolutions:
        raise other
    pairs = [
        (layer, _normalisation(network, layer)) for layer in network.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    left, added = list(weights.convolutions), []
    # From bytes to the range that the network brings them to.
    scale = next((layer.scale for layer in network.layers if isinstance(layer, keras.layers.Rescaling)), 1.0)
    left[0] = Affine(left[0].kernel / np.float32(scale), left[0].bias)
    if _halves_sooner(network, [given.kernel for given in left]):
        kernels = in_phases(left[0].kernel, left[1].kernel)
        left[:2] = Affine(kernels[0], np.tile(left[0].bias, PHASES)), Affine(kernels[1], left[1].bias)
    for convolution, normalisation in pairs:
        # The branches of a block may come in another order in the file; those of one shape follow each other on one path.
        place = next((i for i, given in enumerate(left) if given.kernel.shape == tuple(convolution.kernel.shape)), None)
        if place is None:
            added.append(normalisation)
            continue
        given = left.pop(place)
        convolution.set_weights([given.kernel])
        set_affine(normalisation, np.ones_like(given.bias), given.bias)
    heads = {
        str(head): [given.kernel, given.bias] for head, given in weights.heads.items() if head in network.output_names
    }
    if left or not _take_heads(network, heads):
        raise other
    _add_nothing(network, added)
    measure_statistics(network, pairs, faces)
    if (added and not heads) or not _answers_like(network, open_predictor(source), faces, _INT8_COSTS):
        raise other
    return set(heads)


def _halves_sooner(network: Any, kernels: list[npt.NDArray[np.float32]]) -> bool:
    """Whether the network begins with the first two of these `kernels` in phases."""
    return has_phases(_shapes(_trunk(network)[0])[0], [kernel.shape for kernel in kernels])


def _take_heads(network: Any, heads: Mapping[str, list[npt.NDArray[np.float32]]]) -> bool:
    """Give the `heads`, by name, their weights; whether these have the shapes of the network's."""
    for head, weights in heads.items():
        layer = network.get_layer(head)
        if _shapes(layer) != [tuple(weight.shape) for weight in weights]:
            return False
        layer.set_weights(weights)
    return True


def _add_nothing(network: Any, layers: list[Any]) -> None:
    """Let the residual branches that end in one of these `layers` add 0 at first (Goyal et al. 2017, section 5.1).

    So a network with more blocks begins with the answers of one with fewer.
    """
    import keras

    sums = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    branches = [tensor for layer in sums for tensor in layer.input]
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization) and any(layer.output is end for end in branches):
            _, offset, mean, variance = layer.get_weights()
            layer.set_weights([np.zeros_like(offset), np.zeros_like(offset), mean, variance])


def _answers_like(network: Any, trained: Predict, faces: npt.NDArray[np.uint8], tolerance: float) -> bool:
    """Whether `network` answers as its source does in the heads that both have."""
    answers, wanted = _predictor(network)(faces[:_COMPARED]), trained(faces[:_COMPARED])
    return all(np.abs(answers[head] - wanted[head]).mean() < tolerance for head in set(answers) & set(wanted))


def _predictor(model: Any) -> Predict:
    """Asks a network about a few faces at once; `model.predict` would be compiled anew, with a warning, for each of several."""
    import keras

    def predict(faces: npt.NDArray[np.uint8]) -> dict[Head, npt.NDArray[np.float32]]:
        answers = model(faces[..., np.newaxis].astype(np.float32), training=False)
        return {Head(name): keras.ops.convert_to_numpy(values) for name, values in answers.items()}

    return predict


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
    return ConfigError(
        f"--warm-start {source}: is {what}, not a {network.name}; give the --arch it was made with, or a deeper one of its kind"
    )


def _trunk(model: Any) -> list[Any]:
    """Layers with weights in their order, which is that of building; their names are counted anew in each process."""
    return [layer for layer in model.layers if layer.weights and layer.name not in model.output_names]


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
