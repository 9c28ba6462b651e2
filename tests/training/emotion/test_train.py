"""A whole training on few faces: what it leaves, and that a stop changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien_models.labels import Head
from mien_training import runs
from mien_training.__main__ import main
from tests.training.conftest import KERAS_WARNING, Dataset
from tests.training.emotion.tiny_training import arguments, tiny, weights

FACES = np.zeros((1, 48, 48), np.uint8)

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow", "tiny_architectures"), KERAS_WARNING]


def test_leaves_a_whole_run(
    make_dataset: Callable[..., Dataset], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run = tmp_path / "run"
    dataset = make_dataset()
    assert main(arguments(dataset, run, epochs=3)) == 0
    assert {path.name for path in run.iterdir()} == {
        "config.json", "model.keras", "checkpoint.npz", "history.json", "calibration.npz", "holdout.npz",
        "validation.json", "confusion.png", "curves.png",
    }  # fmt: skip
    assert caplog.text.count("validation: fer") == 3
    history = json.loads((run / runs.HISTORY).read_text())
    assert [record["epoch"] for record in history] == [1, 2, 3]
    assert history[2]["loss"] < history[0]["loss"]
    config = json.loads((run / runs.CONFIG).read_text())
    assert (config["data"], config["heads"]) == ("fer2013.csv", ["fer", "ferplus"])
    holdout = runs.read_arrays(run / runs.HOLDOUT)
    assert holdout["faces"].shape == (14, 48, 48)
    assert holdout["faces"].dtype == np.uint8
    assert holdout["fer"].dtype == holdout["ferplus"].dtype == np.int64
    assert runs.read_arrays(run / runs.CALIBRATION)["faces"].dtype == np.uint8
    assert json.loads((run / runs.VALIDATION).read_text())["ferplus"]["n"] == 14
    for name in ("confusion.png", "curves.png"):
        assert cv2.imread(str(run / name)) is not None

    assert main(arguments(dataset, run, epochs=3)) == 0
    assert "finished already" in caplog.text
    assert main(arguments(dataset, run, epochs=4)) == 3


@pytest.mark.parametrize("arch", ["tiny", "plain"])
def test_a_stop_changes_nothing(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    arch: str,
) -> None:
    from mien_training.emotion import train

    caplog.set_level("INFO")
    dataset = make_dataset()
    assert main(arguments(dataset, tmp_path / "whole", epochs=3, arch=arch)) == 0

    whole_epoch, calls = train._train_epoch, 0

    def stopped_in_the_second(*args: Any) -> float:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return whole_epoch(*args)

    with monkeypatch.context() as patch:
        patch.setattr(train, "_train_epoch", stopped_in_the_second)
        assert main(arguments(dataset, tmp_path / "stopped", epochs=3, arch=arch)) == 130
    assert "stopped after epoch 1; the same command resumes there" in caplog.text
    assert not (tmp_path / "stopped" / runs.MODEL).exists()

    assert main(arguments(dataset, tmp_path / "stopped", epochs=3, arch=arch)) == 0
    assert "resuming after epoch 1" in caplog.text
    for whole, resumed in zip(weights(tmp_path / "whole"), weights(tmp_path / "stopped"), strict=True):
        np.testing.assert_allclose(resumed, whole, rtol=1e-3, atol=1e-5)


def test_with_a_constant_rate_a_run_may_end_early_and_go_on_later(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset()
    for name, lengths in (("whole", [3]), ("longer", [1, 3])):
        for epochs in lengths:
            assert main(arguments(dataset, tmp_path / name, "--patience", "9", epochs=epochs, arch="plain")) == 0
    for whole, longer in zip(weights(tmp_path / "whole"), weights(tmp_path / "longer"), strict=True):
        np.testing.assert_allclose(longer, whole, rtol=1e-3, atol=1e-5)
    assert json.loads((tmp_path / "longer" / runs.CONFIG).read_text())["epochs"] == 3
    assert main(arguments(dataset, tmp_path / "whole", "--patience", "9", epochs=2, arch="plain")) == 3
    assert "3 epochs are trained already" in capsys.readouterr().err
    assert json.loads((tmp_path / "whole" / runs.CONFIG).read_text())["epochs"] == 3
    assert len(weights(tmp_path / "whole")) > 0, "what was refused has changed nothing"


def test_who_thinks_better_of_going_on_has_the_finished_run_back(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien_training.emotion import train

    dataset, run = make_dataset(), tmp_path / "run"
    assert main(arguments(dataset, run, epochs=1, arch="plain")) == 0
    finished = {path.name: path.read_bytes() for path in run.iterdir()}

    def stopped(*_: Any) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "_train_epoch", stopped)
    assert main(arguments(dataset, run, epochs=3, arch="plain")) == 130
    assert {path.name: path.read_bytes() for path in run.iterdir()} == finished


def test_the_running_average_is_kept_and_never_trained_on(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    from mien_training.average import running_average
    from mien_training.emotion import train
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.datasets import read_faces
    from mien_training.emotion.optimizers import make_optimizer

    dataset = make_dataset()
    faces = read_faces(dataset.data, dataset.ferplus)
    config = TrainConfig(epochs=1000, batch=8, data="", fingerprint="", heads=(Head.FER,))
    model = tiny(config.heads)
    model.compile(make_optimizer(config, steps=8), {"fer": "categorical_crossentropy"})
    before = model.get_weights()[-2]
    train._train_epoch(model, train._batches(faces, train._targets(faces, config), config, 0, None))
    current = model.get_weights()[-2]
    with running_average(model):
        averaged = model.get_weights()[-2]
    np.testing.assert_array_equal(model.get_weights()[-2], current)
    # The average of a thousand steps has hardly moved after eight.
    assert 0 < np.abs(averaged - before).max() < 0.1 * np.abs(current - before).max()
    assert int(model.optimizer.iterations.numpy()) == 8


def test_without_ferplus_there_is_one_head(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset(21, 7)
    command = arguments(dataset, tmp_path / "run", "--limit", "6", epochs=1)
    del command[command.index("--ferplus") : command.index("--ferplus") + 2]
    assert main(command) == 0
    assert len(runs.read_arrays(tmp_path / "run" / runs.HOLDOUT)["faces"]) == 6
    assert list(json.loads((tmp_path / "run" / runs.VALIDATION).read_text())) == ["fer"]


def histories(path: Path) -> list[float]:
    return [record["validation"]["fer"] for record in json.loads((path / runs.HISTORY).read_text())]


def test_stops_early_keeps_the_best_and_stays_stopped(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from mien_training.emotion import train

    caplog.set_level("INFO")
    accuracies = iter([0.2, 0.5, 0.4, 0.5, 0.9])
    kept: list[list[np.ndarray]] = []

    def told(model: Any, *_: Any) -> dict[str, float]:
        kept.append(model.get_weights())
        return {"fer": next(accuracies)}

    dataset, run = make_dataset(), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(train, "validate", told)
        assert main(arguments(dataset, run, epochs=20, arch="plain")) == 0
    assert histories(run) == [0.2, 0.5, 0.4, 0.5]  # two epochs without anything better than the second
    assert "stopped early, nothing better in 2 epochs" in caplog.text
    for saved, best, last in zip(weights(run), kept[1], kept[3], strict=True):
        np.testing.assert_array_equal(saved, best)
        assert (last != best).any() or last.size < 10

    # A stop between the last epoch and the model: the same command trains no further.
    (run / runs.MODEL).unlink()
    assert main(arguments(dataset, run, epochs=20, arch="plain")) == 0
    assert len(histories(run)) == 4
    for saved, best in zip(weights(run), kept[1], strict=True):
        np.testing.assert_array_equal(saved, best)


def test_the_recipe_is_kept_and_the_command_line_goes_before_it(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("INFO")
    run = tmp_path / "run"
    command = arguments(make_dataset(14, 7), run, "--learning-rate", "0.02", "--json", epochs=1, arch="plain")
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((run / runs.VALIDATION).read_text())
    config = json.loads((run / runs.CONFIG).read_text())
    assert (config["arch"], config["optimizer"], config["momentum"], config["patience"]) == ("plain", "sgd", 0.85, 2)
    assert (config["learning_rate"], config["batch"], config["epochs"]) == (0.02, 8, 1)
    # It learns the original labels alone, and says so.
    assert (config["heads"], config["ferplus"]) == (["fer"], None)
    assert "--ferplus is left out: plain learns FER2013's own labels alone" in caplog.text
    assert list(json.loads((run / runs.VALIDATION).read_text())) == ["fer"]
    assert list(json.loads((run / runs.HISTORY).read_text())[0]["validation"]) == ["fer"]


def test_it_is_the_same_where_settings_come_from(
    make_dataset: Callable[..., Dataset], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    dataset, run = make_dataset(14, 7), tmp_path / "run"
    assert main(arguments(dataset, run, "--recipe", '{"weight_decay": 0.01}', epochs=1)) == 0
    (run / runs.MODEL).unlink()
    config = json.loads((run / runs.CONFIG).read_text())
    (run / runs.CONFIG).write_text(json.dumps(config | {"recipe": {}}))
    assert main(arguments(dataset, run, "--recipe", '{"weight_decay": 0.01}', epochs=1)) == 0
    assert "resuming after epoch 1" in caplog.text
    assert (run / runs.MODEL).exists()


def test_a_light_row_learns_less_instead_of_wrongly() -> None:
    """TensorFlow's gradient of softmax cross entropy is p − t: targets that do not sum to one push all logits down."""
    from mien_training.emotion.train import _weighed

    targets = {"ferplus": np.array([[0.25, 0.25, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], np.float32)}
    distributions, weights = _weighed(targets)
    assert np.allclose(distributions["ferplus"].sum(axis=1), 1)
    assert np.allclose(distributions["ferplus"][0], [0.5, 0.5, 0])
    assert np.allclose(weights["ferplus"], [0.5, 1, 0])


def test_begins_with_a_trained_run_of_its_own_architecture(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mien_training.emotion.warm_start import begin_with

    dataset, first = make_dataset(), tmp_path / "first"
    assert main(arguments(dataset, first, epochs=3, arch="plain")) == 0
    network = tiny((Head.FERPLUS, Head.FER))  # a head that the first never had
    begin_with(network, str(first), FACES)
    np.testing.assert_array_equal(network.get_layer("fer").kernel, weights(first)[-2])

    # At a rate that moves nothing, the second training ends with the first one's weights.
    second, rate = tmp_path / "second", ["--learning-rate", "1e-12"]
    assert main(arguments(dataset, second, "--warm-start", str(first), *rate, epochs=1, arch="plain")) == 0
    np.testing.assert_allclose(weights(second)[-2], weights(first)[-2], atol=1e-6)
    assert json.loads((second / runs.CONFIG).read_text())["warm_start"] == ["first"]

    other = arguments(dataset, tmp_path / "third", "--warm-start", str(first), epochs=1, arch="mien-nano")
    assert main(other) == 3
    assert "give the --arch it was made with" in capsys.readouterr().err


@pytest.mark.parametrize(("written", "read"), [(None, ()), ("first", ("first",)), (["a", "b"], ("a", "b"))])
def test_what_a_run_of_an_earlier_version_began_with_is_read(
    make_dataset: Callable[..., Dataset], tmp_path: Path, written: object, read: tuple[str, ...]
) -> None:
    from mien_training.emotion.config import TrainConfig

    run = tmp_path / "run"
    assert main(arguments(make_dataset(14, 7), run, epochs=1)) == 0
    config = json.loads((run / runs.CONFIG).read_text())
    (run / runs.CONFIG).write_text(json.dumps(config | {"warm_start": written}))
    assert runs.load_config(run, TrainConfig).warm_start == read


class Numbered:
    """Batches that say which they are; drawing one of them fails."""

    def __init__(self, count: int, fails: int | None = None) -> None:
        self.count, self.fails = count, fails

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        if index == self.fails:
            raise MemoryError(f"batch {index}")
        return np.full(1, index), {}


@pytest.mark.parametrize("count", [1, 2, 10])
def test_batches_that_are_drawn_ahead_come_once_each_and_in_order(count: int) -> None:
    from mien_training.emotion.train import _drawn_ahead

    assert [int(pixels[0]) for pixels, _ in _drawn_ahead(Numbered(count))] == list(range(count))  # type: ignore[arg-type]


def test_a_batch_that_cannot_be_drawn_ends_the_epoch_where_it_is_due() -> None:
    from mien_training.emotion.train import _drawn_ahead

    batches = _drawn_ahead(Numbered(5, fails=2))  # type: ignore[arg-type]
    assert [int(next(batches)[0][0]) for _ in range(2)] == [0, 1]
    with pytest.raises(MemoryError, match="batch 2"):
        next(batches)
