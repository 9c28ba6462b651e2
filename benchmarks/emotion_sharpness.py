"""What a little less or more sharpness does to an emotion network's answers, beside what moving the face does.

    python benchmarks/emotion_sharpness.py FER2013_CSV [--emotion MODEL …] [--json]

Of FER2013's PublicTest faces, by its own labels and the `fer` head: the share of answers that differ from that on the face as it
is, and how many of the answers are right. A face is moved as a face finder's box would move it, by OpenCV's bilinear
interpolation, which blurs whatever moves by no whole pixel.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from mien_models.labels import Head
from mien_models.preprocess import Image
from mien_training.emotion.augment import warp
from mien_training.emotion.datasets import NO_LABEL, Usage, read_faces, split
from mien_training.emotion.predictors import open_predictor


def moved(right: float, down: float, scale: float = 1.0) -> Callable[[Image], Image]:
    return lambda face: warp(face, scale * np.eye(2), np.array([right, down]))


def blurred(deviation: float, share: float = 1.0) -> Callable[[Image], Image]:
    """A Gaussian blur; with a `share` below 0 the face is sharpened by as much instead."""
    return lambda face: np.asarray(
        cv2.addWeighted(face, 1 - share, cv2.GaussianBlur(face, (5, 5), deviation), share, 0), np.uint8
    )


VIEWS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda face: face,
    "half a pixel right": moved(0.5, 0),
    "half a pixel right and down": moved(0.5, 0.5),
    "2 pixels right": moved(2, 0),
    "4 pixels right": moved(4, 0),
    "2 % larger": moved(0, 0, 1.02),
    "8 % larger": moved(0, 0, 1.08),
    "blurred by 0.5 pixels": blurred(0.5),
    "blurred by 0.7 pixels": blurred(0.7),
    "sharpened": blurred(0.7, -0.3),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="FER2013_CSV")
    parser.add_argument(
        "--emotion", action="append", metavar="MODEL", help="run, or int8 model (default: the shipped ones)"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    faces = split(read_faces(arguments.data), Usage.PUBLIC_TEST, arguments.data)
    labelled = faces.fer != NO_LABEL
    pixels, truth = faces.pixels[labelled], faces.fer[labelled]
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for name in arguments.emotion or ["emotion", "emotion-nano"]:
        predict = open_predictor(name)
        plain = predict(pixels)[Head.FER].argmax(axis=1)
        rows[name] = {}
        for view, change in VIEWS.items():
            answers = predict(np.stack([change(face) for face in pixels]))[Head.FER].argmax(axis=1)
            rows[name][view] = {"changed": float((answers != plain).mean()), "right": float((answers == truth).mean())}
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        for name, views in rows.items():
            print(f"{name}, {len(truth)} faces")
            for view, row in views.items():
                print(f"  {view:<28} {100 * row['changed']:>5.1f} % changed {100 * row['right']:>6.1f} % right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
