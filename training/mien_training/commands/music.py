"""`mien-train music`."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from mien_models.options import whole_number

_RESULT = """\
OUT/model is a model directory that `mien models`, `mien library` and `mien-train evaluate` take; OUT/report.md says how good it is.
What was heard is kept in OUT/features.npz: the same command listens only to new songs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train music`."""
    parser.description = (
        "Trains the model that hears valence and arousal of songs, and validates it on artists it has not heard."
    )
    parser.epilog = _RESULT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="a folder laid out like Emotify: audio/, tracks.csv, annotations.csv",
    )
    parser.add_argument(
        "--deam",
        type=Path,
        metavar="DIR",
        help="also measure the learner on DEAM's table of features and its published split",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="where model and report go")
    parser.add_argument("--version", default="0.1.0", help="of the model, for its manifest (default: 0.1.0)")
    parser.add_argument(
        "--workers", type=whole_number, default=1, metavar="N", help="processes that listen (default: 1)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(command=_train)


def _train(arguments: argparse.Namespace) -> str:
    from mien_training.music.report import table
    from mien_training.music.train import train

    command = ["mien-train", "music", "--data", arguments.data.resolve().name]
    if arguments.deam:
        command += ["--deam", arguments.deam.resolve().name]
    command += ["--out", arguments.out.resolve().name, "--version", arguments.version]
    validation = train(
        arguments.data, arguments.out, arguments.deam, arguments.workers, arguments.version, shlex.join(command)
    )
    return json.dumps(validation.model_dump(mode="json"), indent=1) if arguments.json else table(validation)
