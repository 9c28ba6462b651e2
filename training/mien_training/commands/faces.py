"""`mien-train faces`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pydantic import ValidationError

from mien_models.errors import ConfigError, DataError
from mien_models.options import random_seed, whole_number
from mien_models.validation import explain
from mien_training import runs
from mien_training.backend import import_keras

_SETTINGS = ("epochs", "scenes", "batch", "learning_rate", "seed", "limit", "precision")

_DATA = """\
--data is a folder with files labels_NAME.json beside folders NAME of pictures: {"picture.jpg": [{"box": [x, y, width,
height], "score": 0.95, "landmarks": [[x, y] × 5], "kind": null}, …]}. A box from .6 on is a face, a lower one, a "statue" or
"unsure" is ignored, an "animal" or "object" is something that a finder once took for a face.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train faces`."""
    parser.description = "Trains a face finder on composed scenes and leaves a run directory that `mien-convert` takes."
    parser.epilog = _DATA
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--data", type=Path, required=True, action="append", metavar="FOLDER", help="labelled pictures; repeatable"
    )
    parser.add_argument(
        "--leave-out",
        type=Path,
        metavar="FOOTAGE",
        help="footage to measure on later: its pictures are not learned from (a folder with PSEUDO_GT.json)",
    )
    parser.add_argument(
        "--credit",
        action="append",
        default=[],
        metavar="TEXT",
        help="what the pictures are, and who drew the boxes, for the model's manifest; repeatable",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run directory; resumed if it exists")
    parser.add_argument("--size", type=_size, default=(160, 128), metavar="WxH", help="of its input (default: 160x128)")
    parser.add_argument(
        "--start", type=Path, metavar="RUN", help="finished run, of any size, whose weights to begin with"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="default: 40")
    parser.add_argument("--scenes", type=int, metavar="N", help="scenes an epoch (default: 25600)")
    parser.add_argument("--batch", type=int, metavar="N", help="scenes a step (default: 64)")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="at its peak (default: 0.003)")
    parser.add_argument("--seed", type=random_seed, metavar="N", help="of everything random (default: 0)")
    parser.add_argument("--limit", type=int, metavar="N", help="pictures with and without faces, to try things out")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], help="of the arithmetic (default: float32)")
    parser.add_argument(
        "--workers", type=whole_number, default=1, metavar="N", help="processes that draw scenes (default: 1)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures on the validation scenes as JSON at the end"
    )
    parser.set_defaults(command=_train)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 160x128")
    return int(width), int(height)


def _train(arguments: argparse.Namespace) -> str:
    import_keras()
    from mien_training.faces import mistakes, train
    from mien_training.faces.batches import Source
    from mien_training.faces.config import FinderConfig

    given = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    width, height = arguments.size
    try:
        config = FinderConfig(
            width=width,
            height=height,
            even_light=True,
            data=tuple(folder.resolve().name for folder in arguments.data),
            credits=tuple(arguments.credit),
            left_out=arguments.leave_out and arguments.leave_out.resolve().name,
            start=arguments.start and arguments.start.name,
            fingerprint="",
            **given,
        )
    except ValidationError as error:
        raise ConfigError("; ".join(explain(error, FinderConfig))) from None
    source = Source(
        folders=tuple(arguments.data),
        left_out=_listed(arguments.leave_out) if arguments.leave_out else frozenset(),
        height=height,
        width=width,
        even_light=config.even_light,
        batch=config.batch,
        seed=config.seed,
        mistakes=arguments.out / mistakes.NAME,
        limit=config.limit,
    )
    material, held_back = source.material(), source.material(held_back=True)
    config = config.model_copy(update={"fingerprint": train.fingerprint(material, held_back)})
    train.train(config, source, material, held_back, arguments.out, arguments.start, arguments.workers)
    return (arguments.out / runs.VALIDATION).read_text(encoding="utf-8").rstrip() if arguments.json else ""


def _listed(footage: Path) -> frozenset[str]:
    """The pictures that PSEUDO_GT.json of the footage has rows for, as PART/FILE of the training material."""
    path = footage / "PSEUDO_GT.json"
    try:
        names = [(row["g"], row["n"].partition("#")[0]) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); name a folder of footage") from error
    parts = {"caltech": "caltech_faces", "bg": "caltech_bg"}
    return frozenset(f"{parts[group]}/{name.removeprefix('bg_')}" for group, name in names if group in parts)
