"""The comparison: figures that are known beforehand, a whole report from one command, and one clear error each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien_models.labels import Head
from mien_training import runs
from mien_training.__main__ import main
from mien_training.emotion.datasets import read_faces
from mien_training.emotion.metrics import reliability, score
from mien_training.emotion.networks import ARCHITECTURES
from mien_training.emotion.predictors import Predict, keras_predictor
from tests.make_tiny_model import TINY_MODEL
from tests.training.conftest import KERAS_WARNING, Dataset

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)


def test_reliability_has_the_bins_of_the_calibration_error() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.full(7, 0.3), 2000).astype(np.float32)
    truth = rng.integers(-1, 7, 2000)
    bins = reliability(probabilities, truth)
    assert sum(group.n for group in bins) == (truth >= 0).sum()
    gaps = [
        group.n * abs(group.confidence - group.accuracy)
        for group in bins
        if group.confidence is not None and group.accuracy is not None
    ]
    assert sum(gaps) / (truth >= 0).sum() == pytest.approx(score(probabilities, truth, tuple("abcdefg")).ece, abs=1e-6)
    for group in bins:
        if group.confidence is not None:
            assert group.low <= group.confidence <= group.high
    sure = reliability(np.eye(7, dtype=np.float32)[[0, 0, 1, 2]], np.array([0, 0, 1, 3]))
    assert (sure[-1].n, sure[-1].confidence, sure[-1].accuracy, sure[0].n, sure[0].accuracy) == (4, 1, 0.75, 0, None)


@pytest.mark.usefixtures("tensorflow")
def test_a_steady_network_never_changes_and_a_nervous_one_always() -> None:
    from mien_training.emotion.stability import stability, views

    def steady(faces: np.ndarray) -> np.ndarray:
        return np.eye(7, dtype=np.float32)[np.full(len(faces), 2)]

    def brighter_half(faces: np.ndarray) -> np.ndarray:
        right = faces[:, :, 24:].mean(axis=(1, 2)) > faces[:, :, :24].mean(axis=(1, 2))
        return np.eye(2, dtype=np.float32)[right.astype(int)]

    calm = stability(steady(PIXELS), {name: steady(view) for name, view in views(PIXELS)})
    assert calm.changed == calm.changed_in_any == 0
    # A dark face with a bright bar just left of the middle: only the shift to the right takes it to the other half.
    bar = np.zeros((10, 48, 48), np.uint8)
    bar[:, :, 21:24] = 255
    result = stability(brighter_half(bar), {name: brighter_half(view) for name, view in views(bar)})
    assert result.by_view == {"left": 0, "right": 1, "up": 0, "down": 0, "larger": 0, "smaller": 0}
    assert result.changed == pytest.approx(1 / 6)
    assert (result.changed_in_any, result.n) == (1, 10)


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_multiply_adds_by_hand() -> None:
    import keras

    from mien_training.emotion.cost import multiply_adds

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(inputs)  # 24·24 positions, 3·3·1·8
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.DepthwiseConv2D(5, padding="same")(x)  # 24·24, 5·5·8
    x = keras.layers.Conv2D(4, 1, groups=2)(x)  # 24·24, 1·1·4·4
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(7)(x)  # 4·7
    assert multiply_adds(keras.Model(inputs, x)) == 24 * 24 * (72 + 200 + 16) + 28


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_multiply_adds_of_the_zoo() -> None:
    from mien_training.emotion.cost import multiply_adds

    millions = {name: multiply_adds(ARCHITECTURES[name].build((Head.FER,))) / 1e6 for name in ("mien-small", "elu-cnn")}
    assert millions["mien-small"] == pytest.approx(76.5, abs=0.1)
    # 48·48·144 + 24·24·4608 + 12·12·18432 + 1024·512 + 512·7
    assert millions["elu-cnn"] == pytest.approx(6.168064)


def train(dataset: Dataset, run: Path, arch: str, *more: str) -> None:
    command = ["emotion", "--arch", arch, "--data", str(dataset.data), "--ferplus", str(dataset.ferplus)]
    assert main([*command, "--out", str(run), "--epochs", "2", "--batch", "7", *more]) == 0


@KERAS_WARNING
@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_a_mean_that_was_not_trained_further_stands_in_the_report(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, first, second, mean = make_dataset(35, 14), tmp_path / "first", tmp_path / "second", tmp_path / "mean"
    train(dataset, first, "mien-nano")
    train(dataset, second, "mien-nano", "--warm-start", str(first), "--epochs", "0")
    sources = ["--warm-start", str(first), "--warm-start", str(second)]
    train(dataset, mean, "mien-nano", *sources, "--epochs", "0")
    assert not (mean / "curves.png").exists()

    report = ["report", "--data", str(dataset.data), "--ferplus", str(dataset.ferplus)]
    assert main([*report, str(first), str(mean), "--out", str(tmp_path / "both")]) == 0
    text = (tmp_path / "both" / "report.md").read_text()
    assert "mien-nano: the mean of the weights of first, second, calibrated and not trained further. Seen: " in text
    assert text.count("-curves.png") == 1
    assert main([*report, str(mean), "--out", str(tmp_path / "alone")]) == 0
    assert "curves.png" not in (tmp_path / "alone" / "report.md").read_text()

    shutil.copy(mean / runs.HISTORY, first / runs.HISTORY)
    assert main([*report, str(first), "--out", str(tmp_path / "damaged")]) == 5
    assert "history.json: not the epochs of a training" in capsys.readouterr().err


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many faces each network of a report is asked about, once for each time."""
    numbers: list[int] = []

    def counting(network: Any) -> Predict:
        predict = keras_predictor(network)

        def count(pixels: np.ndarray) -> Any:
            numbers.append(len(pixels))
            return predict(pixels)

        return count

    monkeypatch.setattr("mien_training.emotion.comparison.keras_predictor", counting)
    return numbers


@KERAS_WARNING
@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_one_command_compares(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[int]
) -> None:
    dataset, out = make_dataset(28, 14), tmp_path / "new" / "report"
    train(dataset, tmp_path / "elu", "elu-cnn")
    train(dataset, tmp_path / "nano", "mien-nano")
    converted = tmp_path / "converted"
    shutil.copytree(TINY_MODEL, converted / "nano")
    capsys.readouterr()

    command = ["report", str(tmp_path / "elu"), str(tmp_path / "nano"), "--data", str(dataset.data)]
    command += ["--ferplus", str(dataset.ferplus), "--out", str(out), "--int8", str(converted)]
    assert main([*command, "--json"]) == 0

    assert sorted(asked) == [14] * 2 * 7 + [28] * 2  # of each run the unseen in seven views, the seen as they are
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((out / "report.json").read_text())
    elu, nano = report["runs"]
    assert (elu["run"], elu["config"]["arch"], elu["epochs_trained"], elu["stopped_early"]) == (
        "elu",
        "elu-cnn",
        2,
        False,
    )
    assert (list(elu["unseen"]), list(nano["unseen"])) == (["fer"], ["fer", "ferplus"])
    for run in (elu, nano):
        scores = run["unseen"]["fer"]
        assert (scores["n"], scores["usage"], run["seen_n"], scores["stability"]["n"]) == (14, "PublicTest", 28, 14)
        assert scores["accuracy"] == np.trace(np.array(scores["confusion"])) / 14
        assert sum(group["n"] for group in scores["reliability"]) == 14
        assert 0 <= run["seen_accuracy"] <= 1
    # What the run itself wrote at its end is what the report finds.
    validation = json.loads((tmp_path / "elu" / runs.VALIDATION).read_text())["fer"]
    assert elu["unseen"]["fer"]["confusion"] == validation["confusion"]
    assert elu["parameters"] == 551_687
    assert elu["int8"] is None
    by_votes = nano["unseen"]["ferplus"]["stability"]
    assert (
        f"| {100 * by_votes['changed']:.1f} % ({100 * by_votes['changed_in_any']:.1f} %) |"
        in (out / "report.md").read_text()
    )
    assert nano["int8"]["bytes"] == next(TINY_MODEL.glob("*.tflite")).stat().st_size
    assert nano["int8"]["milliseconds"] > 0

    pictures = {f"{run}-{kind}.png" for run in ("elu", "nano") for kind in ("confusion", "reliability", "curves")}
    assert {path.name for path in out.iterdir()} == {"report.md", "report.json", "curves.png", *pictures}
    text = (out / "report.md").read_text()
    for name in (*pictures, "curves.png"):
        assert cv2.imread(str(out / name)) is not None
        assert f"]({name})" in text
    assert "| elu | elu-cnn | " in text
    assert "0.55 M | 6.2 M |  | 2 of 50 |" in text
    assert "elu-cnn: 2 of 2 epochs, which its own recipe has 50 of;" in text
    assert "By ferplus labels, n = 14" in text

    assert main(command) == 0
    assert capsys.readouterr().out.startswith("| run | architecture | accuracy | macro F1 | ECE | by FER+ | seen |")


@KERAS_WARNING
@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_what_was_learned_by_heart_shows(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    """Labels without any sense can only be remembered: seen and unseen faces tell it apart, as with the leak of elu-cnn's origin."""
    dataset = make_dataset(56, 42)
    lines = dataset.data.read_text().splitlines()
    rng = np.random.default_rng(3)
    senseless = [lines[0]] + [f"{rng.integers(7)},{_noise(rng)},{line.rpartition(',')[2]}" for line in lines[1:]]
    dataset.data.write_text("\n".join(senseless) + "\n")
    run, out = tmp_path / "elu", tmp_path / "report"
    command = ["emotion", "--arch", "elu-cnn", "--data", str(dataset.data), "--out", str(run)]
    assert main([*command, "--epochs", "30", "--batch", "8"]) == 0
    assert main(["report", str(run), "--data", str(dataset.data), "--out", str(out)]) == 0
    (report,) = json.loads((out / "report.json").read_text())["runs"]
    assert report["seen_accuracy"] > 0.9
    assert report["unseen"]["fer"]["accuracy"] < 0.4


def _noise(rng: np.random.Generator) -> str:
    return " ".join(map(str, rng.integers(0, 256, 48 * 48)))


def finished(run: Path, dataset: Dataset) -> Path:
    """A run directory without what the errors below do not reach."""
    from mien_training.emotion.config import TrainConfig

    faces = read_faces(dataset.data)
    held_back = faces.pixels[faces.usage == "PublicTest"]
    run.mkdir(parents=True)
    config = TrainConfig(data="fer2013.csv", fingerprint="f", heads=(Head.FER,))
    runs.write_json(run / runs.CONFIG, config.model_dump(mode="json"))
    (run / runs.MODEL).write_bytes(b"no model")
    runs.write_arrays(run / runs.HOLDOUT, {"faces": held_back})
    runs.write_json(run / runs.HISTORY, [{"epoch": 1, "loss": 1.0, "validation": {}, "seconds": 1.0}])
    return run


def another_version(run: Path) -> None:
    runs.write_json(run / runs.CONFIG, {"format": 2})


def without_model(run: Path) -> None:
    (run / runs.MODEL).unlink()


def without_config(run: Path) -> None:
    (run / runs.CONFIG).unlink()


def bad_history(run: Path) -> None:
    runs.write_json(run / runs.HISTORY, [1])


def other_faces(run: Path) -> None:
    runs.write_arrays(run / runs.HOLDOUT, {"faces": PIXELS[:7]})


@pytest.mark.parametrize(
    ("spoil", "more", "code", "complaint"),
    [
        (another_version, [], 3, "config.json: 'format' is 2, this mien-train reads 1; train anew, or use the version that wrote it"),
        (without_config, [], 3, "no config.json there, so it is no run of mien-train"),
        (without_model, [], 4, "no model.keras there; finish the training by giving its command again"),
        (other_faces, [], 5, "run: held back other faces than"),
        (None, [], 4, "model.keras: damaged, or no .keras file"),
        (None, ["--usage", "PrivateTest"], 5, "no row with usage PrivateTest"),
        (bad_history, [], 5, "history.json: not the epochs of a training"),
        (None, ["--int8", "nowhere"], 3, "--int8 nowhere: no such folder"),
        (None, ["other/run"], 3, "run: two runs have this name"),
    ],
)  # fmt: skip
@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_mistakes(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None] | None, more: list[str], code: int, complaint: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    dataset = make_dataset(7, 7)
    run = finished(tmp_path / "run", dataset)
    if spoil:
        spoil(run)
    out = tmp_path / "report"
    assert main(["report", str(run), *more, "--data", str(dataset.data), "--out", str(out)]) == code
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("mien-train: error:") == 1
    assert not out.exists()


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_where_nothing_can_be_written_nothing_is_measured(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("mien_training.emotion.comparison.compare", lambda *_: pytest.fail("measured"))
    dataset = make_dataset(7, 7)
    run = finished(tmp_path / "run", dataset)
    for out in ("/proc/self", "/proc/self/new/report"):  # the kernel's: nobody can make a file there
        assert main(["report", str(run), "--data", str(dataset.data), "--out", out]) == 3
        error = capsys.readouterr().err
        assert f"{out}: nothing can be written in /proc/" in error
        assert "give --out another folder" in error


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    from mien_models.errors import DataError
    from mien_training.emotion.comparison import read_history

    for content in ("[", "[]", "{}", '[{"epoch": 1}]'):
        (tmp_path / runs.HISTORY).write_text(content)
        with pytest.raises(DataError, match=r"history\.json: .*; copy the whole run directory again"):
            read_history(tmp_path, 2)


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    for command, words in (
        ("report", "a wide gap means that it knows them by heart"),
        ("duplicates", "correlation of .98 or more"),
        ("emotion", "vgg16       VGG16 variant"),
    ):
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        assert words in capsys.readouterr().out
