"""Hard negatives: what the network itself took for a face in pictures without any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mien_models.finder import Finder
from mien_models.preprocess import Box
from mien_training import runs
from mien_training.faces.material import Faces, Material, Picture

NAME = "mistakes.json"
_LEAST = 0.25
"""Score from which a false face is worth learning from."""
_MOST = 4000
_PICTURES = 400
"""Looked through in a round."""
_TOUCHES = 0.1


def mine(finder: Finder, material: Material, path: Path, epoch: int, rng: np.random.Generator) -> int:
    """Add what `finder` takes for a face in some of the pictures without to the mistakes kept in `path`; how many were new.

    Each picture is looked at as a whole and in a random part. What is ignored, or a trap that is known, is no news. What was
    mined in `epoch` before, when the training was cut off there, is forgotten.
    """
    kept = _read(path, epoch)
    chosen = rng.permutation(len(material.without))[:_PICTURES]
    new = [entry for index in chosen for entry in _false_faces(finder, material.without[index], epoch, rng)]
    runs.write_json(path, (kept + new)[-2 * _MOST :])  # more than are read, for an epoch that must be repeated
    return len(new)


def read_mistakes(path: Path, material: Material, epoch: int) -> list[Picture]:
    """The pictures of `material` with the mistakes of `path` from before `epoch` as their traps; none where there is no such file."""
    places: dict[str, list[Faces]] = {}
    for entry in _read(path, epoch)[-_MOST:]:
        x, y, width, height = entry["box"]
        place = np.array([[x + width / 2, y + height / 2], [width, height], *[[x, y]] * 5], np.float32)
        places.setdefault(entry["picture"], []).append(place)
    return [
        Picture(p.name, p.pixels, p.faces, p.ignored, np.stack(places[p.name]))
        for p in material.without
        if p.name in places
    ]


def _read(path: Path, epoch: int) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [entry for entry in kept if entry.get("epoch", -1) < epoch]


def _false_faces(finder: Finder, picture: Picture, epoch: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    height, width = picture.pixels.shape
    scale = rng.uniform(0.3, 0.8)
    high, wide = max(16, int(height * scale)), max(16, int(width * scale))
    top, left = int(rng.integers(0, max(1, height - high))), int(rng.integers(0, max(1, width - wide)))
    known = [_box(face) for face in (*picture.ignored, *picture.traps)]
    found = finder.look(picture.pixels, _LEAST)
    part = finder.look(picture.pixels[top : top + high, left : left + wide], _LEAST)
    found += [Box(box.x + left, box.y + top, box.width, box.height, box.score) for box in part]
    return [
        {
            "picture": picture.name,
            "box": [round(v, 1) for v in (box.x, box.y, box.width, box.height)],
            "score": box.score,
            "epoch": epoch,
        }
        for box in found
        if all(box.iou(other) < _TOUCHES for other in known)
    ]


def _box(face: Faces) -> Box:
    (x, y), (width, height) = face[:2].tolist()
    return Box(x - width / 2, y - height / 2, width, height)
