"""How well and how fast faces are found on real footage: `python benchmarks/finders.py FOOTAGE`.

FOOTAGE is a folder with PSEUDO_GT.json, a list of {n: "file#frame", g: group, gt: [{b: [x1, y1, x2, y2], m: score}]},
and below it the files. Each finder sees the sampled frames; the paced search sees every frame of the clips, as the
device does. Recall: faces higher than 40 pixels with a score of 0.4 or more that a box covers with IoU 0.5. False: boxes
that touch (IoU 0.2) no face at all, a frame. Times are of one processor thread.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien_device.camera.replay import PICTURE_SUFFIXES
from mien_device.faces.haar import HaarFinder
from mien_device.faces.search import PacedSearch
from mien_device.faces.tracks import Tracker
from mien_models.preprocess import Box, Image

LEAST_HEIGHT, LEAST_SCORE = 40, 0.4
WITH_FACES = ("asl", "gif", "stills", "caltech")


@dataclass
class Tally:
    """Counts of one finder."""

    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    faces: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    false: dict[bool, int] = field(default_factory=lambda: defaultdict(int))
    frames: dict[bool, int] = field(default_factory=lambda: defaultdict(int))
    fits: list[tuple[float, ...]] = field(default_factory=list)
    """Of each face that was found: distances right and down in box heights, width and height as factors of the box's."""
    seconds: float = 0.0
    timed: int = 0

    def add(self, sample: dict[str, Any], boxes: list[Box]) -> None:
        truth = [(Box(x1, y1, x2 - x1, y2 - y1), face["m"]) for face in sample["gt"] for x1, y1, x2, y2 in [face["b"]]]
        positive = sample["g"] in WITH_FACES
        self.frames[positive] += 1
        self.false[positive] += sum(all(box.iou(face) < 0.2 for face, _ in truth) for box in boxes)
        for face, score in truth:
            if score >= LEAST_SCORE and face.height > LEAST_HEIGHT:
                self.faces[sample["g"]] += 1
                best = max(boxes, key=face.iou, default=None)
                if best is not None and best.iou(face) >= 0.5:
                    self.found[sample["g"]] += 1
                    right, down = (np.subtract(face.centre, best.centre) / best.height).tolist()
                    self.fits.append((right, down, face.width / best.width, face.height / best.height))

    def row(self, name: str) -> str:
        shares = [self.found[g] / self.faces[g] if self.faces[g] else float("nan") for g in ("asl", "gif", "caltech")]
        every = sum(self.found.values()) / max(1, sum(self.faces.values()))
        false = [self.false[kind] / max(1, self.frames[kind]) for kind in (True, False)]
        columns = [f"{value:8.3f}" for value in (*shares, every, *false)]
        return f"{name:<26}{''.join(columns)}{1000 * self.seconds / max(1, self.timed):8.2f}"

    def fit(self) -> str:
        low, middle, high = np.percentile(self.fits, (10, 50, 90), axis=0)
        names = ("right", "down", "width", "height")
        return ", ".join(f"{n} {m:.3f} [{a:.3f}, {b:.3f}]" for n, a, m, b in zip(names, low, middle, high, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("footage", type=Path)
    footage = parser.parse_args().footage
    cv2.setNumThreads(1)
    print(f"{'':<26}{'asl':>8}{'gif':>8}{'caltech':>8}{'all':>8}{'false+':>8}{'false-':>8}{'ms':>8}")
    finder = HaarFinder()
    for name, change in (
        ("whole picture", _same),
        ("whole picture, dark", _darken),
        ("whole, lit from a side", _backlit),
    ):
        tally = _stills(footage, finder, change)
        print(tally.row(name), flush=True)
        if change is _same:
            fit = tally.fit()
    tally, followed = _paced(footage, finder)
    print(tally.row("paced search, clips"))
    print(f"faces against boxes, median [10 %, 90 %]: {fit}")
    print(f"confirmed people in clips without faces: {followed}")


def _stills(footage: Path, finder: HaarFinder, change: Callable[[Image], Image]) -> Tally:
    tally = Tally()
    for _, frames, samples in _files(footage):
        for number, image in enumerate(frames):
            if number in samples:
                changed = change(image)
                started = time.thread_time()
                boxes = finder.find(changed)
                tally.seconds += time.thread_time() - started
                tally.timed += 1
                tally.add(samples[number], boxes)
    return tally


def _paced(footage: Path, finder: HaarFinder) -> tuple[Tally, int]:
    """Every frame of every clip, at 30 a second by its stamps."""
    tally, followed = Tally(), 0
    for path, frames, samples in _files(footage):
        if path.suffix.lower() in PICTURE_SUFFIXES:
            continue
        search, tracker = PacedSearch(finder), Tracker()
        for number, image in enumerate(frames):
            started = time.thread_time()
            boxes = search.find(image, number / 30, tracker.boxes)
            sighting = tracker.update(boxes, number / 30)
            tally.seconds += time.thread_time() - started
            tally.timed += 1
            if number in samples:
                tally.add(samples[number], boxes)
            if all(sample["g"] == "neg" for sample in samples.values()):
                followed += len(sighting.arrived)
    return tally, followed


def _files(footage: Path) -> Iterator[tuple[Path, Iterator[Image], dict[int, dict[str, Any]]]]:
    samples: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for sample in json.loads((footage / "PSEUDO_GT.json").read_text(encoding="utf-8")):
        name, _, number = sample["n"].partition("#")
        samples[name][int(number or 0)] = sample
    for path in sorted(footage.rglob("*")):
        if path.name in samples:
            yield path, _frames(path, max(samples[path.name])), samples[path.name]


def _frames(path: Path, last: int) -> Iterator[Image]:
    if path.suffix.lower() in PICTURE_SUFFIXES:
        yield np.asarray(cv2.imread(str(path)), np.uint8)
        return
    capture = cv2.VideoCapture(str(path))
    for _ in range(last + 1):
        there, image = capture.read()
        if not there:
            break
        yield np.asarray(image, np.uint8)
    capture.release()


def _same(image: Image) -> Image:
    return image


def _darken(image: Image) -> Image:
    """A room at night: 15 per cent of the light, and the sensor's noise."""
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(image * 0.15 + noise, 0, 255).astype(np.uint8)


def _backlit(image: Image) -> Image:
    ramp = np.linspace(0.1, 1, image.shape[1])[None, :, None] ** 1.5
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(image * ramp + noise, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
