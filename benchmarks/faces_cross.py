"""Whether people who pass before each other keep their identities: `python benchmarks/faces_cross.py FOOTAGE`.

FOOTAGE is a folder with MANIFEST.csv and PSEUDO_GT.json (`mien_training.faces.footage`). Heads are cut from Caltech's stills, an ellipse
around the face, soft at its edge. Two of different pictures move across a picture without people in opposite directions, each at 80 to 400
pixels a second, one before the other, through the device's own finder, search and tracker.

own: crossings after which each has the identity that it had before. more: those in which somebody counted who is not there.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mien_device.config import MoodConfig
from mien_device.faces.mien import MienFinder
from mien_device.faces.search import PacedSearch
from mien_device.faces.tracks import Track, Tracker
from mien_models.finder import ModelFinder
from mien_models.preprocess import Box, Image
from mien_models.shipped import find_model
from mien_training.faces.footage import read_footage

WIDTH, HEIGHT = 640, 480
SLOWEST, FASTEST = 80.0, 400.0
LOWEST, HIGHEST = 70.0, 120.0
"""Pixels a second; and of a face's height."""
APART, LEAST_S = 200.0, 0.6
"""Pixels between the two at the beginning and at the end, or what they go in so many seconds where that is more."""
LEAST_STILL = 100.0
"""Pixels of a face that is cut out: it is only ever shrunk."""
MARGIN = 0.6
"""Of a face's height, around its box: hair, ears and neck."""


@dataclass(frozen=True, eq=False)
class Head:
    """A head that was cut out."""

    pixels: Image
    cover: npt.NDArray[np.float32]
    """How much of each pixel is of the head, in [0, 1]."""
    height: float
    """Of its face, from hairline to chin."""


@dataclass(frozen=True)
class Way:
    """How a head moves."""

    head: Head
    scale: float
    x: float
    y: float
    speed: float
    """To the right; pixels a second."""

    def at(self, seconds: float) -> Box:
        """Its face, at a moment."""
        high = self.head.height * self.scale
        return Box(self.x + self.speed * seconds - 0.4 * high, self.y - high / 2, 0.8 * high, high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("footage", type=Path)
    parser.add_argument("--mien", default="faces", metavar="MODEL", help="model directory or shipped name")
    parser.add_argument("--crossings", type=int, default=48, metavar="N")
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    finder = MienFinder(ModelFinder.open(find_model(arguments.mien)))
    heads, rooms = read_heads(arguments.footage)
    rng = np.random.default_rng(arguments.seed)
    own = more = 0
    for number in range(arguments.crossings):
        ways = draw_ways(heads, rng)
        kept, people = cross(finder, ways, rooms[number % len(rooms)], arguments.fps)
        own, more = own + kept, more + (people > 2)
    print(f"{arguments.crossings} crossings at {arguments.fps:g} frames a second: own {own}, more {more}")


def read_heads(footage: Path) -> tuple[list[Head], list[Image]]:
    """Heads of Caltech's stills, and pictures without people."""
    heads, rooms = [], []
    for group, sample in read_footage(footage, LEAST_STILL):
        if group == "caltech" and len(sample.truth.faces) == 1:
            heads.append(cut_out(sample.image, sample.truth.faces[0]))
        elif group == "neg" and not sample.truth.faces and not sample.truth.doubtful:
            rooms.append(np.asarray(cv2.resize(sample.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8))
    return heads, rooms


def cut_out(image: Image, face: Box) -> Head:
    """The head around a face, in a picture that holds it; where the picture ends its border is repeated."""
    side = round(face.height * (1 + 2 * MARGIN))
    middle_x, middle_y = face.centre
    pixels = cv2.getRectSubPix(image, (side, side), (middle_x, middle_y - 0.05 * face.height))
    cover = np.zeros((side, side), np.float32)
    axes = round(0.55 * face.height), round(0.8 * face.height)
    cv2.ellipse(cover, (side // 2, side // 2), axes, 0, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(cover, (0, 0), 0.03 * face.height)
    return Head(np.asarray(pixels, np.uint8), np.asarray(soft, np.float32), face.height)


def draw_ways(heads: list[Head], rng: np.random.Generator) -> list[Way]:
    """Two people who pass each other; the second one before the first."""
    one, other = rng.choice(len(heads), 2, replace=False)
    speeds = np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST), 2))
    height = np.exp(rng.uniform(np.log(LOWEST), np.log(HIGHEST)))
    heights = height * np.exp(rng.uniform(-0.12, 0.12, 2))
    y = HEIGHT / 2 + rng.uniform(-60, 60)
    offset = rng.uniform(-0.25, 0.25) * height
    before = half_way(*speeds)
    return [
        Way(heads[one], heights[0] / heads[one].height, WIDTH / 2 - speeds[0] * before, y, speeds[0]),
        Way(heads[other], heights[1] / heads[other].height, WIDTH / 2 + speeds[1] * before, y + offset, -speeds[1]),
    ]


def half_way(one: float, other: float) -> float:
    """Seconds until two who start at these speeds meet in the middle."""
    return max(LEAST_S, APART / (one + other))


def cross(finder: MienFinder, ways: list[Way], room: Image, fps: float) -> tuple[bool, int]:
    """Whether both have the identity after that they had before, and how many people counted."""
    search, tracker = PacedSearch(finder), Tracker(hold_s=MoodConfig().absence_s, sure=finder.sure)
    rng = np.random.default_rng(0)
    middle = half_way(ways[0].speed, -ways[1].speed)
    before: list[int | None] = [None, None]
    after: list[int | None] = [None, None]
    people = set[int]()
    for number in range(int(2 * middle * fps) + 1):
        at = number / fps
        faces = [way.at(at) for way in ways]
        image = draw(ways, faces, room, rng)
        tracks = tracker.update(search.find(image, at, tracker.expected(at)), at).tracks
        people.update(track.id for track in tracks)
        who = [identity(tracks, face, at) for face in faces]
        if at < middle and faces[0].iou(faces[1]) == 0:
            before = [new if new is not None else old for new, old in zip(who, before, strict=True)]
        elif at > middle:
            after = [new if new is not None else old for new, old in zip(who, after, strict=True)]
    return None not in before and before == after, len(people)


def identity(tracks: tuple[Track, ...], face: Box, at: float) -> int | None:
    """Of the track that was seen on a face just now."""
    seen = [track for track in tracks if track.last_seen == at and track.box.iou(face) > 0.4]
    return max(seen, key=lambda track: track.box.iou(face)).id if seen else None


def draw(ways: list[Way], faces: list[Box], room: Image, rng: np.random.Generator) -> Image:
    """A frame, with a sensor's noise."""
    picture = room.astype(np.float32)
    for way, face in zip(ways, faces, strict=True):
        half = way.head.pixels.shape[0] / 2
        x, y = face.centre
        matrix = np.array([[way.scale, 0, x - half * way.scale], [0, way.scale, y - half * way.scale]])
        pixels = cv2.warpAffine(way.head.pixels, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
        cover = cv2.warpAffine(way.head.cover, matrix, (WIDTH, HEIGHT))[..., np.newaxis]
        picture += cover * (pixels - picture)
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
