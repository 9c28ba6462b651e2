"""A model directory is written whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mien_convert.card import write_card
from mien_convert.package import CARD_NAME, check_target, replace_file, staged, write_model
from mien_models.errors import ManifestError, ModelError
from mien_models.labels import Head
from mien_models.manifest import load_manifest
from tests.make_tiny_model import TINY_MODEL

MANIFEST = load_manifest(TINY_MODEL)
CONTENT = (TINY_MODEL / MANIFEST.file.path).read_bytes()


def write(target: Path, version: str = "1") -> None:
    with staged(target) as staging:
        write_model(staging, MANIFEST.model_copy(update={"version": version}), CONTENT, "card")


def test_a_new_directory(tmp_path: Path) -> None:
    write(tmp_path / "models" / "mine")

    assert load_manifest(tmp_path / "models" / "mine") == MANIFEST
    assert (tmp_path / "models" / "mine" / CARD_NAME).read_text(encoding="utf-8") == "card"
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]


def test_other_users_can_read_it(tmp_path: Path) -> None:
    write(tmp_path / "mine")

    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o755


def test_an_earlier_model_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    write(target, "1")
    (target / "emotion_int8_edgetpu.tflite").touch()

    write(target, "2")

    assert load_manifest(target).version == "2"
    assert sorted(path.name for path in target.iterdir()) == [CARD_NAME, "emotion_int8.tflite", "manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_directory_may_be_filled(tmp_path: Path) -> None:
    write(tmp_path / "a")
    (tmp_path / "b").mkdir()
    write(tmp_path / "b")

    assert load_manifest(tmp_path / "b") == MANIFEST


def test_a_link_keeps_leading_to_the_model(tmp_path: Path) -> None:
    write(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")

    write(tmp_path / "link", "2")

    assert (tmp_path / "link").is_symlink()
    assert load_manifest(tmp_path / "real").version == "2"


@pytest.mark.parametrize("entry", ["thesis.txt", "manifest.json.bak", ".git", "holiday.png"])
@pytest.mark.parametrize("with_model", [True, False])
def test_what_is_not_ours_is_never_replaced(tmp_path: Path, entry: str, with_model: bool) -> None:
    target = tmp_path / "mine"
    if with_model:
        shutil.copytree(TINY_MODEL, target)
    target.mkdir(exist_ok=True)
    (target / entry).touch()

    with pytest.raises(ModelError, match=entry):
        write(target)

    assert (target / entry).exists()


def test_models_without_a_manifest_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "other.tflite").touch()

    with pytest.raises(ModelError, match=r"other\.tflite, which is no part of a model"):
        check_target(tmp_path)


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(ModelError, match="is no directory"):
        write(tmp_path / "mine")


def test_a_failure_leaves_the_earlier_model(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    write(target)

    def fail() -> None:
        with staged(target) as staging:
            (staging / "half").write_text("x", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert load_manifest(target) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_failing_rename_puts_the_earlier_model_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "mine"
    write(target)
    rename = Path.rename

    def refuse_the_new(self: Path, to: Path) -> Path:
        if self.suffix == ".new":
            raise OSError(28, "No space left on device")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(ModelError, match=r"cannot be written \(No space left on device\)"):
        write(target, "2")

    assert load_manifest(target) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ModelError, match="nothing can be written in"):
        write(tmp_path / "file" / "mine")


def test_a_manifest_of_another_file_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ManifestError), staged(tmp_path / "mine") as staging:
        write_model(staging, MANIFEST, CONTENT + b"x", "card")

    assert list(tmp_path.iterdir()) == []


def test_a_single_file(tmp_path: Path) -> None:
    replace_file(tmp_path / "x", b"1")
    replace_file(tmp_path / "x", b"2")

    assert (tmp_path / "x").read_bytes() == b"2"
    with pytest.raises(ModelError, match="cannot be written"):
        replace_file(tmp_path / "nowhere" / "x", b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_card_tells_figures_and_where_they_are_from() -> None:
    manifest = MANIFEST.model_copy(
        update={
            "metrics": {"publictest_fer_accuracy": 0.68251, "publictest_fer_faces": 3579.0},
            "data": ("fer2013.csv",),
        }
    )

    card = write_card(manifest)

    assert "| publictest_fer_accuracy | 0.6825 |" in card
    assert "| publictest_fer_faces | 3579 |" in card
    assert "Trained on: fer2013.csv." in card
    assert "The pictures of FER2013 were collected from the web" in card
    assert "**The device answers with `ferplus`.** It calls calm faces neutral" in card
    assert manifest.commands[0] in card


def test_the_card_of_a_single_head_does_not_speak_of_the_other() -> None:
    manifest = MANIFEST.model_copy(update={"answer": Head.FER, "outputs": MANIFEST.outputs[:1]})

    assert "`ferplus`" not in write_card(manifest)
