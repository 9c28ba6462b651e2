"""The zoo: each architecture is the one that its description gives, takes the same face, and trains as it says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.labels import Head
from mien_training import runs
from mien_training.__main__ import main
from mien_training.emotion.augment import AUGMENTATIONS
from mien_training.emotion.networks import ARCHITECTURES
from tests.training.conftest import KERAS_WARNING, Dataset

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]

SEEDS = ("vgg16", "xception", "alexnet", "elu-cnn")


def layers(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ == kind]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_takes_a_face_and_answers_in_its_heads(name: str) -> None:
    heads = ARCHITECTURES[name].heads
    model = ARCHITECTURES[name].build(heads)
    assert model.input.shape == (None, 48, 48, 1)
    answers = model(np.full((2, 48, 48, 1), 128, np.float32))
    assert set(answers) == {head.value for head in heads}
    assert answers["fer"].shape == (2, 7)
    np.testing.assert_allclose(np.asarray(answers["fer"]).sum(axis=1), 1, rtol=1e-5)


def test_vgg16_is_the_described_one() -> None:
    """13,491,947 were printed; nothing nearer than this was found."""
    model = ARCHITECTURES["vgg16"].build((Head.FER,))
    assert model.count_params() == 13_488_583
    convolutions = layers(model, "Conv2D")
    assert [layer.filters for layer in convolutions] == [64] * 2 + [128] * 2 + [256] * 4 + [512] * 5
    assert {round(float(layer.kernel_regularizer.l2), 6) for layer in convolutions} == {0.01}
    assert [layer.units for layer in layers(model, "Dense")] == [512, 512, 7]
    recipe = ARCHITECTURES["vgg16"].recipe
    assert (recipe.optimizer, recipe.learning_rate, recipe.momentum) == ("sgd", 1e-4, 0.85)
    assert (recipe.batch, recipe.epochs, recipe.augmentation) == (113, 400, "generator")
    assert recipe.patience is not None


def test_xception_has_four_plain_residual_modules() -> None:
    model = ARCHITECTURES["xception"].build((Head.FER,))
    kinds = Counter(type(layer).__name__ for layer in model.layers)
    assert (kinds["Add"], kinds["SeparableConv2D"], kinds["DepthwiseConv2D"]) == (4, 0, 0)
    pools = [(layer.pool_size, layer.strides) for layer in layers(model, "MaxPooling2D")]
    assert sorted(pools) == [((1, 1), (2, 2))] * 4 + [((3, 3), (2, 2))] * 4  # picked for the shortcuts, and pooled
    assert kinds["BatchNormalization"] == kinds["Conv2D"] == 2 + 4 * 3
    assert ARCHITECTURES["xception"].recipe.optimizer == "adam"


def test_alexnet_looks_at_227() -> None:
    model = ARCHITECTURES["alexnet"].build((Head.FER,))
    assert layers(model, "Resizing")[0].output.shape == (None, 227, 227, 1)
    assert len(layers(model, "Conv2D")) == 5
    assert [layer.units for layer in layers(model, "Dense")] == [4096, 4096, 7]
    recipe = ARCHITECTURES["alexnet"].recipe
    assert (recipe.optimizer, recipe.batch, recipe.epochs, recipe.augmentation) == ("adam", 32, 10, "noise")


def test_elu_cnn_is_the_described_one() -> None:
    model = ARCHITECTURES["elu-cnn"].build((Head.FER,))
    # 1→16→32→64 of 3×3 with biases, a map of 4×4 after poolings of 2, 2, 3, then 512 and 7.
    assert model.count_params() == 160 + 4640 + 18496 + (4 * 4 * 64 + 1) * 512 + 513 * 7
    assert {layer.activation.__name__ for layer in layers(model, "Conv2D")} == {"elu"}
    assert layers(model, "Dropout")[0].rate == 0.2
    recipe = ARCHITECTURES["elu-cnn"].recipe
    assert (recipe.optimizer, recipe.batch, recipe.epochs, recipe.augmentation) == ("adam", 32, 50, "none")


@pytest.mark.parametrize("name", SEEDS)
def test_the_earlier_systems_are_trained_without_our_tricks(name: str) -> None:
    recipe = ARCHITECTURES[name].recipe
    assert not recipe.mixup
    assert not recipe.calibrate
    assert recipe.average == recipe.label_smoothing == 0
    assert recipe.schedule == "constant"
    assert recipe.augmentation in AUGMENTATIONS


@pytest.mark.parametrize(("name", "low", "high"), [("mien-small", 780_000, 840_000), ("mien-nano", 190_000, 235_000)])
def test_our_own_are_what_the_edge_tpu_takes(name: str, low: int, high: int) -> None:
    model = ARCHITECTURES[name].build((Head.FER, Head.FERPLUS))
    assert low < model.count_params() < high
    assert {head: output.shape for head, output in model.output.items()} == {"fer": (None, 7), "ferplus": (None, 8)}
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds == {
        "InputLayer", "Rescaling", "Conv2D", "BatchNormalization", "ReLU", "AveragePooling2D", "Add",
        "GlobalAveragePooling2D", "Dropout", "Dense",
    }  # fmt: skip
    for layer in model.layers:
        assert not (type(layer).__name__ == "Conv2D" and layer.kernel_size == (1, 1) and layer.strides != (1, 1))


def test_our_teacher_is_larger_and_of_another_kind() -> None:
    model = ARCHITECTURES["mien-large"].build(tuple(Head))
    assert 1_900_000 < model.count_params() < 1_950_000
    kinds = {type(layer).__name__ for layer in model.layers}
    assert "Add" not in kinds
    assert "MaxPooling2D" in kinds
    assert ARCHITECTURES["mien-large"].recipe.augmentation == "camera-half"


@pytest.mark.parametrize("name", ["vgg16", "xception", "elu-cnn", "mien-nano"])
def test_one_command_trains_any_of_them(make_dataset: Callable[..., Dataset], tmp_path: Path, name: str) -> None:
    dataset, run = make_dataset(14, 7), tmp_path / "run"
    command = ["emotion", "--arch", name, "--data", str(dataset.data), "--out", str(run)]
    assert main([*command, "--epochs", "1", "--batch", "7"]) == 0
    assert (run / runs.MODEL).exists()
    config = json.loads((run / runs.CONFIG).read_text())
    recipe = ARCHITECTURES[name].recipe.model_dump(mode="json") | {"epochs": 1, "batch": 7}
    assert {key: config[key] for key in recipe} == recipe
    assert len(json.loads((run / runs.HISTORY).read_text())) == 1
