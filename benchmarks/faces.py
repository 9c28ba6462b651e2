"""Face finders side by side on real footage: `python benchmarks/faces.py FOOTAGE --mien MODEL --yunet FILE`.

FOOTAGE is a folder with MANIFEST.csv and PSEUDO_GT.json (`mien_training.faces.footage`). Each finder runs as the device runs it.

cost: median processor time of a whole look at a picture of 640×480, all finders in turn on the same pictures, one thread.
found: what `mien-train evaluate --footage` measures, for every finder alike.
followed: the clips through the search and the tracker of the device, each shown forwards and backwards by turns for half a minute: alone
they are too short to tell how often a label changes. one id: share of the frames in which the reference sees a face (it looked at every
seventh or so; the frames until the next are like it) that show the identity that is most often there. stray: people followed who touch
no face of the reference. changes a minute: of the answer of the emotion network from frame to frame, and of the mood that is told.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien_device.camera import Frame
from mien_device.config import FacesConfig, MoodConfig
from mien_device.faces import FaceFinder
from mien_device.faces.haar import HaarFinder
from mien_device.faces.mien import MienFinder
from mien_device.faces.yunet import SURE, YuNetFinder
from mien_device.pipeline import Observation, Pipeline
from mien_models.finder import ModelFinder
from mien_models.preprocess import Box, Image
from mien_models.runner import Classifier
from mien_models.shipped import find_model, shipped_models
from mien_training.faces.evaluate import FootageReport, measure
from mien_training.faces.judge import Look

FPS = 30.0
ROUNDS = 60
SHOWN_S = 30.0
"""How long each clip is shown."""
Finders = dict[str, tuple[FaceFinder, Look, float]]
"""By name: as the device has it, as judges have it, and its threshold."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("footage", type=Path)
    parser.add_argument("--mien", action="append", default=[], metavar="MODEL", help="model directory or shipped name")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="face_detection_yunet_2023mar.onnx")
    parser.add_argument("--only", choices=["cost", "found", "followed"], action="append")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    finders = open_finders(arguments.mien or [n for n in shipped_models() if n.startswith("faces")], arguments.yunet)
    parts = arguments.only or ["cost", "found", "followed"]
    result: dict[str, Any] = {}
    if "cost" in parts:
        result["cost"] = cost(finders, sample_pictures(arguments.footage))
    if "found" in parts:
        result["found"] = {name: measure(name, look, at, arguments.footage) for name, (_, look, at) in finders.items()}
    if "followed" in parts:
        result["followed"] = {name: followed(finder, arguments.footage) for name, (finder, _, _) in finders.items()}
    print(json.dumps(result, indent=1, default=lambda report: report.model_dump()) if arguments.json else table(result))


def open_finders(names: list[str], yunet: Path | None) -> Finders:
    haar = HaarFinder()
    finders: Finders = {"haar": (haar, lambda image, _: haar.find(image), 0.0)}
    if yunet:
        network = YuNetFinder(yunet)
        for width, at in ((320, SURE), (640, SURE)):
            finders[f"yunet {width}"] = (network, _yunet_look(network, width), at)
    for name in names:
        model = ModelFinder.open(find_model(name))
        finders[f"mien {model.width}x{model.height}"] = (MienFinder(model), model.look, model.manifest.start)
    return finders


def _yunet_look(network: YuNetFinder, width: int) -> Look:
    def look(image: Image, least: float) -> list[Box]:
        return [box for box in network.look(image, width / max(image.shape[:2])) if box.score >= least]

    return look


def cost(finders: Finders, pictures: list[Image]) -> dict[str, float]:
    """Milliseconds of each finder."""
    times: dict[str, list[float]] = {name: [] for name in finders}
    for number in range(ROUNDS):
        image = pictures[number % len(pictures)]
        for name, (_, look, at) in finders.items():
            started = time.thread_time()
            look(image, max(at, 0.01))
            times[name].append(1000 * (time.thread_time() - started))
    return {name: statistics.median(values[5:]) for name, values in times.items()}


def sample_pictures(footage: Path) -> list[Image]:
    """A frame of 640×480 of each of the clips."""
    pictures = []
    for path in sorted((footage / "clips").glob("asl_*")):
        image = next(frames(path))
        pictures.append(np.asarray(cv2.resize(image, (640, 480)), np.uint8))
    return pictures


def followed(finder: FaceFinder, footage: Path) -> dict[str, float]:
    """The whole pipeline on the clips of one person, and on one with people from behind."""
    truth: dict[str, dict[int, list[Box]]] = {}
    for row in json.loads((footage / "PSEUDO_GT.json").read_text(encoding="utf-8")):
        name, _, number = row["n"].partition("#")
        boxes = [Box(x1, y1, x2 - x1, y2 - y1) for x1, y1, x2, y2 in (face["b"] for face in row["gt"])]
        faces = [box for box, face in zip(boxes, row["gt"], strict=True) if face["m"] >= 0.4]
        truth.setdefault(name, {})[int(number or 0)] = faces
    kept = seen = stray = label_changes = mood_changes = 0
    seconds = 0.0
    for path in sorted((footage / "clips").glob("asl_*")):
        pipeline = Pipeline(finder, Classifier.open(find_model("emotion")), FacesConfig(), MoodConfig())
        ids, sampled = Counter[int](), []
        strays, labels, moods, there = set[int](), list[int](), [], False
        for number, observation in play(pipeline, path):
            ids.update(face.id for face in observation.faces)
            labels += [int(f.answer.probabilities.argmax()) for f in observation.faces[:1] if f.answer is not None]
            moods.append(observation.state.mood)
            faces = truth.get(path.name, {}).get(number)
            there = bool(faces) if faces is not None else there
            if there:
                sampled.append({face.id for face in observation.faces})
            if faces:
                strays |= {f.id for f in observation.faces if all(f.box.iou(box) < 0.1 for box in faces)}
        most = ids.most_common(1)[0][0] if ids else -1
        kept, seen, stray = kept + sum(most in ids for ids in sampled), seen + len(sampled), stray + len(strays)
        label_changes += int(np.count_nonzero(np.diff(labels)))
        told = [mood for mood in moods if mood.value != "none"]
        mood_changes += sum(a is not b for a, b in itertools.pairwise(told))
        seconds += len(moods) / FPS
    return {
        "one id": kept / max(1, seen),
        "stray": stray,
        "answers changed a minute": 60 * label_changes / seconds,
        "moods changed a minute": 60 * mood_changes / seconds,
    }


def play(pipeline: Pipeline, path: Path) -> Iterator[tuple[int, Observation]]:
    """What the pipeline makes of a clip, and of which of its frames; there and back, so that nobody ever jumps."""
    images = list(frames(path))
    there_and_back = itertools.cycle([*range(len(images)), *range(len(images) - 2, 0, -1)])
    for count, number in enumerate(itertools.islice(there_and_back, int(SHOWN_S * FPS))):
        yield number, pipeline.step(Frame(images[number], count / FPS, count))


def frames(path: Path) -> Iterator[Image]:
    capture = cv2.VideoCapture(str(path))
    while True:
        there, image = capture.read()
        if not there:
            break
        yield np.asarray(image, np.uint8)
    capture.release()


def table(result: dict[str, Any]) -> str:
    lines = []
    if times := result.get("cost"):
        reference = next((name for name in times if name.startswith("yunet")), "haar")
        lines.append(f"cost of a look at 640x480, as a multiple of {reference}")
        lines += [f"  {name:<16}{ms / times[reference]:6.2f}   ({ms:.2f} ms here)" for name, ms in times.items()]
    if found := result.get("found"):
        lines += ["", f"{'found':<16}{'recall':>8}{'false-':>8}{'false+':>8}{'clips':>8}"]
        reports: dict[str, FootageReport] = found
        keys = list(next(iter(reports.values())).recall_by)
        lines[-1] += "".join(f"{key.partition('_')[0]:>9}" for key in keys)
        for name, report in reports.items():
            false = (
                report.false_faces_per_negative_frame,
                report.false_faces_per_positive_frame,
                report.false_faces_per_clip_frame,
            )
            shares = [report.recall_by[key] for key in keys]
            row = "".join(f"{value or 0:8.3f}" for value in (report.recall, *false))
            lines.append(f"  {name:<14}{row}{''.join(f'{share or 0:9.3f}' for share in shares)}")
    if follow := result.get("followed"):
        lines += ["", "followed through the clips"]
        lines += [f"  {n:<16}{', '.join(f'{k} {v:.3g}' for k, v in values.items())}" for n, values in follow.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
