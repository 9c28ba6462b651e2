"""The end of a training: what the run directory holds for conversion and for the reader."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_training import runs
from mien_training.faces.batches import Batch
from mien_training.faces.config import FinderConfig
from mien_training.faces.judge import Sample, judge
from mien_training.faces.material import Faces, Material
from mien_training.faces.network import with_rows
from mien_training.faces.report import draw_report
from mien_training.faces.scenes import Scene
from mien_training.faces.validation import disturbed, keras_finder

log = logging.getLogger(__name__)

_CALIBRATION = 300


def finish(
    network: Any,
    config: FinderConfig,
    batches: list[Batch],
    scenes: list[Scene],
    samples: list[Sample],
    held_back: Material,
    history: list[dict[str, Any]],
    run: Path,
) -> None:
    """Write them; the model last, because its presence means that the run is whole."""
    look = keras_finder(with_rows(network), config).look
    judged = judge(look, samples)
    findings = judged.findings(judged.start())
    borne = judge(look, disturbed(held_back)).findings(findings.start)
    figures = findings.model_dump(mode="json") | {"disturbed": borne.model_dump(mode="json")}
    runs.write_json(run / runs.VALIDATION, figures)
    draw_report(run / "report.png", findings, borne, history)
    calibration = np.concatenate([pixels for pixels, _ in batches])[:_CALIBRATION, ..., 0]
    runs.write_arrays(run / runs.CALIBRATION, {"pixels": calibration})
    runs.write_arrays(run / runs.HOLDOUT, _holdout(scenes))
    runs.write_model(run, network)
    log.info(
        "%s: recall %.1f %% of %d faces in composed scenes, %.3f false faces an empty picture",
        run,
        100 * (findings.recall or 0),
        findings.faces,
        findings.false_per_empty or 0,
    )


def _holdout(scenes: list[Scene]) -> dict[str, npt.NDArray[Any]]:
    """Scenes with their truth: pixels (n, h, w), `faces` (k, 7, 2) of the scenes `faces_of` (k,), `ignored` likewise."""
    arrays: dict[str, npt.NDArray[Any]] = {"pixels": np.stack([scene.pixels for scene in scenes])}
    for name in ("faces", "ignored"):
        groups: list[Faces] = [getattr(scene, name) for scene in scenes]
        arrays[name] = np.concatenate(groups)
        arrays[f"{name}_of"] = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return arrays
