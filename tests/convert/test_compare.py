"""What `mien-convert compare` tells of two models, without TensorFlow: the tiny model against its own float file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_convert.compare import Bounds, compare_models
from mien_convert.pictures import Scale
from mien_models.errors import DataError, ModelError, OutcomeError
from mien_models.labels import CONTEMPT, Emotion
from tests.make_tiny_model import TINY_FLOAT, TINY_MODEL, picture

Command = Callable[..., tuple[int, str, str]]
TINY_FILE = TINY_MODEL / "emotion_int8.tflite"


@pytest.fixture
def moods(tmp_path: Path) -> Path:
    """A folder of pictures, one sub-folder an emotion, and one picture without a class."""
    folder = tmp_path / "moods"
    for label in (*Emotion, CONTEMPT):
        (folder / label).mkdir(parents=True)
        (folder / label / "a.png").write_bytes(cv2.imencode(".png", picture(label, 96))[1].tobytes())
    (folder / "unsorted.png").write_bytes((folder / "happy" / "a.png").read_bytes())
    return folder


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """The tiny model's file with the weights of its convolution turned round: it sees each picture inverted."""
    path = tmp_path / "spoilt.tflite"
    path.write_bytes(TINY_FILE.read_bytes().replace(b"\x7f" * 256, b"\x81" * 256))
    return path


def test_on_the_faces_of_a_run(run: Path, mien_convert: Command) -> None:
    code, out, err = mien_convert("compare", TINY_FLOAT, TINY_MODEL, "--data", run)

    assert code == 0, err
    assert out.startswith("tiny_emotion against tiny_float.tflite on 40 pictures\n")
    assert "fer: same answer 100.0 %" in out
    assert "accuracy 100.0 % → 100.0 % of 35 labelled pictures" in out
    assert "contempt     recall 100.0 % → 100.0 % (+0.0)" in out


def test_on_a_folder_whose_classes_have_names(moods: Path, mien_convert: Command) -> None:
    """In alphabetical order anger would be contempt's number; the heads' own names are known."""
    code, out, err = mien_convert("compare", TINY_FLOAT, TINY_MODEL, "--data", moods, "--json")

    assert code == 0, err
    content = json.loads(out)
    assert (content["passed"], content["pictures"], content["skipped"]) == (True, 9, 0)
    ferplus = content["outputs"]["ferplus"]
    assert (ferplus["labelled"], ferplus["accuracy_a"], ferplus["accuracy_b"]) == (8, 1, 1)
    assert 0 < ferplus["worst_gap"] < 0.05
    # FER's head knows no contempt, so the folder is not of its classes.
    assert content["outputs"]["fer"]["accuracy_a"] is None


def test_the_directory_and_its_file_answer_the_same(moods: Path) -> None:
    """The generic way of feeding a .tflite file against the device's own runner."""
    comparison = compare_models(
        TINY_MODEL, TINY_FILE, moods, Bounds(min_agreement=1, max_gap=0), scale=Scale.PIXELS, limit=100
    )

    assert comparison.failures == ()
    assert [output.worst_gap for output in comparison.outputs.values()] == [0, 0]


def test_a_failure_is_reported_in_full_and_then_told(moods: Path, spoilt: Path, mien_convert: Command) -> None:
    code, out, err = mien_convert("compare", TINY_MODEL, spoilt, "--data", moods, "--max-gap", "0.5")

    assert code == OutcomeError.exit_code
    assert "happy        recall 100.0 % → 0.0 % (-100.0)" in out
    told = err.splitlines()[-1]
    assert told.startswith(f"mien-convert: error: {spoilt}: fer agrees on ")
    assert "ferplus has a gap of " in told
    assert "ferplus loses " in told
    assert "/a.png), more than 0.5" in told


def test_each_limit_counts_alone(moods: Path, spoilt: Path) -> None:
    def failures(**bounds: float) -> str:
        every = {"min_agreement": 0.0, "max_gap": 1.0, "max_accuracy_drop": 1.0} | bounds
        comparison = compare_models(TINY_MODEL, spoilt, moods, Bounds(**every), scale=Scale.PIXELS, limit=100)
        return "; ".join(comparison.failures)

    assert failures() == ""
    assert failures(min_agreement=0.9).count("agrees on") == 2
    assert failures(max_gap=0.5).count("has a gap of") == 2
    assert failures(max_accuracy_drop=0.2).count("loses") == 1


def test_a_better_model_is_no_failure(moods: Path, spoilt: Path) -> None:
    bounds = Bounds(min_agreement=0, max_accuracy_drop=0)

    comparison = compare_models(spoilt, TINY_MODEL, moods, bounds, scale=Scale.PIXELS, limit=100)

    assert comparison.failures == ()
    assert comparison.outputs["ferplus"].accuracy_b == 1


def test_an_accuracy_cannot_be_asked_for_without_labels(tmp_path: Path, mien_convert: Command) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "a.png").write_bytes(cv2.imencode(".png", picture("happy"))[1].tobytes())
    arguments = ["compare", TINY_FLOAT, TINY_MODEL, "--data", tmp_path / "flat"]

    code, out, _ = mien_convert(*arguments)
    assert code == 0
    assert "no labels: accuracy and recall are not known" in out

    code, _, err = mien_convert(*arguments, "--max-accuracy-drop", "0.1")
    assert code == DataError.exit_code
    assert "no labels are known, so --max-accuracy-drop cannot be kept" in err


def test_scale_is_of_networks_from_elsewhere(moods: Path) -> None:
    """A model directory knows what it is fed with; a bare file does not, and sees next to nothing of 0…1."""
    comparison = compare_models(
        TINY_MODEL, TINY_FLOAT, moods, Bounds(min_agreement=0, max_accuracy_drop=1), scale=Scale.UNIT, limit=100
    )

    assert comparison.outputs["ferplus"].accuracy_a == 1
    assert comparison.outputs["ferplus"].agreement < 0.5


def test_names_that_cannot_be_printed(moods: Path, mien_convert: Command) -> None:
    (moods / "happy").rename(moods / "happ\udcff")
    for file in [*moods.rglob("*.png")]:
        file.rename(file.with_name("\udcfe.png"))

    code, out, err = mien_convert("compare", TINY_MODEL, TINY_FILE, "--data", moods, "--json")

    assert code == 0, err
    assert json.loads(out)["outputs"]["fer"]["worst_picture"].endswith("\N{REPLACEMENT CHARACTER}.png")


def test_a_limit_of_pictures(moods: Path) -> None:
    comparison = compare_models(TINY_MODEL, TINY_FILE, moods, Bounds(), scale=Scale.PIXELS, limit=3)

    assert comparison.pictures == 3


@pytest.mark.parametrize(
    ("b", "expected"),
    [
        ("nothing", "no such file; give a model directory, a .tflite file, a run, a Keras file or a SavedModel"),
        ("broken.tflite", "no .tflite file, or damaged ("),
    ],
)
def test_what_is_no_model(tmp_path: Path, moods: Path, mien_convert: Command, b: str, expected: str) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"TFL3 nothing")

    code, _, err = mien_convert("compare", TINY_MODEL, tmp_path / b, "--data", moods)

    assert code == ModelError.exit_code
    assert expected in err.splitlines()[-1]


def test_no_pictures(tmp_path: Path, mien_convert: Command) -> None:
    code, _, err = mien_convert("compare", TINY_FLOAT, TINY_MODEL, "--data", tmp_path / "nothing")

    assert code == DataError.exit_code
    assert "no such folder" in err.splitlines()[-1]


def test_answers_that_are_no_numbers(tmp_path: Path, moods: Path, mien_convert: Command) -> None:
    # The convolution averages 16×16 pixels: the same weight 256 times.
    content, changed = re.subn(
        rb"(?s)(.{4})\1{255}", np.float32("nan").tobytes() * 256, TINY_FLOAT.read_bytes(), count=1
    )
    assert changed
    (tmp_path / "nan.tflite").write_bytes(content)

    code, _, err = mien_convert("compare", TINY_MODEL, tmp_path / "nan.tflite", "--data", moods)

    assert code == ModelError.exit_code
    assert "nan.tflite: answers with NaN" in err
