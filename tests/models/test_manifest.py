"""The manifest is read strictly: whatever is not exactly right is an error that says what and where."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien_models.errors import ManifestError
from mien_models.labels import HEAD_LABELS, LABEL_SETS, Head
from mien_models.manifest import ModelFile, load_manifest, save_manifest
from tests.make_tiny_model import TINY_MODEL

Edit = Callable[[Callable[[dict[str, Any]], object]], None]


def refusal(model: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        load_manifest(model)
    text = str(caught.value)
    assert "\n" not in text
    assert str(model) in text
    return text


def test_the_tiny_model_is_whole() -> None:
    manifest = load_manifest(TINY_MODEL)

    assert manifest.answer is Head.FERPLUS
    assert {output.head: output.labels for output in manifest.outputs} == {
        head: HEAD_LABELS[head] for head in LABEL_SETS
    }
    assert (manifest.input.dtype, manifest.input.scale, manifest.input.zero_point) == ("int8", 1.0, -128)
    assert manifest.output(Head.FER) is manifest.outputs[0]


def test_saved_and_loaded_it_is_the_same(model: Path) -> None:
    manifest = load_manifest(model)
    (model / "manifest.json").unlink()
    save_manifest(manifest, model)

    assert load_manifest(model) == manifest
    assert sorted(path.name for path in model.iterdir()) == ["CARD.md", "emotion_int8.tflite", "manifest.json"]


def rename(old: str, new: str) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest.update({new: manifest.pop(old)})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: m.update(metric={}), "unknown key 'metric', did you mean 'metrics'?"),
        (lambda m: m["input"].update(zero_pont=0), "unknown key 'input.zero_pont', did you mean 'zero_point'?"),
        (lambda m: m["outputs"][1].update(lables=[]), "unknown key 'outputs.1.lables', did you mean 'labels'?"),
        (lambda m: m.update(qqq=1), "unknown key 'qqq'"),
        (lambda m: m.pop("licence"), "'licence' is missing"),
        (lambda m: m["file"].pop("sha256"), "'file.sha256' is missing"),
        (lambda m: m.update(schema_version=2), "'schema_version'"),
        (lambda m: m.update(kind="music"), "'kind'"),
        (lambda m: m.update(name="../evil"), "'name'"),
        (lambda m: m.update(outputs=[]), "'outputs'"),
        (lambda m: m["outputs"].pop(1), "'answer' is ferplus, but no output has this head"),
        (lambda m: m["outputs"].append(m["outputs"][0]), "two outputs have the same head (fer, ferplus, fer)"),
        (
            lambda m: m["outputs"][0]["labels"].reverse(),
            "'outputs.0': the labels of head fer must be, in this order: angry",
        ),
        (lambda m: m["outputs"][0].update(head="ferplus"), "'outputs.0': the labels of head ferplus must be"),
        (
            lambda m: m["outputs"][0].update(shape=[1, 8]),
            "'outputs.0': the shape for 7 labels must be (1, 7), not (1, 8)",
        ),
        (lambda m: m["input"].update(scale=0), "'input.scale'"),
        (lambda m: m["input"].update(dtype="float32"), "'input.dtype'"),
        (lambda m: m["input"].update(zero_point=300), "'input.zero_point'"),
        (lambda m: m["file"].update(bytes=0), "'file.bytes'"),
        (lambda m: m["file"].update(sha256="0"), "'file.sha256'"),
        (lambda m: m["metrics"].update(x=math.nan), "'metrics.x'"),
        (lambda m: m["input"].update(scale=math.inf), "'input.scale'"),
    ],
)
def test_a_wrong_key_is_named(
    model: Path, edit: Edit, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    edit(change)

    assert expected in refusal(model)


def test_all_mistakes_are_told_at_once(model: Path, edit: Edit) -> None:
    edit(lambda m: (m.pop("licence"), m.pop("data"), m.update(licence_=1)))

    text = refusal(model)

    assert text.count("; ") == 2
    assert "did you mean 'licence'?" in text


@pytest.mark.parametrize("name", ["../tiny/emotion_int8.tflite", "/etc/passwd", "a/b", "..", ".", "", "x\0y", "sub/"])
def test_a_file_elsewhere_is_refused(model: Path, edit: Edit, name: str) -> None:
    edit(lambda m: m["file"].update(path=name))

    assert "'file.path': must be a bare file name" in refusal(model)


def test_another_file_is_refused_by_its_hash(model: Path) -> None:
    path = model / "emotion_int8.tflite"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    text = refusal(model)

    assert "sha256" in text
    assert "copy the model directory again" in text


def test_a_file_of_another_length_is_refused(model: Path, edit: Edit) -> None:
    length = (model / "emotion_int8.tflite").stat().st_size
    edit(lambda m: m["file"].update(bytes=5))

    text = refusal(model)

    assert f"({length} bytes with" in text
    assert "manifest says 5 bytes" in text


def test_a_missing_file_is_named(model: Path) -> None:
    (model / "emotion_int8.tflite").unlink()

    assert "the model file that the manifest names is missing" in refusal(model)


def test_an_empty_file_is_refused(model: Path) -> None:
    (model / "emotion_int8.tflite").write_bytes(b"")

    assert "is empty" in refusal(model)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"name": NaN}', b"[" * 5000])
def test_what_is_no_manifest_is_refused(model: Path, content: bytes) -> None:
    (model / "manifest.json").write_bytes(content)

    refusal(model)


def test_a_missing_manifest_says_what_a_model_is(tmp_path: Path) -> None:
    assert "mien-convert quantize" in refusal(tmp_path)


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"")

    assert "Not a directory" in refusal(tmp_path / "model")


def test_a_file_is_described_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(b"abc")

    assert ModelFile.of(path).model_dump() == {
        "path": "x.tflite",
        "bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }


def test_saving_leaves_the_old_manifest_when_it_fails(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (model / "manifest.json").read_bytes()
    changed = load_manifest(model).model_copy(update={"version": "2"})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_manifest(changed, model)

    assert (model / "manifest.json").read_bytes() == before
    assert json.loads(before)["version"] == "1"
