"""A single .tflite file of a run or of any image classifier: what `mien-convert quantize` makes besides model directories."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from mien_convert.classifiers import input_shape, is_classifier, open_classifier
from mien_convert.floating import open_keras
from mien_convert.inspection import Inspection, inspect_bytes
from mien_convert.package import check_file_target, replace_file
from mien_convert.pictures import Scale, read_calibration
from mien_convert.quantize import Variant, to_float, to_int8
from mien_convert.runs import find_network

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calibration:
    """With what an int8 file is calibrated."""

    source: Path
    """A folder of pictures, or a run."""
    scale: Scale
    pictures: int
    """At most so many of them."""


@dataclass(frozen=True, slots=True)
class SingleFile:
    """What was written."""

    variant: Variant
    calibrated_with: int
    """Pictures; 0 where none are needed."""
    skipped: int
    """Files of the calibration folder that are no pictures."""
    content: Inspection

    def describe(self) -> str:
        """What was written, as lines for a person."""
        return f"{self.variant}: {self.content.describe()}"


def convert_file(source: Path, out: Path, variant: Variant, calibration: Calibration | None) -> SingleFile:
    """Write the network of a run, a Keras file or a SavedModel to the .tflite file `out`, whole or not at all.

    Raises:
        DataError: `source` is no finished run; there is nothing to calibrate with.
        ModelError: the network cannot be loaded or converted, or `out` cannot be written.
        MissingDependencyError: TensorFlow is not installed.

    """
    check_file_target(out)
    log.info("%s: loading", source)
    model = open_classifier(source) if is_classifier(source) else open_keras(find_network(source))
    used = skipped = 0
    if variant is Variant.INT8:
        if calibration is None:
            raise TypeError("int8 wants a calibration")
        pictures = read_calibration(calibration.source, input_shape(model), calibration.pictures)
        used, skipped = len(pictures.pixels), pictures.skipped
        log.info("%s: converting to int8 with %d pictures, pixels as %s", source, used, calibration.scale)
        content = to_int8(model, calibration.scale.apply(pictures.pixels), calibration.scale.bounds, source)
    else:
        log.info("%s: converting to %s", source, variant)
        content = to_float(model, source, variant)
    replace_file(out, content)
    log.info("%s: written (%d bytes)", out, len(content))
    return SingleFile(variant, used, skipped, inspect_bytes(content, out))
