"""What the shipped models answer, to the integer, for inputs that are the same on every machine; as JSON.

python benchmarks/subjects/int8_outputs.py > outputs.json
"""

from __future__ import annotations

import json
import platform
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.listening.predictor import Predictor
from mien_models.manifest import load_any_manifest
from mien_models.preprocess import Box, crop_face
from mien_models.runner import Classifier
from mien_models.runtime import find_runtime, open_on_processor
from mien_models.selftest import load_prototypes, self_test
from mien_models.shipped import find_model

FACES = 64


def pictures(shape: tuple[int, ...]) -> list[npt.NDArray[np.uint8]]:
    """Noise, flat and rising brightness, from a generator that is the same everywhere."""
    chance = np.random.default_rng(7)
    noise = [chance.integers(0, 256, shape, dtype=np.uint8) for _ in range(FACES)]
    flat = [np.full(shape, level, np.uint8) for level in (0, 127, 255)]
    ramp = np.linspace(0, 255, int(np.prod(shape))).reshape(shape).astype(np.uint8)
    return [*noise, *flat, ramp]


def network(name: str) -> list[list[int]]:
    """All outputs of an int8 network, raw, for each picture; the emotion network's also for the average faces."""
    directory = find_model(name)
    manifest = load_any_manifest(directory)
    interpreter = open_on_processor(directory / manifest.file.path, threads=1)
    (entry,), exits = interpreter.get_input_details(), interpreter.get_output_details()
    shape = tuple(int(side) for side in entry["shape"])
    fed = pictures(shape)
    if name == "emotion":
        fed += [face.reshape(shape) for face in load_prototypes().values()]
    answers = []
    for picture in fed:
        interpreter.set_tensor(entry["index"], (picture ^ 0x80).view(np.int8))
        interpreter.invoke()
        outputs = sorted(exits, key=lambda detail: str(detail["name"]))
        answers.append([int(n) for detail in outputs for n in interpreter.get_tensor(detail["index"]).ravel()])
    return answers


def crops() -> list[list[int]]:
    """Faces as they are cropped out of a picture: OpenCV's resizing, which has code of its own for each processor."""
    (picture, *_) = pictures((240, 320))
    boxes = [Box(10.3, 20.7, 100.2, 120.9), Box(-20, -10, 80, 90), Box(200, 100, 48, 48), Box(0, 0, 320, 240)]
    return [crop_face(picture, box).ravel().tolist() for box in boxes]


def music() -> list[list[float]]:
    """Valence and arousal that the model hears, with their deviations, from songs of one excerpt at each of its quantiles."""
    directory = find_model("music")
    predictor = Predictor.load(directory / load_any_manifest(directory).file.path)
    places, deviations = predictor.predict(predictor.quantiles.T[:, np.newaxis])
    return [[float(number) for number in row] for row in np.hstack([places, deviations])]


def main() -> int:
    outputs: dict[str, Any] = {name: network(name) for name in ("emotion", "faces")}
    outputs |= {"crops": crops(), "music": music()}
    print(
        json.dumps(
            {
                "machine": platform.machine(),
                "python": platform.python_version(),
                "runtime": find_runtime().name,
                "numpy": np.__version__,
                "self_test": self_test(Classifier.open(find_model("emotion"))),
                "outputs": outputs,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
