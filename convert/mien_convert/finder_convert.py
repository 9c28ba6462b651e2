"""`mien-convert quantize` of a run of `mien-train faces`: a model directory with an int8 face finder."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mien_convert.convert import LICENCE, without_paths
from mien_convert.edgetpu import check_model
from mien_convert.finder_card import write_finder_card
from mien_convert.finder_runs import FinderRun, open_network, read_finder_run
from mien_convert.finder_verify import FinderReport, compare_finders
from mien_convert.inspection import Inspection, inspect_bytes
from mien_convert.package import check_target, describe_file, staged, write_model
from mien_convert.pictures import Scale
from mien_convert.quantize import quantised, to_int8
from mien_convert.quiet import quiet
from mien_convert.verify import Limits
from mien_models.cells import LEVELS
from mien_models.errors import ModelError, OutcomeError
from mien_models.finder import ModelFinder
from mien_models.manifest import FinderLevel, FinderManifest, Tensor
from mien_models.selftest import surely_found

log = logging.getLogger(__name__)

_LIMITS = Limits(max_accuracy_drop=0.01, min_agreement=0.0)
"""What int8 may cost: recall, wherever it loses it."""
_HOLD = 0.5
"""The score that holds a face, as a share of the one that makes one."""


def convert_finder(
    directory: Path, out: Path, *, name: str, version: str, command: str, score: float | None = None
) -> tuple[FinderManifest, FinderReport]:
    """Make the model directory `out` from the run in `directory`; its manifest, and how it compares with the float network.

    `score` takes the place of the threshold that the training set.

    Raises:
        DataError: the run is not whole.
        ModelError: it cannot be converted, or `out` holds something else than a model.
        OutcomeError: int8 finds fewer faces, or the Edge TPU would not run all of it.
        MissingDependencyError: TensorFlow is not installed.

    """
    check_target(out)
    run = read_finder_run(directory)
    run = run if score is None else replace(run, start=score)
    network = open_network(run)
    log.info("%s: converting to int8 with %d calibration scenes", directory, len(run.calibration))
    pictures = Scale.PIXELS.apply(run.calibration[..., np.newaxis])
    content = to_int8(network, pictures, Scale.PIXELS.bounds, directory)
    manifest = _describe(content, run, name=name, version=version, command=command)
    with staged(out) as staging:
        write_model(staging, manifest, content, "")
        with quiet():
            finder = ModelFinder.open(staging)
        log.info("%s: measuring on %d scenes", out, len(run.scenes))
        report = compare_finders(finder, network, run, name, _LIMITS)
        failures = (*report.failures, *check_model(staging).failures)
        if failures:
            raise OutcomeError(f"{directory}: {'; '.join(failures)}; train on, or with other layers")
        finds = surely_found(finder)
        log.info("%s: finds %d of 7 average faces", out, len(finds))
        manifest = manifest.model_copy(update={"metrics": _metrics(report), "finds": finds})
        write_model(staging, manifest, content, write_finder_card(manifest))
    log.info("%s: written (%d bytes)", out, len(content))
    return manifest, report


def _describe(content: bytes, run: FinderRun, *, name: str, version: str, command: str) -> FinderManifest:
    inspection = inspect_bytes(content, run.directory)
    return FinderManifest(
        name=name,
        version=version,
        kind="faces",
        file=describe_file(f"{name}_int8.tflite", content),
        input=Tensor(**quantised(inspection.inputs[0])),
        licence=LICENCE,
        data=run.data,
        commands=tuple(without_paths(line) for line in (run.command, command)),
        metrics={},
        levels=_levels(inspection, run.directory),
        even_light=bool(run.config.get("even_light")),
        start=run.start,
        hold=round(_HOLD * run.start, 3),
    )


def _levels(inspection: Inspection, path: Path) -> tuple[FinderLevel, ...]:
    """The grids in the order of their strides; which output is which is told by its name in the signature."""
    tensors: dict[str, dict[str, Any]] = {str(t.signature): quantised(t) for t in inspection.outputs}
    expected = {f"{kind}_{level.stride}" for kind in ("score", "shape") for level in LEVELS}
    if set(tensors) != expected:
        raise ModelError(
            f"{path}: has the outputs {', '.join(tensors)}; a face finder has {', '.join(sorted(expected))}"
        )
    return tuple(
        FinderLevel(
            stride=level.stride,
            base=level.base,
            score=Tensor(**tensors[f"score_{level.stride}"]),
            shape=Tensor(**tensors[f"shape_{level.stride}"]),
        )
        for level in LEVELS
    )


def _metrics(report: FinderReport) -> dict[str, float]:
    return {
        "scenes_faces": float(report.faces),
        "scenes_recall": round(report.after.recall, 4),
        "scenes_recall_of_float": round(report.before.recall, 4),
        "scenes_false_a_scene": round(report.after.false, 4),
    }
