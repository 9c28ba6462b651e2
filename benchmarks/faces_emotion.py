"""What finding costs the emotion: `python benchmarks/faces_emotion.py FER2013_CSV BACKGROUNDS --mien MODEL --yunet FILE`.

Faces of FER2013's PublicTest rows are laid into pictures without people, 60 to 200 pixels high, found, cropped and read as the
device does it; beside the same faces read as they are. Accuracy: of FER2013's own labels, by the model's `fer` head, over the faces
that were found: as they were found, cut out of the scene where they were laid, and as they are. Jitter: where the crop's middle lies
off the face's, and its side as a multiple, in sides of the face; median [10 %, 90 %]. That is the jitter to train the emotion network with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from mien_device.faces import FaceFinder
from mien_device.faces.haar import HaarFinder
from mien_device.faces.mien import MienFinder
from mien_device.faces.yunet import YuNetFinder
from mien_models.finder import ModelFinder
from mien_models.labels import Head
from mien_models.pictures import read_picture
from mien_models.preprocess import Box, Image, crop_face
from mien_models.runner import Classifier
from mien_models.shipped import find_model
from mien_training.emotion.datasets import Usage, read_faces, split

WIDTH, HEIGHT = 640, 480
LOWEST, HIGHEST = 60, 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fer2013", type=Path)
    parser.add_argument("backgrounds", type=Path, help="a folder of pictures without people")
    parser.add_argument("--mien", action="append", default=[], metavar="MODEL")
    parser.add_argument("--yunet", type=Path, metavar="FILE")
    parser.add_argument("--emotion", default="emotion", metavar="MODEL")
    parser.add_argument("--faces", type=int, default=600, metavar="N")
    arguments = parser.parse_args()
    finders: dict[str, FaceFinder] = {"haar": HaarFinder()}
    if arguments.yunet:
        finders["yunet 320"] = YuNetFinder(arguments.yunet)
    for name in arguments.mien:
        model = ModelFinder.open(find_model(name))
        finders[f"mien {model.width}x{model.height}"] = MienFinder(model)
    faces = split(read_faces(arguments.fer2013, None), Usage.PUBLIC_TEST, arguments.fer2013, arguments.faces)
    backgrounds = read_backgrounds(arguments.backgrounds)
    classifier = Classifier.open(find_model(arguments.emotion))
    bare = [answer(classifier, face) == truth for face, truth in zip(faces.pixels, faces.fer, strict=True)]
    print(f"{len(bare)} faces as they are: accuracy {100 * np.mean(bare):.1f} %")
    for name, finder in finders.items():
        print(f"{name:<14}{measure(finder, classifier, faces.pixels, faces.fer.tolist(), backgrounds, bare)}")


def measure(
    finder: FaceFinder,
    classifier: Classifier,
    faces: Image,
    truths: list[int],
    backgrounds: list[Image],
    bare: list[bool],
) -> str:
    rng = np.random.default_rng(0)
    right, exact, also, jitter = [], [], [], []
    for number, (face, truth) in enumerate(zip(faces, truths, strict=True)):
        scene, x, y, side = lay_in(face, backgrounds[number % len(backgrounds)], rng)
        middle = np.array([x + side / 2, y + side / 2])
        near = [box for box in finder.find(scene) if np.hypot(*(np.array(box.centre) - middle)) < 0.4 * side]
        if not near:
            continue
        box = near[0]
        right.append(answer(classifier, crop_face(scene, box)) == truth)
        exact.append(answer(classifier, crop_face(scene, Box(x, y, side, side))) == truth)
        also.append(bare[number])
        jitter.append([*((np.array(box.centre) - middle) / side).tolist(), box.height / side])
    low, mid, high = np.percentile(jitter, (10, 50, 90), axis=0)
    spread = ", ".join(
        f"{what} {m:.3f} [{a:.3f}, {b:.3f}]"
        for what, a, m, b in zip(("right", "down", "side"), low, mid, high, strict=True)
    )
    return (
        f"found {100 * len(right) / len(truths):.1f} %, of these read right {100 * np.mean(right):.1f} % "
        f"(with the very box {100 * np.mean(exact):.1f} %, as they are {100 * np.mean(also):.1f} %); jitter {spread}"
    )


def lay_in(face: Image, background: Image, rng: np.random.Generator) -> tuple[Image, int, int, int]:
    """A scene with the face, soft at its edges, and where: left, top, side."""
    side = int(np.exp(rng.uniform(np.log(LOWEST), np.log(HIGHEST))))
    x, y = int(rng.integers(10, WIDTH - side - 10)), int(rng.integers(10, HEIGHT - side - 10))
    scene = background.copy()
    margin = max(2, side // 16)
    alpha = np.zeros((side, side), np.float32)
    alpha[margin:-margin, margin:-margin] = 1
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), margin / 2), np.float32)
    part = scene[y : y + side, x : x + side]
    grown = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    part[:] = np.rint(part + alpha * (grown.astype(np.float32) - part)).astype(np.uint8)
    return scene, x, y, side


def read_backgrounds(folder: Path) -> list[Image]:
    pictures = [read_picture(path, colour=False) for path in sorted(folder.rglob("*.jpg"))[::7]]
    return [np.asarray(cv2.resize(p, (WIDTH, HEIGHT)), np.uint8) for p in pictures if p is not None]


def answer(classifier: Classifier, face: Image) -> int:
    return int(classifier.scores(face)[Head.FER].argmax())


if __name__ == "__main__":
    main()
