"""`mien-train emotion`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mien_models.errors import ConfigError, DataError
from mien_models.labels import Head
from mien_models.options import random_seed, whole_number
from mien_models.validation import explain
from mien_training import runs
from mien_training.backend import import_keras, share_batches
from mien_training.commands.training_data import add_data_arguments, name_data, read_data
from mien_training.emotion.networks import ARCHITECTURES, PUBLISHED, find_architecture

if TYPE_CHECKING:
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.datasets import Faces
    from mien_training.emotion.networks import Architecture

_SETTINGS = (
    "epochs",
    "patience",
    "batch",
    "learning_rate",
    "mixup",
    "teacher_sees",
    "teacher_share",
    "seed",
    "limit",
    "precision",
)

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
    add_data_arguments(parser)
    _add_beginning(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run directory; resumed if it exists")
    parser.add_argument("--arch", default="mien-small", help="architecture, from the list below (default: mien-small)")
    parser.add_argument(
        "--recipe",
        metavar="JSON",
        help="settings to train with: a file, as `mien-train search` leaves best.json, or the object itself, such as "
        '\'{"augmentation": "generator"}\'; options go before it',
    )
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="passes over the data (mien-small, mien-nano: 60, mien-large: 40); a run of an earlier system may be taken up "
        "again with more; 0 keeps what --warm-start begins with, and calibrates it",
    )
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
    parser.add_argument(
        "--mixup", action=argparse.BooleanOptionalAction, default=None, help="blend faces in pairs (mien-*: yes)"
    )
    parser.add_argument("--seed", type=random_seed, metavar="N", help="of everything random (default: 0)")
    parser.add_argument(
        "--precision",
        choices=["float32", "bfloat16"],
        help="of the arithmetic (default: float32); bfloat16 is faster on GPUs and on processors with AVX512-BF16 or AMX",
    )
    parser.add_argument(
        "--devices",
        type=whole_number,
        default=1,
        metavar="N",
        help="GPUs that share each batch, with KERAS_BACKEND=jax (default: 1)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the scores on the validation faces as JSON at the end"
    )
    parser.set_defaults(command=_train)


def _add_beginning(parser: argparse.ArgumentParser) -> None:
    """What a training begins with and learns from beside its data: models that are there already."""
    parser.add_argument(
        "--teacher",
        action="append",
        default=[],
        metavar="RUN",
        help="a trained run, .keras file, or int8 model (its directory, or a shipped one's name) to learn from as well; may "
        "be given several times",
    )
    parser.add_argument(
        "--teacher-sees",
        choices=["view", "face"],
        help="teachers answer to what the pupil is shown, or to the face as it lies in the data, asked once (default: view)",
    )
    parser.add_argument(
        "--teacher-share",
        type=float,
        metavar="X",
        help="the teachers' part of what the pupil learns, the labels' is the rest (default: 0.7)",
    )
    parser.add_argument(
        "--warm-start",
        action="append",
        default=[],
        metavar="RUN",
        help="a trained run, .keras file, or int8 model (its directory, or a shipped one's name) to begin with, of the same "
        "architecture or with fewer blocks of its kind; given several times, the mean of their weights, which is often better "
        "than any of them if all began with the same; for face-resnet also published weights",
    )
    parser.add_argument(
        "--finder",
        metavar="MODEL",
        help="a face finder (its directory, or a shipped one's name): half of the faces are cropped as it crops them in "
        "scenes made of --negatives (default: none)",
    )


def _train(arguments: argparse.Namespace) -> str:
    architecture = find_architecture(arguments.arch)
    _check_warm_start(arguments, architecture)
    if arguments.finder and Head.READABLE not in architecture.heads:
        raise ConfigError(f"--finder: {arguments.arch} is trained on faces as they are in the data; leave it out")
    if arguments.finder and not arguments.negatives:
        raise ConfigError("--finder: wants pictures without people to find faces in; name them with --negatives")
    if arguments.teacher_share is not None and not arguments.teacher:
        raise ConfigError("--teacher-share: there is no teacher; name one with --teacher, or leave it out")
    import_keras()
    from mien_training.emotion import train
    from mien_training.emotion.distil import Teachers

    recipe = {} if arguments.recipe is None else _read_recipe(arguments.recipe)
    given = recipe | {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    training, validation = read_data(arguments, architecture, given.get("seed", 0))
    started_from = {
        "warm_start": tuple(Path(name).name for name in arguments.warm_start),
        "finder": arguments.finder and Path(arguments.finder).name,
        "teachers": tuple(Path(name).name for name in arguments.teacher),
        "recipe": recipe,
    }
    config = make_config(arguments, architecture, training, validation, given | started_from)
    if arguments.devices > 1:
        share_batches(arguments.devices, config.batch)
    teachers = Teachers(arguments.teacher, config.teacher_share, config.precision) if arguments.teacher else None
    if teachers:
        teachers.check(config.heads)
    framing = _measure_framing(arguments, training) if arguments.finder else None
    train.train(config, training, validation, arguments.out, teachers, arguments.warm_start, framing)
    return _scores(arguments.out / runs.VALIDATION) if arguments.json else ""


def _scores(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip()
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror}; delete {runs.MODEL} and give the command again, which measures anew"
        ) from error


def _check_warm_start(arguments: argparse.Namespace, architecture: Architecture) -> None:
    if not any(name.endswith(PUBLISHED) for name in arguments.warm_start):
        return
    if not architecture.warm_start:
        raise ConfigError(f"--warm-start: {arguments.arch} has no published weights; give a run of it, or leave it out")
    if len(arguments.warm_start) > 1:
        raise ConfigError("--warm-start: published weights have no mean with others; give them alone")


def _measure_framing(arguments: argparse.Namespace, training: Faces) -> Any:
    from mien_models.finder import ModelFinder
    from mien_models.shipped import find_model
    from mien_training.emotion.framing import measure

    finder = ModelFinder.open(find_model(arguments.finder))
    return measure(finder, training.pixels[training.fer >= 0], arguments.negatives)


def make_config(
    arguments: argparse.Namespace, architecture: Architecture, training: Faces, validation: Faces, given: dict[str, Any]
) -> TrainConfig:
    """The settings of a training: the architecture's recipe, and before it what is `given`.

    Raises:
        ConfigError: a setting is out of its range.
        DataError: there is nothing that the architecture learns.

    """
    from mien_training.emotion import train
    from mien_training.emotion.config import TrainConfig

    heads = train.check_trainable(training, architecture.heads)
    recipe = {**architecture.recipe.model_dump(), **given}
    try:
        return TrainConfig(
            arch=arguments.arch,
            fingerprint=train.fingerprint(training, validation),
            heads=heads,
            **name_data(arguments),
            **recipe,
        )
    except ValidationError as error:
        raise ConfigError("; ".join(explain(error, TrainConfig))) from None


def _read_recipe(given: str) -> dict[str, Any]:
    """The settings in a JSON file such as the best of a search, or in JSON itself.

    Raises:
        ConfigError: it cannot be read, or holds something else.

    """
    from mien_training.emotion.config import Recipe

    try:
        is_json = given.lstrip().startswith(("{", "["))
        content = json.loads(given if is_json else Path(given).read_text(encoding="utf-8"))
        Recipe.model_validate(content)
    except RecursionError:
        raise ConfigError("--recipe: nested too deep; give a best.json of `mien-train search`") from None
    except (OSError, ValueError) as error:
        reason = "; ".join(explain(error, Recipe)) if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"--recipe {given}: {reason}; give a best.json of `mien-train search`") from None
    return dict(content)
