"""What finding costs the emotion: `python benchmarks/faces_emotion.py FER2013_CSV FACES [FACES …] --mien MODEL --yunet FILE`.

FACES are folders as `mien-train faces --data` takes them; of each part every twelfth picture is taken, which no finder has learned from.
Faces of FER2013's PublicTest rows are laid into pictures without people, 60 to 200 pixels high, each over the face of somebody's head:
FER2013 cuts so close that there is no hair, no ears and no neck, and finders want heads. `--bare` lays them in without.

They are found, looked at a second time as in a next frame, cropped and read as the device does it; beside the same faces read as they are.
Accuracy: of FER2013's own labels, by the model's `fer` head, over the faces that were found: as they are, cut out of the scene where they
were laid, and as they were found, with what was lost against the faces as they are, ± its standard error (paired: of the faces that only
one of both reads right). Jitter: where the crop's middle lies off the face's, and its side as a multiple, in sides of the face; median
[10 %, 90 %]. That is the jitter to train the emotion network with.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mien_device.faces import FaceFinder
from mien_device.faces.haar import HaarFinder
from mien_device.faces.mien import MienFinder
from mien_device.faces.yunet import YuNetFinder
from mien_models.finder import ModelFinder
from mien_models.labels import Head
from mien_models.preprocess import Box, Image, crop_face
from mien_models.runner import Classifier
from mien_models.shipped import find_model
from mien_training.emotion.datasets import Faces, Usage, read_faces, split
from mien_training.faces.material import Picture, read_material

WIDTH, HEIGHT = 640, 480
LOWEST, HIGHEST = 60, 200
BORDER = 10
"""Pixels between a face and the border of the scene."""
LEAST_HEAD = 80
"""Height in pixels of a face whose head is taken."""
TONES = 0.5, 2.0
"""By how much a head's contrast is changed at most, to be like that of the face."""


@dataclass
class Answers:
    """What became of the faces that were found, each entry whether one was read right; and where they were found."""

    found: list[bool] = field(default_factory=list)
    exact: list[bool] = field(default_factory=list)
    bare: list[bool] = field(default_factory=list)
    jitter: list[tuple[float, float, float]] = field(default_factory=list)

    def describe(self, laid_in: int) -> str:
        low, mid, high = np.percentile(self.jitter, (10, 50, 90), axis=0)
        spread = ", ".join(
            f"{what} {m:.3f} [{a:.3f}, {b:.3f}]"
            for what, a, m, b in zip(("right", "down", "side"), low, mid, high, strict=True)
        )
        shares = [f"{100 * np.mean(right):.1f}" for right in (self.bare, self.exact, self.found)]
        changed = np.array(self.bare, int) - np.array(self.found, int)
        error = 100 * np.sqrt((changed**2).sum()) / len(changed)
        return (
            f"found {100 * len(self.found) / laid_in:.1f} %; read right {shares[0]} % as they are, {shares[1]} with the very box, "
            f"{shares[2]} as found: {100 * changed.mean():.1f} ± {error:.1f} lost; jitter {spread}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fer2013", type=Path)
    parser.add_argument(
        "material", type=Path, nargs="+", metavar="FACES", help="labelled pictures, with and without faces"
    )
    parser.add_argument("--mien", action="append", default=[], metavar="MODEL")
    parser.add_argument("--yunet", type=Path, metavar="FILE")
    parser.add_argument("--emotion", default="emotion", metavar="MODEL")
    parser.add_argument("--faces", type=int, default=600, metavar="N")
    parser.add_argument("--bare", action="store_true", help="without a head around")
    arguments = parser.parse_args()
    finders: dict[str, FaceFinder] = {"haar": HaarFinder()}
    if arguments.yunet:
        finders["yunet 320"] = YuNetFinder(arguments.yunet)
    for name in arguments.mien:
        model = ModelFinder.open(find_model(name))
        finders[f"mien {model.width}x{model.height}"] = MienFinder(model)
    faces = split(read_faces(arguments.fer2013, None), Usage.PUBLIC_TEST, arguments.fer2013, arguments.faces)
    material = read_material(arguments.material, frozenset(), held_back=True)
    heads = [] if arguments.bare else [picture for picture in material.with_faces if is_one_head(picture)]
    rooms = [resized(picture.pixels) for picture in material.without if not len(picture.ignored)]
    answers = measure(finders, Classifier.open(find_model(arguments.emotion)), faces, rooms, heads)
    for name, given in answers.items():
        print(f"{name:<14}{given.describe(len(faces.pixels))}")


def measure(
    finders: dict[str, FaceFinder], classifier: Classifier, faces: Faces, rooms: list[Image], heads: list[Picture]
) -> dict[str, Answers]:
    """All finders on the same scenes."""
    rng = np.random.default_rng(0)
    answers = {name: Answers() for name in finders}
    for number, (face, truth) in enumerate(zip(faces.pixels, faces.fer.tolist(), strict=True)):
        head = heads[number * 7 % len(heads)] if heads else None
        scene, x, y, side = lay_in(face, rooms[number % len(rooms)], head, rng)
        middle = np.array([x + side / 2, y + side / 2])
        right = answer(classifier, face) == truth
        exact = answer(classifier, crop_face(scene, Box(x, y, side, side))) == truth
        for name, finder in finders.items():
            near = [box for box in finder.find(scene) if np.hypot(*(np.array(box.centre) - middle)) < 0.4 * side]
            if not near:
                continue
            # A face counts from its second sighting: what is read first was looked for where it was.
            box = finder.find_near(scene, near[0]) or near[0]
            off_x, off_y = (np.array(box.centre) - middle) / side
            given = answers[name]
            given.found.append(answer(classifier, crop_face(scene, box)) == truth)
            given.exact.append(exact)
            given.bare.append(right)
            given.jitter.append((float(off_x), float(off_y), box.height / side))
    return answers


def is_one_head(picture: Picture) -> bool:
    """Whether it shows one person, large enough and with nobody doubtful beside."""
    return len(picture.faces) == 1 and not len(picture.ignored) and picture.faces[0, 1, 1] >= LEAST_HEAD


def lay_in(face: Image, room: Image, head: Picture | None, rng: np.random.Generator) -> tuple[Image, int, int, int]:
    """A scene with the face, soft at its edges, and where: left, top, side."""
    side = int(np.exp(rng.uniform(np.log(LOWEST), np.log(HIGHEST))))
    x, y = (int(rng.integers(BORDER, end - side - BORDER)) for end in (WIDTH, HEIGHT))
    scene = room.astype(np.float32)
    if head is not None:
        lay_head(scene, head, face, x, y, side)
    margin = max(2, side // 16)
    cover = np.zeros((side, side), np.float32)
    cover[margin:-margin, margin:-margin] = 1
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), margin / 2), np.float32)
    part = scene[y : y + side, x : x + side]
    grown = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    part += cover * (grown.astype(np.float32) - part)
    return np.clip(np.rint(scene), 0, 255).astype(np.uint8), x, y, side


def lay_head(scene: npt.NDArray[np.float32], head: Picture, face: Image, x: int, y: int, side: int) -> None:
    """Put the head there, its face as high as the square, in the tones of the face that comes over it; an ellipse, soft at its edge."""
    (middle_x, middle_y), (_, height) = head.faces[0, :2]
    scale = side / height
    source, shrunk = head.at_scale(scale)
    matrix = np.array([[scale / shrunk, 0, side - middle_x * scale], [0, scale / shrunk, side - middle_y * scale]])
    patch = cv2.warpAffine(source, matrix, (2 * side, 2 * side), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    inner = patch[side // 2 : side // 2 + side, side // 2 : side // 2 + side]
    gain = np.clip(face.std() / max(1.0, float(inner.std())), *TONES)
    patch = np.clip((patch - inner.mean()) * gain + face.mean(), 0, 255)
    cover = np.zeros(patch.shape, np.float32)
    cv2.ellipse(cover, (side, side), (round(0.6 * side), round(0.82 * side)), 0, 0, 360, 1.0, -1)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.04 * side), np.float32)
    left, top = x - side // 2, y - side // 2
    rows, columns = slice(max(0, -top), HEIGHT - top), slice(max(0, -left), WIDTH - left)
    part = scene[max(0, top) : top + 2 * side, max(0, left) : left + 2 * side]
    part += cover[rows, columns] * (patch[rows, columns] - part)


def resized(picture: Image) -> Image:
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def answer(classifier: Classifier, face: Image) -> int:
    return int(classifier.scores(face)[Head.FER].argmax())


if __name__ == "__main__":
    main()
