"""What `mien-train emotion` and `search` learn from: their common arguments, and the faces that these name."""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien_models.errors import ConfigError
from mien_models.labels import Head
from mien_models.options import whole_number

if TYPE_CHECKING:
    from mien_training.emotion.datasets import Faces
    from mien_training.emotion.networks import Architecture

log = logging.getLogger(__name__)

_LEAST_WEIGHT = 1e-3


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Which faces, and how many."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="fer2013.csv (also .gz, .xz), or a folder of pictures, one sub-folder an emotion (with train/ and test/, or one picture in "
        "ten is held back)",
    )
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of the same rows")
    parser.add_argument(
        "--also",
        nargs=2,
        action="append",
        default=[],
        metavar=("PATH", "WEIGHT"),
        help="a further data set to learn from, each face of which counts WEIGHT times one of --data's; may be given "
        "several times (its own validation faces are not used)",
    )
    parser.add_argument(
        "--negatives",
        type=Path,
        metavar="FOLDER",
        help="pictures without people, to learn what is no readable face (default: that is not learned)",
    )
    parser.add_argument(
        "--limit", type=whole_number, metavar="N", help="rows of each split, to try things out (default: all)"
    )


def read_data(arguments: argparse.Namespace, architecture: Architecture, seed: int) -> tuple[Faces, Faces]:
    """The faces to learn from and those to judge by.

    What the architecture cannot learn is taken out of the arguments, with a word in the log.

    Raises:
        ConfigError: a weight is none.
        DataError: something cannot be read, or there is nothing to learn of an emotion.

    """
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.datasets import Usage, check_classes, read_faces, split
    from mien_training.emotion.mixing import with_negatives, with_others
    from mien_training.emotion.negatives import read_negatives

    for option, head in (("ferplus", Head.FERPLUS), ("negatives", Head.READABLE)):
        if getattr(arguments, option) and head not in architecture.heads:
            log.info("--%s is left out: %s learns FER2013's own labels alone", option, arguments.arch)
            setattr(arguments, option, None)
    others = _others(arguments)
    data, limit = arguments.data, arguments.limit
    faces = read_faces(data, arguments.ferplus)
    further = [(path, read_faces(path), weight) for path, weight in others]

    def learned(limit: int | None) -> Faces:
        joined = split(faces, Usage.TRAINING, data, limit)
        for path, more, weight in further:
            joined = with_others(joined, split(more, Usage.TRAINING, path, limit), weight)
        return joined

    check_classes(learned(None), data)
    training, validation = learned(limit), split(faces, Usage.PUBLIC_TEST, data, limit)
    if arguments.negatives:
        count = round(TrainConfig.model_fields["negative_share"].default * len(training))
        crops, held_back = read_negatives(arguments.negatives, max(1, count), seed)
        training, validation = with_negatives(training, crops), with_negatives(validation, held_back)
    return training, validation


def name_data(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of `TrainConfig` that say what was learned from: names without their paths."""
    return {
        "data": arguments.data.name,
        "others": tuple((path.name, weight) for path, weight in _others(arguments)),
        "ferplus": arguments.ferplus and arguments.ferplus.name,
        "negatives": arguments.negatives and arguments.negatives.name,
    }


def _others(arguments: argparse.Namespace) -> list[tuple[Path, float]]:
    return [(Path(path), _weight(path, weight)) for path, weight in arguments.also]


def _weight(path: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not _LEAST_WEIGHT <= weight <= 1 / _LEAST_WEIGHT:
        raise ConfigError(
            f"--also {path} {text}: the weight is no number from {_LEAST_WEIGHT:g} to {1 / _LEAST_WEIGHT:g}; 1 counts a face as "
            "one of --data's"
        )
    return weight
