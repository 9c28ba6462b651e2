"""Cost of a face: the shipped emotion models beside a fixed reference network and any other .tflite files.

    python benchmarks/emotion.py [--peer FILE.tflite …] [--json]

All subjects run in this process on one thread, in turn within each round, so that a busy machine slows all alike; the figure
is the median. Ours are timed through `Classifier.scores` (quantise, invoke, read); the others are fed and read in the same
way. The reference is a mini-Xception of 58 k parameters at 64×64 in float (`reference/mini_xception.py` makes the file).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mien_models.manifest import read_kind
from mien_models.preprocess import FACE_SIZE
from mien_models.runner import Classifier
from mien_models.runtime import find_runtime
from mien_models.shipped import find_model, shipped_models

REFERENCE = Path(__file__).parent / "reference" / "mini_xception.tflite"
ROUNDS, CALLS = 60, 20
BATCH = 8

Call = Callable[[], object]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peer", type=Path, action="append", default=[], metavar="FILE", help="another model to measure"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    subjects = {"reference": feeder(REFERENCE)}
    for name in (name for name in shipped_models() if read_kind(find_model(name)) == "emotion"):
        subjects[name] = reader(name)
        subjects[f"{name}, {BATCH} at once"] = feeder(find_model(name) / load_name(name), BATCH)
    subjects |= {path.name: feeder(path) for path in arguments.peer}
    seconds = measure(subjects)
    rows = {
        name: {"ms_a_face": 1e3 * value / (BATCH if name.endswith("at once") else 1)} for name, value in seconds.items()
    }
    for row in rows.values():
        row["ratio"] = row["ms_a_face"] / rows["reference"]["ms_a_face"]
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        for name, row in rows.items():
            print(f"{name:<28} {row['ms_a_face']:>8.3f} ms a face {row['ratio']:>8.2f} × reference")
    return 0


def load_name(name: str) -> str:
    return Classifier.open(find_model(name)).manifest.file.path


def reader(name: str) -> Call:
    """Reads a face as the device does."""
    classifier = Classifier.open(find_model(name))
    face = np.random.default_rng(0).integers(0, 256, (FACE_SIZE, FACE_SIZE), np.uint8)
    return lambda: classifier.scores(face)


def feeder(path: Path, batch: int = 1) -> Call:
    """Feeds, invokes and reads any single-input model."""
    interpreter: Any = find_runtime().module.Interpreter(model_path=str(path), num_threads=1)
    entry = interpreter.get_input_details()[0]
    shape = (batch, *entry["shape"][1:])
    interpreter.resize_tensor_input(entry["index"], shape)
    interpreter.allocate_tensors()
    fed = np.random.default_rng(0).integers(0, 100, shape).astype(entry["dtype"])
    outputs = [output["index"] for output in interpreter.get_output_details()]

    def call() -> object:
        interpreter.set_tensor(entry["index"], fed)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    return call


def measure(subjects: dict[str, Call]) -> dict[str, float]:
    """Median seconds of a call, by subject."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(ROUNDS + 1):
        for name, call in subjects.items():
            for _ in range(CALLS):
                started = time.perf_counter()
                call()
                if number:  # the first round warms up
                    times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    sys.exit(main())
