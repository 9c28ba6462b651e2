"""`mien-convert package`: a model directory of a file that is there already. Without TensorFlow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_convert.runs import Holdout
from mien_convert.tables import draw_tables, shares
from mien_models.errors import DataError, ManifestError, ModelError
from mien_models.labels import Emotion, Head
from mien_models.manifest import load_manifest
from mien_models.runner import Classifier
from mien_models.selftest import surely_read
from mien_models.shipped import find_model
from tests.make_tiny_model import TINY_FLOAT, TINY_MODEL, picture

Command = Callable[..., tuple[int, str, str]]
TINY_FILE = TINY_MODEL / "emotion_int8.tflite"
SAID = ["--licence", "CC0-1.0", "--data", "drawn by hand", "--data", "and by foot"]


def test_a_bare_file_becomes_what_the_device_runs(tmp_path: Path, mien_convert: Command) -> None:
    out = tmp_path / "mine"

    code, stdout, stderr = mien_convert(
        "package", TINY_FILE, "--out", out, "--name", "mine", "--version", "3", *SAID, "--made-with", "draw /home/x/y"
    )

    assert code == 0, stderr
    assert stdout == f"{out}: mine 3, {TINY_FILE.stat().st_size} bytes, CC0-1.0\n"
    manifest = load_manifest(out)
    assert (manifest.name, manifest.version, manifest.licence) == ("mine", "3", "CC0-1.0")
    assert manifest.data == ("drawn by hand", "and by foot")
    assert manifest.commands == (
        "draw y",
        "mien-convert package emotion_int8.tflite --out mine --name mine --version 3 --licence CC0-1.0 "
        "--data 'drawn by hand' --data 'and by foot'",
    )
    assert manifest.outputs == load_manifest(TINY_MODEL).outputs
    assert Classifier.open(out).read(picture(Emotion.HAPPY)).probabilities.argmax() == list(Emotion).index(
        Emotion.HAPPY
    )
    card = (out / "CARD.md").read_text(encoding="utf-8")
    assert "None were measured." in card
    assert "Trained on: drawn by hand, and by foot. Weights: CC0-1.0. No face of the data" in card
    assert "faces come from a web search" not in card


def test_a_directory_says_what_is_not_said_here(tmp_path: Path, mien_convert: Command) -> None:
    code, stdout, stderr = mien_convert("package", TINY_MODEL, "--out", tmp_path / "mine", "--version", "9", "--json")

    assert code == 0, stderr
    old, new = load_manifest(TINY_MODEL), load_manifest(tmp_path / "mine")
    assert json.loads(stdout)["manifest"] == new.model_dump(mode="json")
    assert new.version == "9"
    assert new.commands[:-1] == old.commands
    file = new.file.model_copy(update={"path": old.file.path})
    assert new.reads == surely_read(Classifier.open(TINY_MODEL))
    kept = {"version": old.version, "commands": old.commands, "file": file, "reads": old.reads}
    assert new.model_copy(update=kept) == old


def test_figures_and_pictures_of_a_run(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    out = tmp_path / "mine"

    code, _, stderr = mien_convert("package", TINY_FILE, "--out", out, *SAID, "--run", run)

    assert code == 0, stderr
    metrics = load_manifest(out).metrics
    assert metrics["validation_ferplus_accuracy"] == 1
    assert metrics["validation_fer_faces"] == 35
    assert not [name for name in metrics if "agreement" in name]
    card = (out / "CARD.md").read_text(encoding="utf-8")
    assert "| validation_ferplus_accuracy | 1.0000 |" in card
    assert "validation faces were not learned from" in card
    for name in ("answers_fer.png", "answers_ferplus.png"):
        assert f"]({name})" in card
        assert cv2.imread(str(out / name)) is not None


def test_it_may_be_packed_again_in_its_place(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    out = tmp_path / "mine"
    assert mien_convert("package", TINY_FILE, "--out", out, *SAID, "--run", run)[0] == 0

    assert mien_convert("package", out, "--out", out, "--version", "2")[0] == 0

    assert load_manifest(out).version == "2"
    assert load_manifest(out).metrics["validation_ferplus_accuracy"] == 1
    # Figures and tables stay with the file that they are of.
    assert {path.name for path in out.glob("*.png")} == {"answers_fer.png", "answers_ferplus.png"}
    assert "](answers_ferplus.png)" in (out / "CARD.md").read_text(encoding="utf-8")


def test_a_float_file_is_refused(tmp_path: Path, mien_convert: Command) -> None:
    code, _, stderr = mien_convert("package", TINY_FLOAT, "--out", tmp_path / "mine", *SAID)

    assert code == ModelError.exit_code
    assert stderr.startswith(f"mien-convert: error: {TINY_FLOAT}: is not int8: ")
    assert "mien-convert quantize" in stderr
    assert stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_directory_is_refused(tmp_path: Path, mien_convert: Command) -> None:
    model = Path(shutil.copytree(TINY_MODEL, tmp_path / "model"))
    (model / "emotion_int8.tflite").write_bytes(b"x")

    assert mien_convert("package", model, "--out", tmp_path / "mine")[0] == ManifestError.exit_code


def test_a_run_without_labels_of_a_head(
    run: Path, set_config: Callable[..., None], tmp_path: Path, mien_convert: Command
) -> None:
    set_config(heads=["fer"])

    code, _, stderr = mien_convert("package", TINY_FILE, "--out", tmp_path / "mine", *SAID, "--run", run)

    assert code == DataError.exit_code
    assert "its holdout faces have no labels of ferplus" in stderr
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("said", [[], SAID[:2], SAID[2:]])
def test_a_bare_file_wants_licence_and_data(said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from mien_convert.__main__ import main

    with pytest.raises(SystemExit) as caught:
        main(["package", str(TINY_FILE), "--out", "x", *said])

    assert caught.value.code == 2
    assert "--licence and --data; give both" in capsys.readouterr().err


def test_shares_by_hand() -> None:
    probabilities = np.eye(7, dtype=np.float32)[[0, 0, 1, 3, 6]]

    table = shares(probabilities, np.array([0, 1, 1, 3, -1]))

    assert table[0].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert table[1].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0]
    assert table[2].sum() == table[6].sum() == 0


def test_a_head_without_labels_has_no_table() -> None:
    probabilities = {Head.FER: np.eye(7, dtype=np.float32), Head.READABLE: np.ones((7, 2), np.float32)}
    holdout = Holdout(np.zeros((7, 48, 48), np.uint8), {Head.FER: np.arange(7), Head.READABLE: np.full(7, -1)})

    assert list(draw_tables(probabilities, holdout)) == ["answers_fer.png"]


def test_a_shipped_model_is_taken_by_its_name(tmp_path: Path, mien_convert: Command) -> None:
    code, _, said = mien_convert("package", "emotion-nano", "--out", tmp_path / "m", "--name", "mine")
    assert code == 0, said
    new, old = load_manifest(tmp_path / "m"), load_manifest(find_model("emotion-nano"))
    assert (new.name, new.licence, new.metrics) == ("mine", old.licence, old.metrics)
    code, _, said = mien_convert("package", "none", "--out", tmp_path / "n")
    assert code == 4
    assert "none: no such file" in said


def test_a_folder_of_a_shipped_models_name_is_the_users(
    tmp_path: Path, mien_convert: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(TINY_MODEL, tmp_path / "emotion")
    assert mien_convert("package", "emotion", "--out", tmp_path / "m")[0] == 0
    assert load_manifest(tmp_path / "m").file.sha256 == load_manifest(TINY_MODEL).file.sha256


def test_an_earlier_model_that_was_signed_is_replaced(tmp_path: Path, mien_convert: Command) -> None:
    out = tmp_path / "m"
    for _ in range(2):
        assert mien_convert("package", "emotion-nano", "--out", out)[0] == 0
        (out / "manifest.sig").write_text("untrusted comment: signed once\n")
    assert mien_convert("package", "emotion-nano", "--out", out)[0] == 0
    assert not (out / "manifest.sig").exists()
