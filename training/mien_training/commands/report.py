"""`mien-train report`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mien_models.errors import ConfigError
from mien_models.options import whole_number

_FIGURES = """\
For each run: accuracy, macro F1, precision and recall by class, calibration error with its diagram, confusion, curves, parameters,
multiply-adds, and with --int8 size and time of the converted model. Beside the accuracy on unseen faces stands that on faces it
was trained on: a wide gap means that it knows them by heart. And how many answers change when the crop is moved by 8 %.

examples:
  mien-train report runs/first runs/vgg16 --data fer2013.csv --ferplus fer2013new.csv --out comparison
      leaves comparison/report.md, report.json and pictures
  mien-train report runs/first --data fer2013.csv --out comparison --int8 converted
      also measures converted/first, which `mien-convert quantize` made
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train report`."""
    parser.description = "Compares finished trainings on the same faces, as Markdown, JSON and pictures."
    parser.epilog = _FIGURES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run directories of `mien-train emotion`")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="the data set they were trained on: fer2013.csv, or a folder",
    )
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv, to judge by FER+'s labels as well")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the report goes")
    parser.add_argument(
        "--usage",
        default="PublicTest",
        choices=("PublicTest", "PrivateTest"),
        help="the unseen faces (default: PublicTest; PrivateTest is the exam, for when nothing is chosen any more)",
    )
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="FOLDER",
        help="holds model directories named like the runs (default: none is measured)",
    )
    parser.add_argument(
        "--limit", type=whole_number, metavar="N", help="faces of each split, to try things out (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead of its first table")
    parser.set_defaults(command=_report)


def _report(arguments: argparse.Namespace) -> str:
    from mien_training.emotion.comparison import compare, read_history
    from mien_training.emotion.comparison_text import as_json, overview, write_report
    from mien_training.emotion.datasets import Usage, read_faces
    from mien_training.runs import check_out

    if arguments.int8 and not arguments.int8.is_dir():
        raise ConfigError(f"--int8 {arguments.int8}: no such folder; give the one that holds the model directories")
    check_out(arguments.out)
    faces = read_faces(arguments.data, arguments.ferplus)
    usage = Usage(arguments.usage)
    reports = compare(arguments.runs, faces, arguments.data, usage, arguments.int8, arguments.limit)
    histories = [read_history(run, report.config.epochs) for run, report in zip(arguments.runs, reports, strict=True)]
    write_report(arguments.out, reports, histories)
    return json.dumps(as_json(reports), indent=1) if arguments.json else overview(reports)
