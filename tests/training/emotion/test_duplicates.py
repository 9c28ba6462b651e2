"""Twins across splits: the same picture is found in other light, another face is not."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_training.__main__ import main
from mien_training.emotion.datasets import Faces, Usage, read_faces
from mien_training.emotion.duplicates import find_twins, overlaps
from tests.training.conftest import HEADER, Dataset, csv_line

RNG = np.random.default_rng(0)


def smooth(count: int) -> np.ndarray:
    """Pictures that are unlike each other, with the low frequencies of faces."""
    noise = RNG.normal(128, 60, (count, 12, 12)).clip(0, 255).astype(np.uint8)
    return np.stack([cv2.resize(picture, (48, 48), interpolation=cv2.INTER_CUBIC) for picture in noise])


def faces(pixels: np.ndarray, usage: str = "Training", labels: np.ndarray | None = None) -> Faces:
    n = len(pixels)
    return Faces(pixels, np.zeros(n, np.int64) if labels is None else labels, None, np.array([usage] * n, "U16"))


def test_the_same_picture_in_other_light_is_a_near_twin_and_others_are_none() -> None:
    others = smooth(60)
    brighter = np.clip(others[[5]] * 0.7 + 60, 0, 255).astype(np.uint8)
    noisy = np.clip(others[[9]] + RNG.normal(0, 5, (1, 48, 48)), 0, 255).astype(np.uint8)
    mirrored = others[[11]][:, :, ::-1]
    held = np.concatenate([others[[3]], brighter, noisy, mirrored, smooth(20)])
    twins = find_twins(faces(held), faces(others))
    assert twins.twin.tolist() == [3, 5, 9] + [-1] * 21
    assert twins.exact.tolist() == [True] + [False] * 23
    assert twins.correlation[0] == 1
    assert (twins.correlation[1:3] >= 0.98).all()


def test_flat_pictures_have_exact_twins_only() -> None:
    black, grey = np.zeros((1, 48, 48), np.uint8), np.full((1, 48, 48), 90, np.uint8)
    twins = find_twins(faces(np.concatenate([black, grey])), faces(np.concatenate([smooth(3), black])))
    assert twins.twin.tolist() == [3, -1]
    assert twins.exact.tolist() == [True, False]


def test_each_split_is_held_against_those_before_it() -> None:
    pictures = smooth(30)
    training = faces(pictures[:10], "Training", np.arange(10) % 7)
    public = faces(np.concatenate([pictures[:2], pictures[10:20]]), "PublicTest", np.r_[0, 5, np.zeros(10, int)])
    private = faces(np.concatenate([pictures[[2, 12]], pictures[20:]]), "PrivateTest", np.r_[2, 0, np.zeros(10, int)])
    parts = (training, public, private)
    whole = Faces(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.fer for part in parts]),
        None,
        np.concatenate([part.usage for part in parts]),
    )
    found = overlaps(whole)
    assert [(o.split, o.among, o.exact, o.near, o.same_label) for o in found] == [
        (Usage.PUBLIC_TEST, (Usage.TRAINING,), 2, 2, 0.5),
        (Usage.PRIVATE_TEST, (Usage.TRAINING,), 1, 1, 1),
        (Usage.PRIVATE_TEST, (Usage.PUBLIC_TEST,), 1, 1, 1),
        (Usage.PRIVATE_TEST, (Usage.TRAINING, Usage.PUBLIC_TEST), 2, 2, 1),
    ]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures, data, pairs = smooth(12), tmp_path / "fer2013.csv", tmp_path / "pairs.csv"
    lines = [csv_line(number % 7, picture, "Training") for number, picture in enumerate(pictures[:8])]
    lines += [csv_line(0, pictures[2], "PublicTest"), csv_line(1, pictures[9], "PublicTest")]
    data.write_text("\n".join([HEADER, *lines]) + "\n")

    assert main(["duplicates", "--data", str(data), "--pairs", str(pairs), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["data"] == "fer2013.csv"
    assert answer["overlaps"] == [
        {"split": "PublicTest", "among": ["Training"], "rows": 2, "exact": 1, "near": 1, "same_label": 0.0}
    ]
    assert list(csv.DictReader(pairs.read_text().splitlines())) == [
        {
            "index": "8", "usage": "PublicTest", "label": "0", "twin_index": "2", "twin_usage": "Training",
            "twin_label": "2", "correlation": "1.0000",
        }
    ]  # fmt: skip
    assert main(["duplicates", "--data", str(data)]) == 0
    assert "PublicTest in Training: 1 and 1 of 2 (50.0 %); the same label on 0.0 %" in capsys.readouterr().out


def test_one_split_has_nothing_to_compare(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_dataset(7, 0).data
    assert main(["duplicates", "--data", str(data)]) == 5
    assert f"{data}: has one split only" in capsys.readouterr().err
    assert main(["duplicates", "--data", str(data), "--pairs", str(tmp_path / "no" / "pairs.csv")]) == 3
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.slow
def test_fer2013s_own_twins(fer2013: Path) -> None:
    """As measured once: a tenth of PublicTest is in Training too, nearly always with the same label."""
    found = overlaps(read_faces(fer2013 / "fer2013.csv.xz"))[0]
    assert (found.split, found.exact, found.near) == (Usage.PUBLIC_TEST, 279, 373)
    assert found.same_label == pytest.approx(0.936, abs=0.001)
