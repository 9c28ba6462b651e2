"""`mien-convert quantize` of any image classifier to a single file. Wants TensorFlow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien_convert.edgetpu import check_model
from mien_convert.inspection import inspect_model
from mien_models.errors import DataError, ModelError
from tests.make_tiny_model import make_run
from tests.needs import need_module

pytestmark = [
    pytest.mark.training,
    # Keras 3.15 reading TensorFlow's variables with numpy 2.
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning:keras"
    ),
]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def keras() -> Any:
    need_module("tensorflow")
    from mien_convert.floating import import_keras

    return import_keras()


@pytest.fixture(scope="module")
def network(keras: Any) -> Any:
    """Tells a red, a green and a blue picture of 20×30 pixels apart; it wants −1…1."""
    picture = keras.Input((20, 30, 3))
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 1, name="mix")(picture))
    model = keras.Model(picture, keras.layers.Dense(3, "softmax", name="colour")(mean))
    model.get_layer("mix").set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), np.zeros(3)])
    model.get_layer("colour").set_weights([4 * np.eye(3, dtype=np.float32), np.zeros(3)])
    return model


@pytest.fixture(scope="module")
def sources(network: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network in each format."""
    from mien_convert.quiet import quiet

    folder = tmp_path_factory.mktemp("networks")
    with quiet():
        network.save(folder / "colours.keras")
        network.save(folder / "colours.h5")
        network.export(folder / "saved_model")
    return {"keras": folder / "colours.keras", "h5": folder / "colours.h5", "saved": folder / "saved_model"}


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """A folder of pictures, one sub-folder a colour."""
    for position, name in enumerate(("red", "green", "blue")):
        for number in range(4):
            path = tmp_path / "colours" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = np.random.default_rng(number).integers(0, 90, (40, 60, 3), np.uint8)
            picture[..., 2 - position] += 150
            path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return tmp_path / "colours"


@pytest.mark.parametrize("kind", ["keras", "h5", "saved"])
def test_int8_of_every_format(
    sources: dict[str, Path], colours: Path, tmp_path: Path, mien_convert: Command, kind: str
) -> None:
    out = tmp_path / "x.tflite"

    code, stdout, stderr = mien_convert(
        "quantize", sources[kind], "--out", out, "--calibration", colours, "--scale=-1-1", "--json"
    )

    assert code == 0, stderr
    content = json.loads(stdout)
    assert (content["variant"], content["calibrated_with"], content["skipped"]) == ("int8", 12, 0)
    (entry,) = inspect_model(out).inputs
    # −1…1 in 256 steps, whatever the pictures: no pixel value is lost.
    assert (entry.dtype, entry.shape) == ("int8", (1, 20, 30, 3))
    assert entry.zero_point in {-1, 0}
    assert entry.scale == pytest.approx(2 / 255)
    assert inspect_model(out).float_tensors == ()
    assert check_model(out).failures == ()


@pytest.mark.parametrize("variant", ["float16", "dynamic"])
def test_float_variants_need_no_pictures(keras: Any, tmp_path: Path, mien_convert: Command, variant: str) -> None:
    picture = keras.Input((8, 8, 1))
    wide = keras.layers.Dense(256, "relu")(keras.layers.Flatten()(picture))
    keras.Model(picture, keras.layers.Dense(2, "softmax")(wide)).save(tmp_path / "x.keras")
    out = tmp_path / "x.tflite"

    code, stdout, stderr = mien_convert("quantize", tmp_path / "x.keras", "--out", out, "--variant", variant)

    assert code == 0, stderr
    assert stdout.startswith(f"{variant}: x.tflite: ")
    (entry,) = inspect_model(out).inputs
    assert (entry.dtype, entry.shape) == ("float32", (1, 8, 8, 1))
    weights = 64 * 256 + 256 * 2
    assert weights * (2 if variant == "float16" else 1) < out.stat().st_size < weights * 4


@pytest.mark.parametrize("variant", ["float16", "dynamic"])
def test_a_run_in_another_variant_is_a_single_file(tmp_path: Path, mien_convert: Command, variant: str) -> None:
    need_module("tensorflow")
    make_run(tmp_path / "run")
    out = tmp_path / "x.tflite"

    code, _, stderr = mien_convert("quantize", tmp_path / "run", "--out", out, "--variant", variant)

    assert code == 0, stderr
    assert {tensor.signature for tensor in inspect_model(out).outputs} == {"fer", "ferplus"}


@pytest.mark.parametrize("kind", ["keras", "h5", "saved"])
def test_what_was_made_answers_as_its_network(
    sources: dict[str, Path], colours: Path, tmp_path: Path, mien_convert: Command, kind: str
) -> None:
    for variant in ("int8", "float16", "dynamic"):
        out = tmp_path / f"{variant}.tflite"
        words = ["--out", out, "--variant", variant]
        words += ["--calibration", colours, "--scale=-1-1"] if variant == "int8" else []
        assert mien_convert("quantize", sources[kind], *words)[0] == 0

        # Three names are in another order than the network's classes: blue is its last and the alphabet's first.
        code, stdout, stderr = mien_convert(
            "compare", sources[kind], out, "--data", colours, "--scale=-1-1", "--max-gap", "0.05", "--json"
        )

        assert code == 0, stderr
        (output,) = json.loads(stdout)["outputs"].values()
        assert (output["agreement"], output["labelled"]) == (1, 12)
        assert output["recall_a"] == {"blue": 0, "green": 1, "red": 0}


def test_models_of_other_classes_are_not_compared(
    keras: Any, sources: dict[str, Path], colours: Path, tmp_path: Path, mien_convert: Command
) -> None:
    entry = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(entry)
    keras.Model(entry, keras.layers.Dense(2)(flat)).save(tmp_path / "two.keras")
    scores = {"a": keras.layers.Dense(3)(flat), "b": keras.layers.Dense(3)(flat)}
    keras.Model(entry, scores).save(tmp_path / "twice.keras")

    code, _, stderr = mien_convert("compare", sources["keras"], tmp_path / "two.keras", "--data", colours)
    assert code == ModelError.exit_code
    assert "two.keras: output answer has 2 classes, that of colours.keras 3" in stderr

    code, _, stderr = mien_convert("compare", sources["keras"], tmp_path / "twice.keras", "--data", colours)
    assert code == ModelError.exit_code
    assert "but colours.keras has colour; compare models that answer the same question" in stderr


def test_progress_is_all_that_is_said(sources: dict[str, Path], colours: Path, tmp_path: Path) -> None:
    """TensorFlow, Keras and the converter print past Python's streams; none of it reaches the user."""
    out = tmp_path / "x.tflite"
    (colours / "notes.txt").write_text("no picture", encoding="utf-8")
    command = [sys.executable, "-m", "mien_convert", "quantize", sources["saved"], "--out", out]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [*command, "--calibration", colours, "--scale=-1-1"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=True,
    )

    assert done.stderr.splitlines() == [
        f"{sources['saved']}: loading",
        f"{colours}: left out what is no picture: 1 files",
        f"{sources['saved']}: converting to int8 with 12 pictures, pixels as -1-1",
        f"{out}: written ({out.stat().st_size} bytes)",
    ]
    assert done.stdout.startswith("int8: x.tflite: ")


def test_a_folder_without_a_picture(sources: dict[str, Path], tmp_path: Path, mien_convert: Command) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture", encoding="utf-8")

    code, _, stderr = mien_convert(
        "quantize", sources["keras"], "--out", tmp_path / "x.tflite", "--calibration", tmp_path / "empty"
    )

    assert code == DataError.exit_code
    assert stderr.startswith(
        f"mien-convert: error: {tmp_path}/empty: holds no picture that can be read (files: 1); give "
    )
    assert stderr.count("\n") == 1
    assert not (tmp_path / "x.tflite").exists()


def test_an_earlier_file_stays_when_conversion_fails(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    out = tmp_path / "x.tflite"
    out.write_bytes(b"earlier")
    (tmp_path / "x.keras").write_bytes(b"no network")

    code, _, stderr = mien_convert("quantize", tmp_path / "x.keras", "--out", out, "--variant", "dynamic")

    assert code == ModelError.exit_code
    assert "x.keras: damaged, or no .keras file" in stderr
    assert stderr.count("\n") == 1
    assert out.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.keras", "x.tflite"]


@pytest.mark.parametrize(
    ("shape", "answer", "expected"),
    [
        ((None, None, 3), None, "takes (None, None, None, 3); a classifier takes"),
        ((8, 8, 5), None, "takes (None, 8, 8, 5)"),
        ((8, 3), None, "takes (None, 8, 3)"),
        ((8, 8, 3), "picture", "answers in (None, 8, 8, 2)"),
    ],
)
def test_what_is_no_image_classifier(
    keras: Any, tmp_path: Path, mien_convert: Command, shape: tuple[Any, ...], answer: str | None, expected: str
) -> None:
    entry = keras.Input(shape)
    scores = keras.layers.Dense(2)(entry)
    if answer is None:
        axes = tuple(range(1, len(shape)))
        scores = keras.ops.mean(scores, axis=axes)
    keras.Model(entry, scores).save(tmp_path / "x.keras")

    code, _, stderr = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--variant", "dynamic"
    )

    assert code == ModelError.exit_code
    assert expected in stderr


def test_a_saved_model_that_is_none(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"nothing")

    code, _, stderr = mien_convert(
        "quantize", tmp_path / "saved", "--out", tmp_path / "x.tflite", "--variant", "dynamic"
    )

    assert code == ModelError.exit_code
    assert f"{tmp_path}/saved: cannot be loaded (" in stderr
    assert stderr.count("\n") == 1
