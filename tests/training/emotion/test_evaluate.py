"""Evaluation: through the device's runner for int8 models, without TensorFlow; through Keras for its own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien_models.labels import CONTEMPT, Emotion, Head
from mien_training.__main__ import main
from mien_training.emotion.datasets import Usage, read_faces
from mien_training.emotion.evaluate import ask, judge
from mien_training.emotion.predictors import open_predictor
from tests.make_tiny_model import TINY_MODEL, make_run, picture
from tests.training.conftest import HEADER, KERAS_WARNING, ROOT, Dataset, csv_line


def test_the_tiny_model_knows_its_pictures(
    make_dataset: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset()
    for labels, names in (("fer", list(Emotion)), ("ferplus", [*Emotion, CONTEMPT])):
        assert main(["evaluate", str(TINY_MODEL), "--data", str(dataset.data), "--labels", labels, "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result["accuracy"] == result["macro_f1"] == 1
        assert (result["n"], result["usage"], result["data"]) == (14, "PublicTest", "fer2013.csv")
        assert result["labels"] == names
        assert result["recall"]["happy"] == result["precision"]["happy"] == 1
        assert np.trace(np.array(result["confusion"])) == 14
        assert result["head"] == result["judged_by"] == labels
        assert 0 < result["ece"] < 1


def test_mirrored_is_the_mean_of_both_views(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset()
    tables = []
    for more in ([], ["--mirrored"]):
        path = tmp_path / "predictions.csv"
        assert main(["evaluate", str(TINY_MODEL), "--data", str(dataset.data), "--predictions", str(path), *more]) == 0
        assert ("the mean of a face and its mirror image" in capsys.readouterr().out) == bool(more)
        rows = csv.DictReader(path.read_text().splitlines())
        tables.append([(row["label"], *(float(row[name]) for name in ("angry", "fear"))) for row in rows])
    # Bright on the left is angry to the tiny model, bright on the right is fear: mirrored each is the other.
    for (label, angry, fear), (_, both_angry, both_fear) in zip(*tables, strict=True):
        if label in ("angry", "fear"):
            assert abs(angry - fear) > 0.5
            assert both_angry == pytest.approx(both_fear, abs=0.1)


@pytest.mark.parametrize("option", ["--mirrored", "--moved"])
def test_only_faces_have_views(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "music", "--data", str(tmp_path), option]) == 3
    assert f"{option} goes with labelled faces" in capsys.readouterr().err


def test_how_many_answers_change_with_the_crop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "fer2013.csv"
    between = [  # two pictures in one, so that little decides
        (share * picture("angry") + (1 - share) * picture(other)).astype(np.uint8)
        for share in np.linspace(0.4, 0.6, 10)
        for other in ("happy", "surprise", "sad")
    ]
    data.write_text("\n".join([HEADER, *(csv_line(0, pixels, "PublicTest") for pixels in between)]) + "\n")
    command = ["evaluate", str(TINY_MODEL), "--data", str(data), "--moved"]

    assert main([*command, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)["stability"]
    # By hand for one view: everything 3.84 pixels further right, the left border repeated.
    predict, pixels = open_predictor(str(TINY_MODEL)), np.stack(between)
    at = np.clip(np.arange(48) - 3.84, 0, 47)
    low, part = np.floor(at).astype(int), at % 1
    moved = pixels[:, :, low] * (1 - part) + pixels[:, :, np.minimum(low + 1, 47)] * part
    before, after = (predict(np.rint(seen).astype(np.uint8))[Head.FER].argmax(axis=1) for seen in (pixels, moved))
    assert told["n"] == len(pixels)
    assert told["by_view"]["right"] == pytest.approx((before != after).mean())
    assert told["changed"] == pytest.approx(np.mean(list(told["by_view"].values())))
    assert 0 < told["by_view"]["right"] < 1
    assert main(command) == 0
    assert f"answers that change with the crop: {100 * told['changed']:.1f} %" in capsys.readouterr().out
    assert main(command[:-1]) == 0
    assert "change with the crop" not in capsys.readouterr().out


def test_table_and_predictions(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, predictions = make_dataset(), tmp_path / "predictions.csv"
    command = ["evaluate", str(TINY_MODEL), "--data", str(dataset.data), "--predictions", str(predictions)]
    assert main(command) == 0
    assert "accuracy 100.00 %" in capsys.readouterr().out
    rows = list(csv.DictReader(predictions.read_text().splitlines()))
    assert [int(row["index"]) for row in rows] == list(range(56, 70))  # rows of the file, the Training ones left out
    for row in rows:
        assert row["label"] == list(Emotion)[int(row["index"]) % 7]
        assert max(Emotion, key=lambda emotion: float(row[emotion])) == row["label"]
        assert sum(float(row[emotion]) for emotion in Emotion) == pytest.approx(1, abs=0.02)


def test_without_tensorflow(make_dataset: Callable[..., Dataset]) -> None:
    """The command for an int8 model imports neither TensorFlow nor Keras."""
    code = (
        "import sys; from mien_training.__main__ import main; code = main(sys.argv[1:]); "
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules]); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "evaluate", str(TINY_MODEL), "--data", str(make_dataset().data)]
    roots = [str(ROOT / name) for name in ("training", "models")]
    child = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": ":".join(roots), "PATH": ""}
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.splitlines()[-1] == "[]"


def test_a_ferplus_model_is_judged_by_fer_through_its_seven(make_dataset: Callable[..., Dataset]) -> None:
    faces = read_faces(make_dataset(7, 0).data)
    answers = np.full((7, 8), 0.02, np.float32)
    answers[:, 7] = 0.5  # contempt, which is left out
    answers[np.arange(7), np.arange(7)] = 0.38
    asked = ask(lambda _: {Head.FERPLUS: answers}, faces.pixels, model="m")
    result, probabilities = judge(asked, faces, Head.FER, data=Path("d.csv"), usage=Usage.TRAINING)
    assert (result.head, result.accuracy) == (Head.FERPLUS, 1)
    assert probabilities.shape == (7, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("model", "more", "code", "complaint"),
    [
        ("nosuch", [], 4, "nosuch: neither a model directory nor a shipped model"),
        ("nosuch.keras", [], 4, "nosuch.keras: no such file"),
        ("~nosuchuser/x.keras", [], 4, "~nosuchuser/x.keras: no such file"),
        ("~nosuchuser/x", [], 4, "~nosuchuser/x: neither a model directory nor a shipped model"),
        ("x" * 5000, [], 2, "x…: File name too long"),
        (".", [], 4, "neither model.keras nor manifest.json"),
        (str(TINY_MODEL), ["--usage", "PrivateTest"], 5, "no row with usage PrivateTest; it has Training (56 rows)"),
        (str(TINY_MODEL), ["--labels", "ferplus"], 5, "--labels ferplus needs the FER+ votes: give --ferplus"),
    ],
)
def test_mistakes(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], model: str, more: list[str], code: int, complaint: str,
) -> None:  # fmt: skip
    dataset = make_dataset()
    dataset.ferplus.unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", model, "--data", str(dataset.data), *more]) == code
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("mien-train: error:") == 1


def test_fer_only_models_cannot_answer_in_ferplus(make_dataset: Callable[..., Dataset]) -> None:
    from mien_models.errors import ModelError

    dataset = make_dataset(7, 0)
    faces = read_faces(dataset.data, dataset.ferplus)
    answers = {Head.FER: np.full((7, 7), 1 / 7, np.float32)}
    asked = ask(lambda _: answers, faces.pixels, model="m")
    with pytest.raises(ModelError, match="has no ferplus head"):
        judge(asked, faces, Head.FERPLUS, data=Path("d"), usage=Usage.TRAINING)


def test_a_view_is_asked_once_and_mirrored_where_all_are(make_dataset: Callable[..., Dataset]) -> None:
    faces = read_faces(make_dataset(7, 0).data)
    asked: list[np.ndarray] = []

    def predict(pixels: np.ndarray) -> dict[Head, np.ndarray]:
        asked.append(pixels)
        left = pixels[:, :, :24].mean(axis=(1, 2), dtype=np.float64) / 255
        return {Head.FER: np.stack([left, *[(1 - left) / 6] * 6], axis=1).astype(np.float32)}

    both = ask(predict, faces.pixels, model="m", mirrored=True, moved=True)
    assert len(asked) == 2 * 7
    assert len(both.moved) == 6
    for answers in (both.answers, *both.moved.values()):
        whole = answers[Head.FER][:, 0]
        sides = [a[:, :, half].mean(axis=(1, 2)) / 255 for a in asked for half in (slice(24), slice(24, None))]
        assert any(np.allclose(whole, np.mean(sides[i : i + 2], axis=0), atol=1e-3) for i in range(0, len(sides), 2))
    judge(both, faces, Head.FER, data=Path("d"), usage=Usage.TRAINING)
    assert len(asked) == 2 * 7, "judging asks nothing"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["emotion"], ["evaluate"], ["prototypes"]):
        with pytest.raises(SystemExit) as caught:
            main([*command, "--help"])
        assert caught.value.code == 0
    assert "mien-train emotion --data fer2013.csv --ferplus fer2013new.csv" in capsys.readouterr().out


@KERAS_WARNING
@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_keras_and_int8_agree(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, run = make_dataset(), tmp_path / "run"
    make_run(run)
    results = []
    for model in (run, run / "model.keras", TINY_MODEL):
        assert main(["evaluate", str(model), "--data", str(dataset.data), "--json"]) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert results[0]["confusion"] == results[1]["confusion"] == results[2]["confusion"]
    assert results[0]["ece"] == pytest.approx(results[2]["ece"], abs=0.02)


@KERAS_WARNING
@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_keras_files_of_another_kind(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    dataset = make_dataset(7, 7)
    other, broken = tmp_path / "other.keras", tmp_path / "broken.keras"
    inputs = keras.Input((48, 48, 1))
    keras.Model(inputs, keras.layers.Flatten()(inputs)).save(other)
    broken.write_bytes(other.read_bytes()[:200])
    for path, complaint in (
        (other, "not heads named fer and ferplus"),
        (broken, "broken.keras: damaged, or no .keras file"),
    ):
        assert main(["evaluate", str(path), "--data", str(dataset.data)]) == 4
        assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("flag", [["--sheet", "x.png"], ["--score", "0.5"]])
def test_what_goes_with_footage_is_not_passed_over(flag: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(TINY_MODEL), "--data", "faces.csv", *flag]) == 3
    assert "--footage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag",
    [["--predictions", "x.csv"], ["--labels", "fer"], ["--usage", "Training"], ["--ferplus", "x.csv"], ["--moved"]],
)
def test_what_goes_with_faces_is_not_passed_over(flag: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for what in (["faces", "--footage", "."], ["music", "--data", "."]):
        assert main(["evaluate", *what, *flag]) == 3
        assert f"{flag[0]} goes with labelled faces" in capsys.readouterr().err


def test_a_place_for_predictions_is_looked_at_before_any_face(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(make_dataset().data)
    for place, words in ((tmp_path, "is a folder"), ("/proc/x.csv", "nothing can be written"), ("no/x", "no folder")):
        assert main(["evaluate", str(TINY_MODEL), "--data", data, "--predictions", str(place)]) == 3
        assert words in capsys.readouterr().err
    assert main(["evaluate", str(TINY_MODEL), "--data", data, "--ferplus", "x.csv"]) == 3
    assert "--ferplus goes with --labels ferplus" in capsys.readouterr().err
