"""Looking for a recipe: trials are counted over processes, bad ones given up, and the best is a recipe to train with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from mien_models.errors import OutcomeError
from mien_training import runs
from mien_training.__main__ import main
from tests.needs import give_up
from tests.training.conftest import KERAS_WARNING, ROOT, Dataset

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]


@pytest.fixture(autouse=True)
def _with_optuna(tiny_architectures: None) -> None:
    try:
        import optuna  # noqa: F401
    except ImportError:
        give_up("optuna is not installed (the `training` extra)")


def command(dataset: Dataset, out: Path, *more: str) -> list[str]:
    return ["search", "--arch", "tiny", "--data", str(dataset.data), "--ferplus", str(dataset.ferplus),
            "--out", str(out), "--epochs", "2", *more]  # fmt: skip


def test_searches_goes_on_and_leaves_a_recipe(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, out = make_dataset(), tmp_path / "search"
    assert main(command(dataset, out, "--trials", "2")) == 0
    assert f"{out}/best.json: " in capsys.readouterr().out

    assert main(command(dataset, out, "--trials", "3", "--json")) == 0
    report = json.loads(capsys.readouterr().out)
    assert [trial["number"] for trial in report["trials"]] == [0, 1, 2]
    best = max(report["trials"], key=lambda trial: float(trial["accuracy"] if trial["state"] == "complete" else 0))
    assert report["best"] == best["settings"] == json.loads((out / "best.json").read_text())
    config = json.loads((out / "trials" / f"{best['number']:04}" / runs.CONFIG).read_text())
    assert {name: config[name] for name in best["settings"]} == best["settings"]
    assert cv2.imread(str(out / "search.png")) is not None

    assert main(command(dataset, out, "--trials", "3")) == 0  # done already
    assert len(list((out / "trials").iterdir())) == 3
    assert main(command(dataset, out, "--trials", "4", "--seed", "1")) == 3
    assert "'seed' was 0, now 1" in capsys.readouterr().err

    run = tmp_path / "run"
    train = ["emotion", "--arch", "tiny", "--data", str(dataset.data), "--out", str(run), "--epochs", "1"]
    assert main([*train, "--recipe", str(out / "best.json")]) == 0
    trained = json.loads((run / runs.CONFIG).read_text())
    assert {name: trained[name] for name in best["settings"]} == best["settings"] == trained["recipe"]


@pytest.mark.parametrize("damage", ["half a line", "garbage"])
def test_a_journal_that_a_power_cut_left_goes_on_and_a_damaged_one_is_one_line(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    dataset, out = make_dataset(), tmp_path / "search"
    assert main(command(dataset, out, "--trials", "1")) == 0
    journal = out / "journal.log"
    whole = journal.read_bytes()
    if damage == "half a line":
        journal.write_bytes(whole + whole.splitlines()[-1][:20])
        for trials in ("2", "3"):  # the first restart must not write behind it
            assert main(command(dataset, out, "--trials", trials)) == 0, capsys.readouterr().err
        assert all(json.loads(line) for line in journal.read_text().splitlines())
    else:
        journal.write_bytes(b"nonsense\n" + whole)
        capsys.readouterr()
        assert main(command(dataset, out, "--trials", "2")) == 5
        assert "journal.log: damaged" in capsys.readouterr().err


def test_a_recipe_may_be_given_in_so_many_words(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = [
        "emotion",
        "--arch",
        "tiny",
        "--data",
        str(make_dataset().data),
        "--out",
        str(tmp_path / "run"),
        "--epochs",
        "1",
    ]
    assert main([*train, "--recipe", '{"augmentation": "generator", "epochs": 9}']) == 0
    config = json.loads((tmp_path / "run" / runs.CONFIG).read_text())
    assert (config["augmentation"], config["epochs"]) == ("generator", 1)
    assert config["recipe"] == {"augmentation": "generator", "epochs": 9}
    assert main([*train, "--recipe", '{"augmentation": "none']) == 3
    assert "--recipe" in capsys.readouterr().err


@pytest.mark.timeout(900)
def test_processes_search_together(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    """Two at once, as two hosts on a shared drive: five trainings in all, none of them twice."""
    dataset, out = make_dataset(14, 7), tmp_path / "search"
    code = (
        "from mien_training.emotion.networks import ARCHITECTURES, Architecture; "
        "from tests.training.emotion.tiny_training import tiny; from mien_training.__main__ import main; import sys; "
        "ARCHITECTURES['tiny'] = Architecture('for tests', tiny); sys.exit(main(sys.argv[1:]))"
    )
    path = {"PYTHONPATH": ":".join(str(ROOT / name) for name in ("", "device", "models", "training", "convert"))}
    both = [
        subprocess.Popen([sys.executable, "-c", code, *command(dataset, out, "--trials", "5")], env=path, cwd=ROOT)
        for _ in range(2)
    ]
    try:
        assert [process.wait(800) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
            process.wait()
    assert 5 <= len(list((out / "trials").iterdir())) <= 6  # the other one may have begun its last
    assert set(json.loads((out / "best.json").read_text())) >= {"learning_rate", "batch"}


def test_a_bad_training_is_given_up_and_a_broken_one_survived(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien_training.checkpoint import Progress
    from mien_training.emotion import search as module
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.train import AfterEpoch

    # Six fine trainings, one with a broken loss, one that is bad from the start.
    accuracies: list[float | None] = [0.5, 0.51, 0.52, 0.53, 0.54, 0.55, None, 0.1]
    given_up = []

    def fit(config: TrainConfig, *_: Any, after_epoch: AfterEpoch) -> tuple[None, Progress]:
        value = accuracies.pop(0)
        if value is None:
            raise OutcomeError("the loss is nan")
        history: list[dict[str, Any]] = []
        for epoch in range(4):
            history.append({"validation": {"fer": value}})
            given_up.append((value, epoch))
            after_epoch(history)
        return None, Progress(history)

    monkeypatch.setattr(module, "fit", fit)
    base = TrainConfig(data="", fingerprint="", heads=("fer",))
    empty: Any = None
    study = module.search(base, empty, empty, tmp_path / "search", trials=8)

    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 6 + ["PRUNED", "PRUNED"]
    assert given_up[-1] == (0.1, 1)  # after its second epoch
    assert study.best_value == 0.55


@pytest.mark.parametrize("content", ["{", '{"rate": 1}', '{"batch": 0}', "[]"])
def test_a_recipe_that_is_none(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(content)
    dataset = make_dataset(7, 7)
    train = ["emotion", "--arch", "tiny", "--data", str(dataset.data), "--out", str(tmp_path / "run")]
    assert main([*train, "--recipe", str(recipe)]) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"mien-train: error: --recipe {recipe}: ")
    assert "give a best.json" in error
