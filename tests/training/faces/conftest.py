"""Pictures with faces and without, drawn on the spot: a face is a bright oval with dark eyes and mouth."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.preprocess import Image
from mien_training.faces.material import Material, Picture, read_material

FACE = np.array([[100, 90], [60, 80], [86, 80], [114, 80], [100, 92], [88, 112], [112, 112]], np.float32)


def drawn_face() -> Image:
    image = np.full((180, 200), 60, np.uint8)
    cv2.ellipse(image, (100, 90), (30, 40), 0, 0, 360, 200, -1)
    for x, y in FACE[[2, 3]]:
        cv2.circle(image, (int(x), int(y)), 5, 20, -1)
    cv2.line(image, (88, 112), (112, 112), 40, 4)
    # Only on the person's right: where left and right are exchanged, this is on the other side.
    cv2.circle(image, (78, 95), 4, 255, -1)
    return image


def drawn_things(seed: int) -> Image:
    rng = np.random.default_rng(seed)
    image = np.full((150, 220), int(rng.integers(40, 160)), np.uint8)
    for _ in range(12):
        corner = rng.integers(0, 200, 2).tolist()
        cv2.rectangle(image, corner, (corner[0] + 40, corner[1] + 15), int(rng.integers(256)), -1)
    return image


def write_folder(root: Path) -> Path:
    """A data set: 24 pictures with a face, 24 without, one with a trap, one with something doubtful."""
    labels: dict[str, list[dict[str, object]]] = {}
    (root / "mixed").mkdir(parents=True)
    (x, y), (width, height) = FACE[:2].tolist()
    box = [x - width / 2, y - height / 2, width, height]
    entry = {"box": box, "score": 0.95, "runs": 4, "landmarks": FACE[2:].tolist()}
    for number in range(24):
        cv2.imwrite(str(root / f"mixed/face_{number:02}.png"), drawn_face())
        labels[f"face_{number:02}.png"] = [entry]
        cv2.imwrite(str(root / f"mixed/thing_{number:02}.png"), drawn_things(number))
        labels[f"thing_{number:02}.png"] = []
    labels["thing_00.png"] = [{**entry, "box": [20, 20, 40, 50], "kind": "object"}]
    labels["thing_01.png"] = [{**entry, "box": [60, 60, 40, 50], "score": 0.4}]
    (root / "labels_mixed.json").write_text(json.dumps(labels), encoding="utf-8")
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "pictures")


@pytest.fixture
def material(folder: Path) -> Material:
    return read_material([folder], frozenset(), held_back=False)


@pytest.fixture
def picture() -> Picture:
    nothing = np.zeros((0, 7, 2), np.float32)
    return Picture("drawn", drawn_face(), FACE[None], nothing, nothing)
