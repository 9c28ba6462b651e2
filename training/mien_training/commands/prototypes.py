"""`mien-train prototypes`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train prototypes`."""
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
