"""The sub-commands of `mien-train`. Heavy libraries are imported when a command runs, so that help comes at once."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from mien_models.errors import ConfigError, DataError
from mien_models.labels import LABEL_SETS, Head
from mien_models.validation import explain
from mien_training.backend import import_keras

if TYPE_CHECKING:
    from mien_training.emotion.evaluate import Evaluation

_USAGES = ("Training", "PublicTest", "PrivateTest")

_EXAMPLES = """\
examples:
  mien-train emotion --data fer2013.csv --ferplus fer2013new.csv --out runs/first
      trains on FER2013's labels and on FER+'s votes; run it again to resume after a stop
  mien-train emotion --data fer2013.csv.xz --out runs/try --epochs 2 --limit 500
      tries everything out in a minute
  mien-train evaluate emotion --data fer2013.csv --usage PublicTest --labels fer --json
      measures the model that comes with mien, through the code that the device runs
"""


def parser() -> argparse.ArgumentParser:
    """The command line, each sub-command with its function as `command`: it takes the arguments, returns what to print."""
    top = argparse.ArgumentParser(
        prog="mien-train",
        description="Trains and evaluates the networks of mien.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_emotion(commands.add_parser("emotion", help="train the emotion network"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a model on labelled faces"))
    _add_prototypes(commands.add_parser("prototypes", help="make average faces for demo and self-test"))
    return top


def _add_emotion(parser: argparse.ArgumentParser) -> None:
    parser.description = "Trains the emotion network and leaves a run directory that `mien-convert` takes."
    parser.add_argument(
        "--data", type=Path, required=True, metavar="PATH", help="fer2013.csv (also .gz, .xz), or a folder of pictures"
    )
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of the same rows")
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
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run directory; resumed if it exists")
    parser.add_argument("--arch", help="architecture (default: mien-small)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: 60)")
    parser.add_argument("--batch", type=int, metavar="N", help="faces a step (default: 128)")
    parser.add_argument("--seed", type=int, metavar="N", help="of everything random (default: 0)")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="rows of each split, to try things out (default: all)"
    )
    parser.add_argument(
        "--precision",
        choices=["float32", "bfloat16"],
        help="of the arithmetic (default: float32); bfloat16 is faster on GPUs and on processors with AVX512-BF16 or AMX",
    )
    parser.set_defaults(command=_train_emotion)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _train_emotion(arguments: argparse.Namespace) -> str:
    import_keras()
    from mien_training.emotion import train
    from mien_training.emotion.config import TrainConfig
    from mien_training.emotion.datasets import Usage, read_faces, split, with_negatives
    from mien_training.emotion.distil import Teachers
    from mien_training.emotion.negatives import read_negatives
    from mien_training.emotion.networks import ARCHITECTURES

    given = {name: getattr(arguments, name) for name in ("arch", "epochs", "batch", "seed", "limit", "precision")}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments.arch not in {None, *ARCHITECTURES}:
        raise ConfigError(f"--arch {arguments.arch}: unknown; the architectures are {', '.join(ARCHITECTURES)}")
    faces = read_faces(arguments.data, arguments.ferplus, given.get("seed", 0))
    training = split(faces, Usage.TRAINING, arguments.data, arguments.limit)
    validation = split(faces, Usage.PUBLIC_TEST, arguments.data, arguments.limit)
    if arguments.negatives:
        count = round(TrainConfig.model_fields["negative_share"].default * len(training))
        crops, held_back = read_negatives(arguments.negatives, max(1, count), given.get("seed", 0))
        training, validation = with_negatives(training, crops), with_negatives(validation, held_back)
    try:
        config = TrainConfig(
            data=arguments.data.name,
            ferplus=arguments.ferplus and arguments.ferplus.name,
            negatives=arguments.negatives and arguments.negatives.name,
            teachers=tuple(Path(name).name for name in arguments.teacher),
            fingerprint=train.fingerprint(training, validation),
            heads=train.check_trainable(training),
            **given,
        )
    except ValidationError as error:
        raise ConfigError("; ".join(explain(error, TrainConfig))) from None
    teachers = Teachers(arguments.teacher, config.teacher_share, config.precision) if arguments.teacher else None
    if teachers:
        teachers.check(config.heads)
    train.train(config, training, validation, arguments.out, teachers)
    return ""


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Measures a model on labelled faces. An int8 model runs through the code that the device runs; TensorFlow is "
        "not needed for it."
    )
    parser.add_argument(
        "model", metavar="MODEL", help="run directory, .keras file, int8 model directory, or shipped model (emotion)"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="fer2013.csv (.gz, .xz), or a folder")
    parser.add_argument(
        "--usage", default="PublicTest", choices=_USAGES, help="the split to measure on (default: PublicTest)"
    )
    parser.add_argument(
        "--labels",
        type=Head,
        default=Head.FER,
        choices=LABEL_SETS,
        help="whose labels are the truth: FER2013's own (fer, the default), or FER+'s where the taggers have a majority",
    )
    parser.add_argument(
        "--ferplus",
        type=Path,
        metavar="CSV",
        help="fer2013new.csv, for --labels ferplus (default: the one beside --data)",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="also write every face's probabilities")
    parser.set_defaults(command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> str:
    from mien_training.emotion.datasets import Usage, read_faces, split
    from mien_training.emotion.evaluate import evaluate, open_predictor, write_predictions

    data, truth, usage = arguments.data, arguments.labels, Usage(arguments.usage)
    if arguments.predictions and not arguments.predictions.parent.is_dir():
        raise DataError(f"{arguments.predictions}: there is no folder {arguments.predictions.parent}; make it first")
    predict = open_predictor(arguments.model)
    everything = read_faces(data, _votes_path(data, arguments.ferplus) if truth is Head.FERPLUS else None)
    faces = split(everything, usage, data)
    result, probabilities = evaluate(predict, faces, truth, model=arguments.model, data=data, usage=usage)
    if arguments.predictions:
        rows = np.flatnonzero(everything.usage == usage)
        write_predictions(arguments.predictions, rows, faces.labels(truth), probabilities, truth)
    return json.dumps(result.model_dump(mode="json"), indent=1) if arguments.json else _table(result)


def _table(result: Evaluation) -> str:
    lines = [
        f"{result.model} on {result.usage} of {result.data}, n = {result.n}",
        f"truth: {result.judged_by} labels, answers: {result.head} head",
        f"accuracy {100 * result.accuracy:.2f} %  macro F1 {result.macro_f1:.4f}  calibration error {result.ece:.4f}",
    ]
    if result.doubt_correlation is not None:
        lines.append(f"doubt where the taggers disagree: rank correlation {result.doubt_correlation:.3f}")
    for label in result.labels:
        recall, precision = _percent(result.recall[label]), _percent(result.precision[label])
        lines.append(f"  {label:9} recall {recall}  precision {precision}")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "     –" if share is None else f"{100 * share:5.1f} %"


def _votes_path(data: Path, ferplus: Path | None) -> Path:
    beside = data.parent / "fer2013new.csv"
    if ferplus is None and not beside.is_file():
        raise DataError(f"{beside}: no such file; --labels ferplus needs the FER+ votes: give --ferplus fer2013new.csv")
    return ferplus or beside


def _add_prototypes(parser: argparse.ArgumentParser) -> None:
    parser.description = "Averages, for each emotion, the 200 Training faces on which the FER+ taggers agree most."
    parser.add_argument("--data", type=Path, required=True, metavar="CSV", help="fer2013.csv (also .gz, .xz)")
    parser.add_argument(
        "--ferplus", type=Path, required=True, metavar="CSV", help="fer2013new.csv: the same rows' votes"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .png (side by side) or .npz")
    parser.set_defaults(command=_make_prototypes)


def _make_prototypes(arguments: argparse.Namespace) -> str:
    from mien_training.emotion.datasets import Usage, read_faces, split
    from mien_training.emotion.prototypes import prototypes, save_prototypes

    faces = read_faces(arguments.data, arguments.ferplus)
    save_prototypes(arguments.out, prototypes(split(faces, Usage.TRAINING, arguments.data)))
    return ""
