"""Cost of a training step: our architectures with each backend of Keras that is installed, in float32 and in bfloat16.

    python benchmarks/training_step.py [--arch NAME …] [--json]

Each subject has a process of its own (a backend cannot be changed), all processors, and a batch of 128 faces; the subjects
take turns, and the figure is the median. Ratios are to mien-small on TensorFlow in float32. "as built" is the network
without what `mien_training.precision` changes about its normalisations.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from mien_models.labels import HEAD_LABELS, Head
from mien_models.preprocess import FACE_SIZE
from mien_training.backend import import_keras

BATCH, WARM_UP, STEPS, ROUNDS = 128, 3, 5, 3
BACKENDS = ("tensorflow", "jax", "torch")
AS_BUILT = "as built"
REFERENCE = ("tensorflow", "mien-small", "float32")

Subject = tuple[str, str, str]
"""Backend, architecture, precision."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", nargs="+", default=["mien-small", "mien-nano", "mien-large"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--subject", nargs=2, metavar=("ARCH", "PRECISION"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.subject:
        print(json.dumps(step_seconds(*arguments.subject)))
        return 0
    backends = [name for name in BACKENDS if importlib.util.find_spec(name)]
    subjects = [(b, arch, p) for b in backends for arch in arguments.arch for p in ("float32", "bfloat16")]
    subjects = list(dict.fromkeys([REFERENCE, (*REFERENCE[:2], AS_BUILT), *subjects]))
    times: dict[Subject, list[float]] = {subject: [] for subject in subjects}
    for number in range(ROUNDS):
        for subject in subjects:
            print(f"round {number + 1} of {ROUNDS}: {', '.join(subject)}", file=sys.stderr)
            times[subject] += measure(subject)
    seconds = {subject: statistics.median(values) for subject, values in times.items()}
    rows = [
        {"backend": b, "arch": a, "precision": p, "seconds": value, "ratio": value / seconds[REFERENCE]}
        for (b, a, p), value in seconds.items()
    ]
    print(json.dumps(rows, indent=1) if arguments.json else table(rows))
    return 0


def measure(subject: Subject) -> list[float]:
    """Seconds of some steps, in a process with the subject's backend."""
    backend, *rest = subject
    command = [sys.executable, __file__, "--subject", *rest]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # errors are seen
    return list(json.loads(done.stdout.splitlines()[-1]))


def step_seconds(arch: str, precision: str) -> list[float]:
    """Seconds of each of some steps with faces of noise."""
    import_keras()
    from mien_training.emotion.networks import find_architecture
    from mien_training.precision import for_training

    model: Any = find_architecture(arch).build(tuple(Head))
    if precision != AS_BUILT:
        model = for_training(model, precision)
    model.compile("adamw", {head.value: "categorical_crossentropy" for head in Head})
    rng = np.random.default_rng(0)
    faces = rng.uniform(0, 255, (BATCH, FACE_SIZE, FACE_SIZE, 1)).astype(np.float32)
    targets = {
        head.value: np.eye(len(labels), dtype=np.float32)[rng.integers(0, len(labels), BATCH)]
        for head, labels in HEAD_LABELS.items()
    }
    seconds = []
    for _ in range(WARM_UP + STEPS):
        started = time.perf_counter()
        model.train_on_batch(faces, targets)
        seconds.append(time.perf_counter() - started)
    return seconds[WARM_UP:]


def table(rows: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{row['backend']:<12}{row['arch']:<14}{row['precision']:<10}{1e3 * row['seconds']:>8.0f} ms a step"
        f"{row['ratio']:>8.2f} × mien-small on TensorFlow in float32"
        for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
