"""`mien-train duplicates`."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien_models.errors import DataError

if TYPE_CHECKING:
    from mien_training.emotion.datasets import Faces
    from mien_training.emotion.duplicates import Overlap

_METHOD = """\
Exact twins have the same pixels. Near twins are those whose 16×16 thumbnails, each brought to mean 0 and length 1, have a
correlation of .98 or more: the same picture with other light, contrast or noise. Mirrored or moved ones are not found.
A model that learned one of two twins has seen the answer to the other; a figure measured on them is too good.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train duplicates`."""
    parser.description = "Finds faces that are in two splits of a data set, and says how often their labels agree."
    parser.epilog = _METHOD
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="fer2013.csv (.gz, .xz), or a folder")
    parser.add_argument(
        "--pairs", type=Path, metavar="CSV", help="also write every twin found: rows, labels, correlation"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(command=_find)


def _find(arguments: argparse.Namespace) -> str:
    from mien_training.emotion.datasets import read_faces
    from mien_training.emotion.duplicates import overlaps
    from mien_training.runs import check_result

    if arguments.pairs:
        check_result(arguments.pairs, "--pairs")
    faces = read_faces(arguments.data)
    found = overlaps(faces)
    if not found:
        raise DataError(f"{arguments.data}: has one split only, so nothing can be in two; take the data set whole")
    if arguments.pairs:
        _write_pairs(arguments.pairs, faces, found)
    if arguments.json:
        return json.dumps(
            {"data": arguments.data.name, "overlaps": [o.model_dump(mode="json") for o in found]}, indent=1
        )
    return "\n".join(["faces with an exact twin, and with an exact or near one", *map(_line, found)])


def _line(overlap: Overlap) -> str:
    labels = "" if overlap.same_label is None else f"; the same label on {100 * overlap.same_label:.1f} %"
    return (
        f"{overlap.split} in {' or '.join(overlap.among)}: {overlap.exact} and {overlap.near} of {overlap.rows} "
        f"({100 * overlap.near / overlap.rows:.1f} %){labels}"
    )


def _write_pairs(path: Path, faces: Faces, found: list[Overlap]) -> None:
    """A line for each face of a later split that has a twin in an earlier one: rows of the data set from 0."""
    from mien_training.emotion.duplicates import find_twins
    from mien_training.runs import write_bytes

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", "usage", "label", "twin_index", "twin_usage", "twin_label", "correlation"])
    for split, among in {overlap.split: overlap.among for overlap in found}.items():  # the last is of all earlier ones
        rows, others = np.flatnonzero(faces.usage == split), np.flatnonzero(np.isin(faces.usage, among))
        twins = find_twins(faces.take(rows), faces.take(others))
        for place in np.flatnonzero(twins.twin >= 0):
            row, other = rows[place], others[twins.twin[place]]
            ends = [(index, faces.usage[index], faces.fer[index]) for index in (row, other)]
            writer.writerow([*ends[0], *ends[1], f"{twins.correlation[place]:.4f}"])
    write_bytes(path, text.getvalue().encode())
