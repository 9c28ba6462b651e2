from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.errors import DataError
from mien_models.matching import Truth
from mien_models.preprocess import Box
from mien_training.faces.disturb import DISTURBANCES
from mien_training.faces.evaluate import FootageReport, describe, draw_footage_mistakes, measure
from mien_training.faces.footage import read_footage
from mien_training.faces.judge import Judged, Sample
from mien_training.faces.report import draw_mistakes
from tests.make_tiny_finder import TINY_FINDER

FACE = Box(100, 60, 60, 80)
IMAGE = np.full((240, 320, 3), 120, np.uint8)


def at(box: Box, score: float, x: float = 0.0) -> Box:
    return Box(box.x + x, box.y, box.width, box.height, score)


def judged() -> Judged:
    """One face found surely, one unsurely, one missed; a false face of .7 in one of two empty pictures."""
    result = Judged()
    for found in ([at(FACE, 0.9, 4)], [at(FACE, 0.5)], []):
        result.add(Sample(IMAGE, Truth((FACE,)), ("dark",) if found else ()), found)
    result.add(Sample(IMAGE, Truth(), ("whole",)), [Box(10, 10, 30, 40, 0.7)])
    result.add(Sample(IMAGE, Truth((), (FACE,))), [at(FACE, 0.8)])
    return result


def test_figures_are_counted() -> None:
    findings = judged().findings(0.4)
    assert (findings.faces, findings.pictures) == (3, 5)
    assert findings.recall == pytest.approx(2 / 3, abs=1e-4)
    assert findings.recall_by == {"dark": 1.0, "whole": None}
    assert findings.false_per_empty == 0.5
    assert findings.false_per_peopled == 0.0
    assert findings.recall_by_height["80-10000"] == pytest.approx(2 / 3, abs=1e-4)
    assert findings.recall_by_height["0-12"] is None
    assert findings.place_error == pytest.approx(2 / 80)
    assert judged().findings(0.6).recall == pytest.approx(1 / 3, abs=1e-4)
    point = next(p for p in findings.curve if p.score == 0.6)
    assert (point.precision, point.recall) == (0.5, pytest.approx(1 / 3, abs=1e-4))


def test_the_threshold_lies_above_the_false_faces() -> None:
    several = judged()
    assert several.start() == pytest.approx(0.701)
    several.add(Sample(IMAGE, Truth()), [Box(10, 10, 30, 40, 0.85)])  # composed of traps: no measure of a room
    assert several.start() == pytest.approx(0.701)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A still with a face of 80 pixels and one of 20, and an empty one."""
    folder = tmp_path / "footage"
    (folder / "stills").mkdir(parents=True)
    image = IMAGE.copy()
    cv2.rectangle(image, (100, 60), (160, 140), (255, 255, 255), -1)
    cv2.imwrite(str(folder / "stills/one.png"), image)
    cv2.imwrite(str(folder / "stills/none.png"), IMAGE)
    (folder / "MANIFEST.csv").write_text("file,split\nstills/one.png,dev\nstills/none.png,dev\n", encoding="utf-8")
    points = [[0, 0]] * 5
    faces = [{"b": [100, 60, 160, 140], "m": 0.8, "k": points}, {"b": [10, 10, 25, 30], "m": 0.9, "k": points}]
    rows = [{"g": "caltech", "n": "one.png", "gt": faces}, {"g": "neg", "n": "none.png", "gt": []}]
    (folder / "PSEUDO_GT.json").write_text(json.dumps(rows), encoding="utf-8")
    return folder


def white_finder(image: np.ndarray, least: float) -> list[Box]:
    """Takes everything that is white for one face."""
    mask = ((image if image.ndim == 2 else image.max(axis=2)) > 200).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    return [Box(x, y, width, height, 0.9)] if width and least <= 0.9 else []


def test_footage_is_measured(footage: Path) -> None:
    report = measure("white", white_finder, 0.5, footage)

    assert isinstance(report, FootageReport)
    assert (report.n_faces, report.n_frames, report.recall) == (1, 2, 1.0)
    assert report.false_faces_per_negative_frame == 0.0
    assert report.false_faces_per_positive_frame == 0.0
    assert set(report.recall_by) == {
        "dark", "backlit", "tilt20", "tilt35", "grey", "blur", "jpeg", "lower_face_blocked",
    }  # fmt: skip
    assert report.recall_by["grey"] == 1.0
    assert report.recall_by["dark"] == 0.0
    assert report.recall_by["tilt20"] == 1.0
    assert "recall 100.0 % of 1 faces" in describe(report)


def test_what_went_wrong_is_drawn(footage: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    draw_footage_mistakes(sheet, str(TINY_FINDER), footage)  # a white block is many faces to it, all of the wrong size
    image = cv2.imread(str(sheet))
    assert image is not None
    assert ((image[..., 1] > 200) & (image[..., 2] < 50)).any()  # green: missed


def test_a_sheet_without_mistakes_says_so_and_replaces_an_old_one(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(b"the mistakes of another finder")
    draw_mistakes(sheet, [])
    image = cv2.imread(str(sheet))
    assert image is not None
    assert image.any()


def test_grey_pictures_can_be_disturbed_too() -> None:
    grey = Sample(IMAGE[..., 0], Truth((FACE,)))
    for disturb in DISTURBANCES.values():
        assert disturb(grey).image.shape == (240, 320)


def test_tilting_moves_the_truth_with_the_picture(footage: Path) -> None:
    sample = next(sample for group, sample in read_footage(footage, 40) if group == "caltech")
    for name in ("tilt20", "tilt35"):
        tilted = DISTURBANCES[name](sample)
        (found,) = white_finder(tilted.image, 0.5)
        (face,) = tilted.truth.faces
        assert np.hypot(*np.subtract(found.centre, face.centre)) < 2


def test_only_the_lower_half_is_blocked(footage: Path) -> None:
    sample = next(sample for group, sample in read_footage(footage, 40) if group == "caltech")
    changed = DISTURBANCES["lower_face_blocked"](sample).image
    assert (changed[60:103, 100:160] == 255).all()
    assert (changed[106:140, 100:160] == 128).all()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("MANIFEST.csv", "path\nx\n"),
        ("MANIFEST.csv", "a,file\nx\n"),
        ("PSEUDO_GT.json", "[{}]"),
        ("PSEUDO_GT.json", '[{"n": "one.png", "g": "caltech", "gt": null}]'),
        ("PSEUDO_GT.json", '[{"n": "one.png", "g": "caltech", "gt": [{"b": [9, 9, 1, 1], "m": 1, "k": []}]}]'),
        ("PSEUDO_GT.json", '[{"n": "one.png#x", "g": "caltech", "gt": []}]'),
        ("PSEUDO_GT.json", '[{"n": "one.png", "g": 7, "gt": []}]'),
        ("PSEUDO_GT.json", '[{"n": "one.png", "g": "caltech", "gt": []}, {"n": "one.png#0", "g": "neg", "gt": []}]'),
        (
            "PSEUDO_GT.json",
            f'[{{"n": "one.png", "g": "neg", "gt": [{{"b": [1, 1, 9, 9], "m": "1", "k": {[[0, 0]] * 5}}}]}}]',
        ),
        (
            "PSEUDO_GT.json",
            f'[{{"n": "one.png", "g": "neg", "gt": [{{"b": [1, 1, 9, 9], "m": 40, "k": {[[0, 0]] * 5}}}]}}]',
        ),
        ("MANIFEST.csv", "file\nstills/one.png\nclips/one.png\n"),
    ],
)
def test_another_layout_is_one_line(footage: Path, file: str, content: str) -> None:
    (footage / file).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=file) as caught:
        list(read_footage(footage, 40))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "number"), [("one.png", 7), ("film.mp4", 0)])
def test_a_frame_that_is_not_there_is_named_and_not_left_out(footage: Path, name: str, number: int) -> None:
    (footage / "stills/film.mp4").write_bytes(b"no film")
    with (footage / "MANIFEST.csv").open("a", encoding="utf-8") as manifest:
        manifest.write("stills/film.mp4,dev\n")
    rows = [{"g": "caltech", "n": f"{name}#{number}", "gt": []}]
    (footage / "PSEUDO_GT.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name}: cannot be read, or has no frame {number};"):
        list(read_footage(footage, 40))
