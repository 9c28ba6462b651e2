"""The whole training, small: it learns, it resumes, and it leaves what conversion takes."""

from __future__ import annotations

import io
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mien_models.finder import ModelFinder
from mien_models.preprocess import Box
from mien_training.__main__ import main
from tests.training.conftest import KERAS_WARNING
from tests.training.faces.conftest import write_folder

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]


def train(folder: Path, run: Path, *more: object) -> int:
    words = ["faces", "--data", folder, "--out", run, "--epochs", 2, "--scenes", 16, "--batch", 8]
    return main([str(word) for word in (*words, "--credit", "ovals, drawn", *more)])


@dataclass(frozen=True)
class Trained:
    folder: Path
    run: Path
    said: str


@pytest.fixture(autouse=True, scope="module")
def few_scenes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mien_training.faces.train.SCENES", 12)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tensorflow: None) -> Trained:
    """A training from its beginning to its end, for all who want one."""
    root, said = tmp_path_factory.mktemp("finder"), io.StringIO()
    folder = write_folder(root / "pictures")
    with redirect_stdout(said):
        assert train(folder, root / "run", "--json") == 0
    return Trained(folder, root / "run", said.getvalue())


@pytest.mark.slow
def test_a_run_is_left_that_conversion_takes(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mien_convert.__main__ import main as mien_convert

    run = trained.run
    assert json.loads(trained.said)["faces"] > 0
    history = json.loads((run / "history.json").read_text(encoding="utf-8"))
    assert [record["epoch"] for record in history] == [1, 2]
    assert history[1]["loss"] < history[0]["loss"]
    assert {path.name for path in run.iterdir()} >= {"model.keras", "preview.png", "report.png", "mistakes.json"}

    assert mien_convert(["quantize", str(run), "--out", str(tmp_path / "model"), "--name", "faces-try"]) == 0
    manifest = ModelFinder.open(tmp_path / "model").manifest
    assert manifest.data == ("ovals, drawn",)
    assert manifest.file.bytes <= 300_000

    assert train(trained.folder, run, "--credit", "somebody") == 3  # another run
    assert "'credits' was" in capsys.readouterr().err


@pytest.mark.slow
def test_a_stopped_training_resumes_where_it_was(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien_training.faces import train as module

    stopped = tmp_path / "stopped"
    real, calls = module.train_epoch, []

    def stop_in_the_second(*arguments: object) -> float:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return float(real(*arguments))

    monkeypatch.setattr(module, "train_epoch", stop_in_the_second)
    assert train(trained.folder, stopped) == 130
    monkeypatch.setattr(module, "train_epoch", real)
    assert train(trained.folder, stopped) == 0

    losses = [
        [record["loss"] for record in json.loads((run / "history.json").read_text(encoding="utf-8"))]
        for run in (trained.run, stopped)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.slow
def test_other_sizes_begin_with_its_weights(trained: Trained, tmp_path: Path) -> None:
    import keras

    small, large = trained.run, tmp_path / "large"
    assert train(trained.folder, large, "--size", "320x240", "--start", small, "--learning-rate", "1e-9") == 0
    weights = [keras.saving.load_model(run / "model.keras", compile=False).get_weights() for run in (small, large)]
    kernels = [[w for w in each if w.ndim == 4] for each in weights]
    assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(*kernels, strict=True))
    assert keras.saving.load_model(large / "model.keras", compile=False).input_shape == (None, 240, 320, 1)


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--size", "150x128"), 3, "'width'"),
        (("--start", "nowhere"), 3, "--start nowhere: no model.keras there"),
        (("--leave-out", "nowhere"), 5, "nowhere/PSEUDO_GT.json: cannot be read"),
    ],
)
def test_mistakes_are_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, str], code: int, words: str
) -> None:
    assert train(folder, tmp_path / "run", *more) == code
    assert words in capsys.readouterr().err


class Gullible:
    """A finder that sees a face at one place of every picture."""

    def look(self, image: np.ndarray, least: float) -> list[Box]:
        return [Box(20, 20, 40, 50, 0.8)]


def test_its_own_mistakes_are_mined_and_learned_from(folder: Path, tmp_path: Path) -> None:
    from mien_training.faces.material import read_material
    from mien_training.faces.mistakes import mine, read_mistakes

    material = read_material([folder], frozenset(), held_back=False)
    path = tmp_path / "mistakes.json"
    rng = np.random.default_rng(0)
    found = mine(Gullible(), material, path, 3, rng)  # type: ignore[arg-type]
    assert found > len(material.without) - 2
    pictures = read_mistakes(path, material, 4)
    # The known trap at the same place of thing_00 is no news as a whole, only in a part of the picture.
    assert {picture.name for picture in pictures} <= {picture.name for picture in material.without}
    assert all(len(picture.traps) for picture in pictures)
    before = len(json.loads(path.read_text(encoding="utf-8")))
    mine(Gullible(), material, path, 4, rng)  # type: ignore[arg-type]
    assert len(json.loads(path.read_text(encoding="utf-8"))) > before


def test_an_epoch_that_was_cut_off_draws_and_mines_as_if_it_had_not_been(folder: Path, tmp_path: Path) -> None:
    from mien_training.faces.material import read_material
    from mien_training.faces.mistakes import mine, read_mistakes

    material = read_material([folder], frozenset(), held_back=False)
    path = tmp_path / "mistakes.json"
    seen, mined = [], []
    for epoch in (3, 4, 4):  # killed after it had been mined, before its checkpoint
        seen.append([len(picture.traps) for picture in read_mistakes(path, material, epoch)])
        mine(Gullible(), material, path, epoch, np.random.default_rng(epoch))  # type: ignore[arg-type]
        mined.append(path.read_text(encoding="utf-8"))
    assert seen[1] == seen[2] != []
    assert mined[1] == mined[2] != mined[0]


def test_a_drawing_process_that_is_killed_is_one_line(folder: Path, tmp_path: Path) -> None:
    from mien_models.errors import OutcomeError
    from mien_training.faces.batches import Source, batch_pool

    source = Source((folder,), frozenset(), 96, 128, False, 2, 0, tmp_path / "none.json")
    with batch_pool(source, 1) as pool:
        batches = pool.epoch(0, 1000)
        next(batches)
        time.sleep(3)  # then it stands in the middle of writing one
        multiprocessing.active_children()[0].kill()
        with pytest.raises(OutcomeError, match="a process that draws scenes was ended"):
            list(batches)


def test_what_a_drawing_process_cannot_read_is_said_however_late_it_is_asked(tmp_path: Path) -> None:
    from mien_models.errors import DataError
    from mien_training.faces.batches import Source, batch_pool

    source = Source((tmp_path,), frozenset(), 96, 128, False, 2, 0, tmp_path / "none.json")
    with batch_pool(source, 2) as pool:
        time.sleep(8)
        with pytest.raises(DataError, match="no labels_"):
            list(pool.epoch(0, 4))
