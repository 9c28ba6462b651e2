"""`mien-train emotion`."""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mien_models.errors import ConfigError
from mien_models.labels import Head
from mien_models.validation import explain
from mien_training import runs
from mien_training.backend import import_keras
from mien_training.emotion.networks import ARCHITECTURES, PUBLISHED

if TYPE_CHECKING:
    from mien_training.emotion.datasets import Faces

log = logging.getLogger(__name__)

_SETTINGS = ("epochs", "patience", "batch", "learning_rate", "seed", "limit", "precision")

_ARCHITECTURES = f"""\
architectures, each with its own optimizer, batch, augmentation and stopping unless you say otherwise:
{chr(10).join(f"  {name:11} {architecture.about}" for name, architecture in ARCHITECTURES.items())}
all but mien-* are rebuilt from descriptions of earlier systems and learn FER2013's own labels alone, --ferplus or not
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train emotion`."""
    parser.description = "Trains an emotion network and leaves a run directory that `mien-convert` and `report` take."
    parser.epilog = _ARCHITECTURES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--data", type=Path, required=True, metavar="PATH", help="fer2013.csv (also .gz, .xz), or a folder of pictures"
    )
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of the same rows")
    parser.add_argument(
        "--also",
        nargs=2,
        action="append",
        default=[],
        metavar=("PATH", "WEIGHT"),
        help="a further data set to learn from, each face of which counts WEIGHT times one of --data's; may be given several "
        "times (the validation faces are --data's alone)",
    )
    parser.add_argument(
        "--negatives",
        type=Path,
        metavar="FOLDER",
        help="pictures without people, to learn what is no readable face (default: that is not learned)",
    )
    parser.add_argument(
        "--teacher",
        action="append",
        default=[],
        metavar="RUN",
        help="a trained run (or .keras file) to learn from as well; may be given several times",
    )
    parser.add_argument(
        "--warm-start",
        type=Path,
        metavar="RUN",
        help="a trained run (or .keras file) of the same architecture to begin with; for face-resnet also published weights",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run directory; resumed if it exists")
    parser.add_argument("--arch", default="mien-small", help="architecture, from the list below (default: mien-small)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (mien-*: 60)")
    parser.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help="stop after N epochs without a better validation accuracy (default: never; vgg16: 20)",
    )
    parser.add_argument("--batch", type=int, metavar="N", help="faces a step (mien-*: 128)")
    parser.add_argument(
        "--learning-rate", type=float, metavar="X", help="of the optimizer, at its peak (mien-*: 0.002)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of everything random (default: 0)")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="rows of each split, to try things out (default: all)"
    )
    parser.add_argument(
        "--precision",
        choices=["float32", "bfloat16"],
        help="of the arithmetic (default: float32); bfloat16 is faster on GPUs and on processors with AVX512-BF16 or AMX",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the scores on the validation faces as JSON at the end"
    )
    parser.set_defaults(command=_train)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _train(arguments: argparse.Namespace) -> str:
    if arguments.arch not in ARCHITECTURES:
        raise ConfigError(f"--arch {arguments.arch}: unknown; the architectures are {', '.join(ARCHITECTURES)}")
    architecture = ARCHITECTURES[arguments.arch]
    if arguments.warm_start and arguments.warm_start.suffix == PUBLISHED and not architecture.warm_start:
        raise ConfigError(f"--warm-start: {arguments.arch} has no published weights; give a run of it, or leave it out")
    import_keras()
    from mien_training.emotion import train
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.distil import Teachers

    given = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    for option, head in (("ferplus", Head.FERPLUS), ("negatives", Head.READABLE)):
        if getattr(arguments, option) and head not in architecture.heads:
            log.info("--%s is left out: %s learns FER2013's own labels alone", option, arguments.arch)
            setattr(arguments, option, None)
    others = [(Path(path), _weight(path, weight)) for path, weight in arguments.also]
    training, validation = _read(arguments, others, given.get("seed", 0))
    try:
        config = TrainConfig(
            arch=arguments.arch,
            data=arguments.data.name,
            others=tuple((Path(path).name, weight) for path, weight in others),
            ferplus=arguments.ferplus and arguments.ferplus.name,
            negatives=arguments.negatives and arguments.negatives.name,
            warm_start=arguments.warm_start and arguments.warm_start.name,
            teachers=tuple(Path(name).name for name in arguments.teacher),
            fingerprint=train.fingerprint(training, validation),
            heads=train.check_trainable(training, architecture.heads),
            **{**architecture.recipe.model_dump(), **given},
        )
    except ValidationError as error:
        raise ConfigError("; ".join(explain(error, TrainConfig))) from None
    teachers = Teachers(arguments.teacher, config.teacher_share, config.precision) if arguments.teacher else None
    if teachers:
        teachers.check(config.heads)
    train.train(config, training, validation, arguments.out, teachers, arguments.warm_start)
    return (arguments.out / runs.VALIDATION).read_text(encoding="utf-8").rstrip() if arguments.json else ""


def _weight(path: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise ConfigError(f"--also {path} {text}: the weight is no number above 0; 1 counts a face as one of --data's")
    return weight


def _read(arguments: argparse.Namespace, others: list[tuple[Path, float]], seed: int) -> tuple[Faces, Faces]:
    """The faces to learn from and those to judge by."""
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.datasets import Usage, check_classes, read_faces, split
    from mien_training.emotion.mixing import with_negatives, with_others
    from mien_training.emotion.negatives import read_negatives

    data, limit = arguments.data, arguments.limit
    faces = read_faces(data, arguments.ferplus, seed)
    further = [(path, read_faces(path, seed=seed), weight) for path, weight in others]

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
