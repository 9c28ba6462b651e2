"""The whole of `mien-convert quantize`: a run in, a model directory out."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path, PurePath

import numpy as np

from mien_convert.card import write_card
from mien_convert.floating import keras_probabilities, open_keras
from mien_convert.inspection import inspect_bytes
from mien_convert.package import check_file_target, check_target, describe_file, replace_file, staged, write_model
from mien_convert.pictures import Scale
from mien_convert.quantize import manifest_tensors, to_float, to_int8
from mien_convert.quiet import quiet
from mien_convert.runs import read_run
from mien_convert.tables import draw_tables
from mien_convert.verify import HeadReport, compare, int8_probabilities
from mien_models.errors import ModelError
from mien_models.labels import LABEL_SETS, Head
from mien_models.manifest import Manifest
from mien_models.runner import Classifier
from mien_models.selftest import surely_read

log = logging.getLogger(__name__)

LICENCE = "Apache-2.0"
"""Of the weights that this project trains."""

_FEWEST_READ = 4
"""A network that reads fewer of the prototypes has not learned faces, or is fed otherwise than it was trained."""


def convert(
    directory: Path, out: Path, *, name: str, version: str, command: str, float_file: Path | None = None
) -> tuple[Manifest, dict[Head, HeadReport]]:
    """Make the model directory `out` from the run in `directory`; its manifest, and how it compares with the float network.

    `command` is what the user gave, for the manifest. The float network goes to `float_file` as well, if given.

    Raises:
        DataError: the run is not whole.
        ModelError: it cannot be converted, `out` holds something else than a model, or nothing can be written there.
        MissingDependencyError: TensorFlow is not installed.

    """
    check_target(out)
    if float_file is not None:
        check_file_target(float_file)
    run = read_run(directory)
    log.info("%s: loading", run.model)
    network = open_keras(run.model)
    before = keras_probabilities(network, run.holdout.faces)
    log.info("%s: converting to int8 with %d calibration faces", run.model, len(run.calibration))
    content = to_int8(network, Scale.PIXELS.apply(run.calibration[..., np.newaxis]), Scale.PIXELS.bounds, run.model)
    if float_file is not None:
        replace_file(float_file, to_float(network, run.model))
    manifest = describe_model(
        content,
        run.model,
        name=name,
        version=version,
        licence=LICENCE,
        data=run.data,
        commands=(run.command, command),
    )
    with staged(out) as staging:
        write_model(staging, manifest, content, "")
        log.info("%s: measuring on %d %s faces", out, len(run.holdout.faces), run.judged_on)
        with quiet():
            classifier = Classifier.open(staging)
        after = int8_probabilities(classifier, run.holdout.faces)
        reads = surely_read(classifier)
        if len(reads) < _FEWEST_READ:
            log.warning(
                "%s: reads only %d of 7 average faces as what they show; is it fed as it was trained?", out, len(reads)
            )
        heads = compare(before, after, run.holdout)
        metrics = agreements(heads, run.judged_on) | accuracies(heads, run.judged_on)
        manifest = manifest.model_copy(update={"metrics": metrics, "reads": reads})
        tables = draw_tables(after, run.holdout)
        write_model(staging, manifest, content, write_card(manifest, tuple(tables)), tables)
    log.info("%s: written (%d bytes)", out, len(content))
    return manifest, heads


def describe_model(
    content: bytes,
    path: Path,
    *,
    name: str,
    version: str,
    licence: str,
    data: tuple[str, ...],
    commands: tuple[str, ...],
) -> Manifest:
    """The manifest, without figures, of an int8 .tflite file with this content; `path` is for the error's text.

    Raises:
        ModelError: it is no file of an int8 emotion model.

    """
    entry, outputs = manifest_tensors(inspect_bytes(content, path), path)
    heads = {output.head for output in outputs}
    if not heads & set(LABEL_SETS):
        raise ModelError(f"{path}: answers with no emotion; an emotion model has {' or '.join(LABEL_SETS)}")
    return Manifest(
        name=name,
        version=version,
        kind="emotion",
        file=describe_file(f"{name}_int8.tflite", content),
        input=entry,
        outputs=outputs,
        answer=Head.FERPLUS if Head.FERPLUS in heads else Head.FER,
        licence=licence,
        data=data,
        commands=tuple(without_paths(line) for line in commands),
        metrics={},
    )


def agreements(heads: dict[Head, HeadReport], judged_on: str) -> dict[str, float]:
    """How far the int8 file answers as the float network did, each figure named by the faces that it is of."""
    return {f"{judged_on}_{head}_agreement_with_float": round(report.agreement, 4) for head, report in heads.items()}


def accuracies(heads: dict[Head, HeadReport], judged_on: str) -> dict[str, float]:
    """How right the int8 file is, each figure named by the faces that it is of; none of heads without labels."""
    metrics = {}
    for head, report in heads.items():
        prefix = f"{judged_on}_{head}"
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
