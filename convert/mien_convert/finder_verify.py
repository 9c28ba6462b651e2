"""How far an int8 face finder finds what its float network found, in scenes that neither was made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mien_convert.finder_runs import FinderRun, open_network, read_finder_run
from mien_convert.quiet import quiet
from mien_convert.verify import Limits
from mien_models.cells import Floats
from mien_models.finder import Finder, ModelFinder
from mien_models.matching import Truth, match
from mien_models.preprocess import Image


@dataclass(frozen=True, slots=True)
class Found:
    """What one of the two found."""

    recall: float
    """Share of the faces."""
    false: float
    """False faces a scene."""


@dataclass(frozen=True, slots=True)
class FinderReport:
    """Float and int8 side by side."""

    model: str
    reference: str
    scenes: int
    faces: int
    start: float
    before: Found
    after: Found
    same: float
    """Share of the faces that both found or both missed."""
    failures: tuple[str, ...]

    def describe(self) -> str:
        """The report as lines for a person."""
        return (
            f"{self.model} against {self.reference}, {self.faces} faces in {self.scenes} scenes, from score {self.start:.2f}\n"
            f"  recall {100 * self.before.recall:.1f} % float, {100 * self.after.recall:.1f} % int8; "
            f"the same of {100 * self.same:.1f} % of the faces\n"
            f"  false faces a scene {self.before.false:.3f} float, {self.after.false:.3f} int8"
        )

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {"passed": not self.failures, **asdict(self)}


def verify_finder(model: Path, run_directory: Path, limits: Limits) -> FinderReport:
    """Compare the model directory `model` with the network of the run that it was made from.

    Raises:
        DataError: the run is not whole.
        ModelError: a model cannot be run.
        MissingDependencyError: what runs the float side is not installed.

    """
    with quiet():
        finder = ModelFinder.open(model)
    run = read_finder_run(run_directory)
    return compare_finders(finder, open_network(run), run, model.name, limits)


def compare_finders(finder: ModelFinder, network: Any, run: FinderRun, name: str, limits: Limits) -> FinderReport:
    """Both on the scenes of the run's holdout, at the int8 model's own threshold. The accuracy is the recall."""
    start = finder.manifest.start
    truths = [truth for _, truth in run.scenes]
    hits_before, before = _found([keras_finder(network, finder).look(i, start) for i, _ in run.scenes], truths)
    hits_after, after = _found([finder.find(image) for image, _ in run.scenes], truths)
    lost = before.recall - after.recall
    same = float(np.mean(np.array(hits_before) == np.array(hits_after))) if hits_before else 1.0
    failures = []
    if lost > limits.max_accuracy_drop:
        failures.append(f"recall falls by {100 * lost:.1f} %, more than {100 * limits.max_accuracy_drop:.1f} %")
    if same < limits.min_agreement:
        failures.append(f"agrees on {100 * same:.1f} % of the faces, less than {100 * limits.min_agreement:.1f} %")
    return FinderReport(
        model=name,
        reference=run.directory.name,
        scenes=len(run.scenes),
        faces=len(hits_before),
        start=start,
        before=before,
        after=after,
        same=same,
        failures=tuple(failures),
    )


def keras_finder(network: Any, like: Finder) -> Finder:
    """A finder that looks with the float network through the device's own code."""

    def run(pixels: Image) -> Sequence[tuple[Floats, Floats]]:
        answers = network.predict_on_batch(pixels[np.newaxis, ..., np.newaxis].astype(np.float32))
        return [(answers[f"score_{grid.stride}"][0], answers[f"shape_{grid.stride}"][0]) for grid in like.grids]

    return Finder(run, like.grids, like.height, like.width, even_light=like.even_light)


def _found(looks: Sequence[Any], truths: Sequence[Truth]) -> tuple[list[bool], Found]:
    matches = [match(boxes, truth) for boxes, truth in zip(looks, truths, strict=True)]
    hits = [hit is not None for m in matches for hit in m.hits]
    false = float(np.mean([len(m.false) for m in matches]))
    return hits, Found(float(np.mean(hits)) if hits else 1.0, false)
