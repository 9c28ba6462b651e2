"""A model directory of an int8 file that is there already, or of another model directory."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import mien_models
from mien_convert.card import write_card
from mien_convert.convert import accuracies, describe_model, without_paths
from mien_convert.flatbuffer import read_tflite
from mien_convert.package import TABLE_NAME, check_target, staged, write_model
from mien_convert.quiet import quiet
from mien_convert.runs import read_run
from mien_convert.tables import draw_tables
from mien_convert.verify import compare, int8_probabilities
from mien_models.errors import DataError
from mien_models.manifest import Manifest, load_manifest
from mien_models.runner import Classifier
from mien_models.selftest import surely_read

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Details:
    """What the file itself does not say. None and empty: as an earlier manifest says."""

    name: str | None
    version: str | None
    licence: str | None
    data: tuple[str, ...]
    commands: tuple[str, ...]
    """Added to those of an earlier manifest."""


def repack(model: Path, out: Path, details: Details, run: Path | None = None) -> Manifest:
    """Write the model directory `out` of `model`, an int8 .tflite file or a model directory; its manifest.

    With `run`, it is measured on the holdout faces there; else only the figures and tables of an earlier directory stay, as its
    file does.

    Raises:
        ManifestError: `model` is a directory whose manifest is wrong.
        ModelError: it is no int8 emotion model, or the device cannot run it, or `out` holds something else than a model.
        DataError: the run is not whole, or has no labels of one of the model's heads.

    """
    check_target(out)
    path, content = read_tflite(model)
    tables: dict[str, bytes] = {}
    if model.is_dir():
        manifest = _changed(load_manifest(model), details)
        tables = {table.name: table.read_bytes() for table in sorted(model.glob(TABLE_NAME.format(head="*")))}
    else:
        manifest = describe_model(
            content,
            path,
            name=details.name or "emotion",
            version=details.version or mien_models.__version__,
            licence=details.licence or "",
            data=details.data,
            commands=details.commands,
        )
    with staged(out) as staging:
        write_model(staging, manifest, content, "")
        with quiet():
            classifier = Classifier.open(staging)
        manifest = manifest.model_copy(update={"reads": surely_read(classifier)})
        if run is not None:
            metrics, tables = _measure(classifier, run)
            manifest = manifest.model_copy(update={"metrics": manifest.metrics | metrics})
        write_model(staging, manifest, content, write_card(manifest, tuple(tables)), tables)
    log.info("%s: written (%d bytes)", out, len(content))
    return manifest


def _changed(earlier: Manifest, details: Details) -> Manifest:
    """An earlier manifest with what is said anew; what is known of the file itself stays."""
    name = details.name or earlier.name
    return earlier.model_copy(
        update={
            "name": name,
            "version": details.version or earlier.version,
            "file": earlier.file.model_copy(update={"path": f"{name}_int8.tflite"}),
            "licence": details.licence or earlier.licence,
            "data": details.data or earlier.data,
            "commands": (*earlier.commands, *map(without_paths, details.commands)),
        }
    )


def _measure(classifier: Classifier, directory: Path) -> tuple[dict[str, float], dict[str, bytes]]:
    """Figures for the manifest and tables for the card."""
    run = read_run(directory)
    missing = [head for head in classifier.heads if head not in run.holdout.labels]
    if missing:
        raise DataError(
            f"{directory}: its holdout faces have no labels of {' '.join(missing)}; give the model's own run"
        )
    log.info("measuring on %d %s faces", len(run.holdout.faces), run.judged_on)
    answers = int8_probabilities(classifier, run.holdout.faces)
    return accuracies(compare(answers, answers, run.holdout), run.judged_on), draw_tables(answers, run.holdout)
