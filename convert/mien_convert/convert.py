"""The whole of `mien-convert quantize`: a run in, a model directory out."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path, PurePath

import numpy as np

from mien_convert.card import write_card
from mien_convert.floating import keras_probabilities, open_keras
from mien_convert.inspection import inspect_bytes
from mien_convert.package import check_target, describe_file, replace_file, staged, write_model
from mien_convert.pictures import Scale
from mien_convert.quantize import manifest_tensors, to_float, to_int8
from mien_convert.quiet import quiet
from mien_convert.runs import Run, read_run
from mien_convert.verify import HeadReport, compare, int8_probabilities
from mien_models.labels import Head
from mien_models.manifest import Manifest
from mien_models.runner import Classifier

log = logging.getLogger(__name__)


def convert(
    directory: Path, out: Path, *, name: str, version: str, command: str, float_file: Path | None = None
) -> tuple[Manifest, dict[Head, HeadReport]]:
    """Make the model directory `out` from the run in `directory`; its manifest, and how it compares with the float network.

    `command` is what the user gave, for the manifest. The float network goes to `float_file` as well, if given.

    Raises:
        DataError: the run is not whole.
        ModelError: it cannot be converted, or `out` holds something else than a model.
        MissingDependencyError: TensorFlow is not installed.

    """
    check_target(out)
    run = read_run(directory)
    log.info("%s: loading", run.model)
    network = open_keras(run.model)
    before = keras_probabilities(network, run.holdout.faces)
    log.info("%s: converting to int8 with %d calibration faces", run.model, len(run.calibration))
    content = to_int8(network, Scale.PIXELS.apply(run.calibration[..., np.newaxis]), Scale.PIXELS.bounds, run.model)
    if float_file is not None:
        replace_file(float_file, to_float(network, run.model))
    manifest = _describe(run, content, name, version, command)
    with staged(out) as staging:
        write_model(staging, manifest, content, "")
        log.info("%s: measuring on %d %s faces", out, len(run.holdout.faces), run.judged_on)
        with quiet():
            classifier = Classifier.open(staging)
        after = int8_probabilities(classifier, run.holdout.faces)
        heads = compare(before, after, run.holdout)
        manifest = manifest.model_copy(update={"metrics": _metrics(heads, run.judged_on)})
        write_model(staging, manifest, content, write_card(manifest, run.judged_on))
    log.info("%s: written (%d bytes)", out, len(content))
    return manifest, heads


def _describe(run: Run, content: bytes, name: str, version: str, command: str) -> Manifest:
    """The manifest, without figures."""
    entry, outputs = manifest_tensors(inspect_bytes(content, run.model), run.model)
    heads = {output.head for output in outputs}
    return Manifest(
        name=name,
        version=version,
        kind="emotion",
        file=describe_file(f"{name}_int8.tflite", content),
        input=entry,
        outputs=outputs,
        answer=Head.FERPLUS if Head.FERPLUS in heads else Head.FER,
        licence="Apache-2.0",
        data=run.data,
        commands=tuple(without_paths(line) for line in (run.command, command)),
        metrics={},
    )


def _metrics(heads: dict[Head, HeadReport], judged_on: str) -> dict[str, float]:
    """The figures of the int8 file, each with the faces that it was measured on in its name."""
    metrics = {}
    for head, report in heads.items():
        prefix = f"{judged_on}_{head}"
        metrics[f"{prefix}_agreement_with_float"] = report.agreement
        if report.accuracy_int8 is None:
            continue
        metrics[f"{prefix}_faces"] = float(report.labelled)
        metrics[f"{prefix}_accuracy"] = report.accuracy_int8
        for label, recall in report.recall_int8.items():
            if recall is not None:
                metrics[f"{prefix}_recall_{label}"] = recall
    return {key: round(value, 4) for key, value in metrics.items()}


def without_paths(command: str) -> str:
    """A shell command with every path cut to its name: a manifest travels, its maker's folders mean nothing elsewhere."""
    return shlex.join(_name(word) for word in shlex.split(command))


def _name(word: str) -> str:
    option, equals, value = word.partition("=")
    if equals and option.startswith("-"):
        return f"{option}={PurePath(value).name}"
    return PurePath(word).name or word
