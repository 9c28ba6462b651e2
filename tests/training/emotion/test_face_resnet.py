"""The teacher that starts from a recogniser's weights: they arrive, and normalisation changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.errors import DataError
from mien_models.labels import Head
from tests.training.conftest import KERAS_WARNING

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]

FACES = np.random.default_rng(0).integers(0, 256, (8, 48, 48), np.uint8)
MANIFEST = "face_recognition_model-weights_manifest.json"


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory, tensorflow: None) -> Path:
    """A manifest of the recogniser's form with random weights; the stem's filters as bytes, the others as floats."""
    from mien_training.emotion.networks.face_resnet import face_resnet

    rng = np.random.default_rng(1)
    entries: list[dict[str, Any]] = []
    content = b""
    for layer in face_resnet((Head.FER,)).layers:
        if not layer.name.endswith(".conv"):
            continue
        stem = layer.name.removesuffix(".conv").replace(".", "/")
        *size, channels, width = layer.kernel.shape
        shape = [*size, 3 if stem == "conv32_down" else channels, width]
        if stem == "conv32_down":
            quantisation = {"dtype": "uint8", "scale": 0.001, "min": -0.128}
            entries.append(
                {"name": f"{stem}/conv/filters", "shape": shape, "dtype": "float32", "quantization": quantisation}
            )
            content += rng.integers(0, 256, shape, np.uint8).tobytes()
        else:
            entries.append({"name": f"{stem}/conv/filters", "shape": shape, "dtype": "float32"})
            content += rng.normal(0, 0.05, shape).astype(np.float32).tobytes()
        for name in ("conv/bias", "scale/weights", "scale/biases"):
            entries.append({"name": f"{stem}/{name}", "shape": [width], "dtype": "float32"})
            content += rng.uniform(0.2, 1, width).astype(np.float32).tobytes()
    folder = tmp_path_factory.mktemp("recogniser")
    (folder / "weights.bin").write_bytes(content)
    (folder / MANIFEST).write_text(json.dumps([{"paths": ["weights.bin"], "weights": entries}]))
    return folder / MANIFEST


def test_the_network_computes_what_the_recogniser_does(recogniser: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from mien_training.emotion.networks import face_resnet as module

    def features() -> np.ndarray:
        model = module.face_resnet((Head.FER,))
        module.warm_start(model, recogniser, FACES)
        pooled = next(layer for layer in model.layers if "global_average" in layer.name)
        trunk = keras.Model(model.inputs, pooled.output)
        result: np.ndarray = trunk.predict(FACES[..., np.newaxis].astype(np.float32), verbose=0)
        return result

    normalised = features()
    monkeypatch.setattr(
        module, "measure_statistics", lambda *_: None
    )  # scales and offsets as they are, no normalisation
    plain = features()

    assert normalised.std() > 0
    np.testing.assert_allclose(normalised, plain, rtol=1e-3, atol=1e-3 * np.abs(plain).max())


def test_grey_filters_are_the_sum_of_the_coloured(recogniser: Path) -> None:
    from mien_training.emotion.networks import face_resnet as module

    model = module.face_resnet((Head.FER,))
    module.warm_start(model, recogniser, FACES)
    coloured = module._read_weights(recogniser)["conv32_down.conv.filters"]
    assert coloured.min() == pytest.approx(-0.128, abs=2e-3)
    grey = model.get_layer("conv32_down.conv").get_weights()[0][:, :, 0]
    factor = grey.std() / coloured.sum(axis=2).std()
    np.testing.assert_allclose(grey, factor * coloured.sum(axis=2), atol=1e-5)


def test_filters_are_as_large_as_untrained_ones(recogniser: Path) -> None:
    """Or the first steps of an optimizer such as Adam, which are equally long for all weights, would overwrite them."""
    from mien_training.emotion.networks import face_resnet as module

    untrained = module.face_resnet((Head.FER,))
    model = module.face_resnet((Head.FER,))
    module.warm_start(model, recogniser, FACES)
    for layer in model.layers:
        if layer.name.endswith(".conv"):
            expected = untrained.get_layer(layer.name).kernel.numpy().std()
            assert layer.kernel.numpy().std() == pytest.approx(expected, rel=0.1), layer.name


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_filters_without_any_size(recogniser: Path, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    from mien_training.emotion.networks import face_resnet as module

    read = module._read_weights

    def spoilt(path: Path) -> module.Weights:
        weights = read(path)
        weights["conv32_1.conv1.conv.filters"][:] = value
        return weights

    monkeypatch.setattr(module, "_read_weights", spoilt)
    model = module.face_resnet((Head.FER,))
    if value == 0:
        module.warm_start(model, recogniser, FACES)
        assert all(np.isfinite(weight).all() for weight in model.get_weights())
    else:
        with pytest.raises(DataError, match=r"conv32_1\.conv1\.conv holds NaN or infinity"):
            module.warm_start(model, recogniser, FACES)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("no json", "is no weights manifest"),
        ('[{"paths": ["gone.bin"], "weights": []}]', "is no weights manifest"),
        ('[{"paths": [], "weights": []}]', "is not the face recogniser's manifest"),
    ],
)
def test_something_else_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    from mien_training.emotion.networks.face_resnet import face_resnet, warm_start

    if content is not None:
        (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(DataError, match=words):
        warm_start(face_resnet((Head.FER,)), tmp_path / MANIFEST, FACES)
