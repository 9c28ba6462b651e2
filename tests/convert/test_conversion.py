"""`mien-convert quantize` from a Keras run to a model directory that the device reads. Wants TensorFlow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.errors import ModelError
from mien_models.labels import LABEL_SETS, Emotion, Head
from mien_models.manifest import load_manifest
from mien_models.runner import Classifier
from tests.make_tiny_model import TINY_FLOAT, TINY_MODEL, make_run, picture
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
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_module("tensorflow")
    directory = tmp_path_factory.mktemp("keras") / "first"
    make_run(directory)
    return directory


@pytest.fixture
def run(whole_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole_run, tmp_path / "first"))


def save(run: Path, build: Callable[[Any, Any], Any]) -> None:
    """Give the run another network: `build` gets Keras and the input, and returns the outputs."""
    from mien_convert.floating import import_keras

    keras = import_keras()
    face = keras.Input((48, 48, 1), name="face")
    keras.Model(face, build(keras, face)).save(run / "model.keras")


def test_from_run_to_device(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    out = tmp_path / "models" / "mine"

    code, stdout, stderr = mien_convert("quantize", run, "--out", out, "--name", "mine", "--version", "7")

    assert code == 0, stderr
    manifest = load_manifest(out)
    assert (manifest.name, manifest.version, manifest.answer) == ("mine", "7", Head.FERPLUS)
    assert manifest.commands[-1] == "mien-convert quantize first --out mine --name mine --version 7"
    assert (manifest.input.scale, manifest.input.zero_point) == (1.0, -128)
    assert manifest.metrics["validation_ferplus_accuracy"] == 1
    assert manifest.metrics["validation_fer_faces"] == 35
    assert sorted(path.name for path in out.iterdir()) == [
        "CARD.md",
        "answers_fer.png",
        "answers_ferplus.png",
        "manifest.json",
        "mine_int8.tflite",
    ]
    assert "![Answers of ferplus](answers_ferplus.png)" in (out / "CARD.md").read_text(encoding="utf-8")
    classifier = Classifier.open(out)
    answers = [list(Emotion)[classifier.read(picture(emotion)).probabilities.argmax()] for emotion in Emotion]
    assert answers == list(Emotion)
    assert "ferplus:\n  same answer 100.0 % of 40 faces" in stdout


def test_progress_is_all_that_is_said(run: Path, tmp_path: Path) -> None:
    """TensorFlow and its converter print a hundred lines past Python's streams; none of them reaches the user."""
    out = tmp_path / "mine"
    command = [sys.executable, "-m", "mien_convert", "quantize", run, "--out", out]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=True)

    assert done.stderr.splitlines() == [
        f"{run}/model.keras: loading",
        f"{run}/model.keras: converting to int8 with 80 calibration faces",
        f"{out}: measuring on 40 validation faces",
        f"{out}: reads only 1 of 7 average faces as what they show; is it fed as it was trained?",  # it reads drawings
        f"{out}: written ({(out / 'emotion_int8.tflite').stat().st_size} bytes)",
    ]
    assert done.stdout.startswith("fer:\n  same answer 100.0 % of 40 faces")


def test_the_same_run_gives_the_same_answers_again(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    """The committed tiny model is what this code makes: else make it anew."""
    mien_convert("quantize", run, "--out", tmp_path / "mine", "--float", tmp_path / "float.tflite")
    new, committed = Classifier.open(tmp_path / "mine"), Classifier.open(TINY_MODEL)

    for emotion in Emotion:
        face = picture(emotion)
        for head in LABEL_SETS:
            # Another processor may round a calibrated range otherwise: a step of the output or two.
            assert new.scores(face)[head] == pytest.approx(committed.scores(face)[head], abs=0.01)
    assert (tmp_path / "float.tflite").stat().st_size == pytest.approx(TINY_FLOAT.stat().st_size, abs=500)


def test_for_programs(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    code, stdout, _ = mien_convert("quantize", run, "--out", tmp_path / "mine", "--json")

    content = json.loads(stdout)
    assert code == 0
    assert content["manifest"]["answer"] == "ferplus"
    assert content["heads"]["ferplus"]["agreement"] == 1


def test_verify_against_keras(run: Path, mien_convert: Command) -> None:
    code, stdout, stderr = mien_convert("verify", TINY_MODEL, "--run", run)

    assert (code, stderr) == (0, "")
    assert "tiny_emotion against model.keras" in stdout


@pytest.mark.parametrize("head", LABEL_SETS)
def test_one_head_alone(run: Path, tmp_path: Path, mien_convert: Command, head: Head) -> None:
    classes = {Head.FER: 7, Head.FERPLUS: 8}[head]
    save(run, lambda k, x: k.layers.Dense(classes, "softmax", name=head.value)(k.layers.Flatten()(x / 255.0)))

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == 0, stderr
    manifest = load_manifest(tmp_path / "mine")
    assert manifest.answer is head
    assert [output.head for output in manifest.outputs] == [head]


def test_heads_are_told_apart_by_name_and_not_by_order(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    def swapped(keras: Any, face: Any) -> Any:
        flat = keras.layers.Flatten()(face / 255.0)
        return [
            keras.layers.Dense(8, "softmax", name="ferplus")(flat),
            keras.layers.Dense(7, "softmax", name="fer")(flat),
        ]

    save(run, swapped)

    code, stdout, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine", "--json")

    assert code == 0, stderr
    assert all(head["worst_gap"] < 0.1 for head in json.loads(stdout)["heads"].values())


def test_faces_of_little_contrast_calibrate_as_well(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    np.savez(run / "calibration.npz", faces=np.full((10, 48, 48), 120, np.uint8))

    assert mien_convert("quantize", run, "--out", tmp_path / "mine")[0] == 0
    entry = load_manifest(tmp_path / "mine").input
    assert (entry.scale, entry.zero_point) == (1.0, -128)


def test_an_earlier_model_stays_when_conversion_fails(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    out = Path(shutil.copytree(TINY_MODEL, tmp_path / "mine"))
    (run / "model.keras").write_bytes(b"no network")

    code, _, stderr = mien_convert("quantize", run, "--out", out)

    assert code == ModelError.exit_code
    assert "model.keras: damaged, or no .keras file" in stderr
    assert load_manifest(out) == load_manifest(TINY_MODEL)


@pytest.mark.parametrize("kept", [0, 100, -500])
def test_a_cut_network(run: Path, tmp_path: Path, mien_convert: Command, kept: int) -> None:
    path = run / "model.keras"
    path.write_bytes(path.read_bytes()[:kept])

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == ModelError.exit_code
    assert "mien-train emotion" in stderr


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda k, x: k.layers.Dense(7, name="mood")(k.layers.Flatten()(x)), "has the outputs {'mood': (None, 7)}"),
        (lambda k, x: k.layers.Dense(8, name="fer")(k.layers.Flatten()(x)), "has the outputs {'fer': (None, 8)}"),
    ],
)
def test_another_network(
    run: Path, tmp_path: Path, mien_convert: Command, build: Callable[[Any, Any], Any], expected: str
) -> None:
    save(run, build)

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == ModelError.exit_code
    assert expected in stderr


def test_another_input(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    from mien_convert.floating import import_keras

    keras = import_keras()
    face = keras.Input((64, 64, 1))
    outputs = keras.layers.Dense(7, "softmax", name="fer")(keras.layers.Flatten()(face))
    keras.Model(face, outputs).save(run / "model.keras")

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == ModelError.exit_code
    assert "takes (None, 64, 64, 1)" in stderr


def test_a_layer_without_int8_form(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    def elu(keras: Any, face: Any) -> Any:
        x = keras.layers.Conv2D(2, 8, strides=8)(face / 255.0)
        return keras.layers.Dense(7, "softmax", name="fer")(keras.layers.Flatten()(keras.layers.ELU()(x)))

    save(run, elu)

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == ModelError.exit_code
    assert "stay in float" in stderr
    assert not (tmp_path / "mine").exists()


def test_a_diverged_network(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    def nan(keras: Any, face: Any) -> Any:
        bias = keras.initializers.Constant(float("nan"))
        dense = keras.layers.Dense(7, "softmax", name="fer", bias_initializer=bias)
        return dense(keras.layers.Flatten()(face))

    save(run, nan)

    code, _, stderr = mien_convert("quantize", run, "--out", tmp_path / "mine")

    assert code == ModelError.exit_code
    assert "answers with NaN" in stderr
