"""Pictures of a training of the face finder: sheets of scenes, and its figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien_models.preprocess import Box, Image
from mien_training.faces.judge import Findings
from mien_training.faces.scenes import Scene
from mien_training.runs import write_bytes

_COLUMNS, _TILE = 8, 240
_GREEN, _ORANGE, _RED = (0, 220, 0), (0, 150, 255), (0, 0, 255)
_POINTS = ((0, 0, 255), (255, 80, 0), (0, 255, 255), (255, 0, 255), (255, 255, 0))


def draw_sheet(path: Path, scenes: Sequence[Scene]) -> None:
    """Scenes with their faces in green, landmarks in five colours, what is ignored in orange, as a PNG."""
    tiles = []
    for scene in scenes:
        tile, scale = _tile(scene.pixels)
        for faces, colour in ((scene.ignored, _ORANGE), (scene.faces, _GREEN)):
            for face in faces * scale:
                cv2.rectangle(tile, _point(face[0] - face[1] / 2), _point(face[0] + face[1] / 2), colour, 1)
        for face in scene.faces * scale:
            for point, colour in zip(face[2:], _POINTS, strict=True):
                cv2.circle(tile, _point(point), 1, colour, -1)
        tiles.append(tile)
    write_sheet(path, tiles)


def draw_mistakes(path: Path, mistakes: Sequence[tuple[Image, Sequence[Box], Sequence[Box]]]) -> None:
    """Pictures with the faces that were missed in green and the false ones in red, as a PNG."""
    tiles = []
    for image, missed, false in mistakes:
        tile, scale = _tile(image)
        for boxes, colour in ((missed, _GREEN), (false, _RED)):
            for box in boxes:
                corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]]) * scale
                cv2.rectangle(tile, _point(corners[0]), _point(corners[1]), colour, 1)
        tiles.append(tile)
    write_sheet(path, tiles)


def write_sheet(path: Path, tiles: list[Image]) -> None:
    """Tiles of any size in rows of eight; without any a sheet that says so, for an old one in its place would mislead."""
    tiles = tiles or [_nothing()]
    high, wide = max(tile.shape[0] for tile in tiles), max(tile.shape[1] for tile in tiles)
    sheet = np.zeros((-(-len(tiles) // _COLUMNS) * high, min(_COLUMNS, len(tiles)) * wide, 3), np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // _COLUMNS * high, index % _COLUMNS * wide
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    write_bytes(path, cv2.imencode(".png", sheet)[1].tobytes())


def draw_report(path: Path, findings: Findings, disturbed: Findings, history: list[dict[str, Any]]) -> None:
    """Precision against recall, recall by height and by disturbance, and the training's course, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9), layout="constrained")
    (left, right), (below_left, below_right) = figure.subplots(2, 2)
    points = [point for point in findings.curve if point.precision is not None]
    left.plot([point.recall for point in points], [point.precision for point in points], marker=".")
    left.set(title=f"{findings.faces} faces in composed scenes", xlabel="recall", ylabel="precision")
    for axes, shares, what in (
        (right, findings.recall_by_height, "height of the face in scenes, pixels"),
        (below_left, disturbed.recall_by, "whole pictures, disturbed"),
    ):
        known = {name: share for name, share in shares.items() if share is not None}
        axes.bar(list(known), list(known.values()))
        axes.set(title=f"recall from score {findings.start}", xlabel=what, ylim=(0, 1))
        axes.tick_params("x", rotation=30)
    below_right.plot([record["epoch"] for record in history], [record["validation"]["recall"] for record in history])
    below_right.set(title="recall on validation", xlabel="epoch", ylim=(0, 1))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    write_bytes(path, buffer.getvalue())


def _tile(image: Image) -> tuple[Image, float]:
    scale = _TILE / max(image.shape[:2])
    small = cv2.resize(
        image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    )
    return np.asarray(small if small.ndim == 3 else cv2.cvtColor(small, cv2.COLOR_GRAY2BGR), np.uint8), scale


def _nothing() -> Image:
    tile = np.zeros((_TILE // 2, _TILE, 3), np.uint8)
    cv2.putText(tile, "nothing to show", (_TILE // 8, _TILE // 4), cv2.FONT_HERSHEY_SIMPLEX, 0.7, _GREEN)
    return tile


def _point(place: Any) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
