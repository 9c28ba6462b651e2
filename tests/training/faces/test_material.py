from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien_models.errors import DataError
from mien_training.faces.material import read_material


def test_boxes_become_faces_doubts_and_traps(folder: Path) -> None:
    everything = [read_material([folder], frozenset(), held_back=held) for held in (False, True)]
    assert [len(part.with_faces) + len(part.without) for part in everything] == [44, 4]
    pictures = {p.name: p for part in everything for p in (*part.with_faces, *part.without)}
    assert len(pictures["mixed/face_00.png"].faces) == 1
    assert len(pictures["mixed/thing_00.png"].traps) == 1
    assert len(pictures["mixed/thing_01.png"].ignored) == 1
    assert pictures["mixed/face_00.png"].faces[0, 1].tolist() == [60, 80]


def test_what_is_left_out_is_not_read(folder: Path) -> None:
    part = read_material([folder], frozenset({"mixed/face_00.png"}), held_back=False)
    assert all(picture.name != "mixed/face_00.png" for picture in part.with_faces)


@pytest.mark.parametrize(
    ("entry", "group"),
    [
        ({"score": 0.7}, "faces"),
        ({"score": 0.7, "kind": "person"}, "faces"),
        ({"score": 0.7, "runs": 1}, "ignored"),
        ({"score": 0.59}, "ignored"),
        ({"score": 0.9, "kind": "statue"}, "ignored"),
        ({"score": 0.9, "box": [1, 1, 9, 12]}, "ignored"),
        ({"score": 0.9, "kind": "animal"}, "traps"),
    ],
)
def test_how_sure_is_sure(folder: Path, entry: dict[str, object], group: str) -> None:
    path = folder / "labels_mixed.json"
    labels = json.loads(path.read_text(encoding="utf-8"))
    labels["face_05.png"][0].update(entry)
    path.write_text(json.dumps(labels), encoding="utf-8")
    part = read_material([folder], frozenset(), held_back=False)
    picture = next(p for p in (*part.with_faces, *part.without) if p.name == "mixed/face_05.png")
    counts = {name: len(getattr(picture, name)) for name in ("faces", "ignored", "traps")}
    assert counts == {"faces": 0, "ignored": 0, "traps": 0} | {group: 1}


def test_a_picture_is_shrunk_by_halves_ahead_of_a_warp(folder: Path) -> None:
    picture = read_material([folder], frozenset(), held_back=False).with_faces[0]
    smaller, factor = picture.at_scale(0.2)
    assert (factor, smaller.shape) == (0.25, (45, 50))
    assert picture.at_scale(0.9)[0].shape == (180, 200)


def test_bad_data_is_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no labels_\*.json"):
        read_material([tmp_path], frozenset(), held_back=False)
    (folder / "mixed/face_03.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"face_03.png: is no picture"):
        read_material([folder], frozenset(), held_back=False)
    (folder / "labels_other.json").write_text("{}", encoding="utf-8")
    (folder / "labels_mixed.json").unlink()
    with pytest.raises(DataError, match="no folder other"):
        read_material([folder], frozenset(), held_back=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scroe": 0.9}, "unknown key 'face_05.png.0.scroe'"),
        ({"score": None}, "'face_05.png.0.score'"),
        ({"score": "0.9"}, "'face_05.png.0.score'"),
        ({"score": 95}, "'face_05.png.0.score'"),
        ({"score": float("nan")}, "'face_05.png.0.score'"),
        ({"box": [1, 2, 3]}, "'face_05.png.0.box"),
        ({"box": [1, 2, 30, -4]}, "'face_05.png.0.box.3'"),
        ({"landmarks": [[1, 2]] * 4}, "'face_05.png.0.landmarks"),
        ({"landmarks": [[1, 2, 3]] * 5}, "'face_05.png.0.landmarks.0'"),
        ({"kind": "cat"}, "'face_05.png.0.kind'"),
        ({"runs": 0}, "'face_05.png.0.runs'"),
    ],
)
def test_a_mistake_in_the_labels_is_named(folder: Path, change: dict[str, object], words: str) -> None:
    path = folder / "labels_mixed.json"
    labels = json.loads(path.read_text(encoding="utf-8"))
    labels["face_05.png"][0].update(change)
    path.write_text(json.dumps(labels), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_material([folder], frozenset(), held_back=False)
    said = str(caught.value)
    assert str(path) in said
    assert words in said
    assert "mien-train faces --help" in said
    assert "\n" not in said


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"a.png": {}}', '{"a.png": [[1, 2]]}', '{"a.png": null}'])
def test_labels_of_another_shape_are_one_line(folder: Path, content: str) -> None:
    (folder / "labels_mixed.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"labels_mixed\.json: .*`mien-train faces --help`") as caught:
        read_material([folder], frozenset(), held_back=False)
    assert "\n" not in str(caught.value)
