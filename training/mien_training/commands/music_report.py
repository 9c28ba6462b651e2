"""`mien-train music-report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from mien_models.options import whole_number
from mien_training.commands.music_mood import add_seeds, judge_moods, mood_names
from mien_training.commands.valence import add_labels, add_search, judge_valence

_ABOUT = """\
Does what `mien-train music-mood` and `valence` do, the former once more with fewer moods, and sets what the earlier systems
reported beside what they come to, ours, and baselines.

example:
  mien-train music-report --moods data_moods.csv --fewer Calm,Happy,Sad --clips emotify --out docs/music-systems
      leaves report.md, report.json and pictures; goes on with what lies in runs/music-report
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train music-report`."""
    parser.description = "Judges both music systems that mien grew from, and writes one report."
    parser.epilog = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--moods", type=Path, required=True, metavar="CSV", help="songs, as of `mien-train music-mood`")
    parser.add_argument(
        "--fewer", type=mood_names, required=True, metavar="A,B,…", help="the moods of the second comparison"
    )
    parser.add_argument("--clips", type=Path, required=True, metavar="CLIPS", help="as --data of `mien-train valence`")
    add_labels(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the report goes")
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs/music-report"),
        metavar="FOLDER",
        help="holds what is done already (default: runs/music-report)",
    )
    add_seeds(parser)
    add_search(parser)
    parser.add_argument("--valence-epochs", type=whole_number, default=30, metavar="N", help="(default: 30)")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON instead of its first table")
    parser.set_defaults(command=_command)


def _command(arguments: argparse.Namespace) -> str:
    from mien_training.runs import check_out
    from mien_training.songs.report import overview, write_report

    check_out(arguments.out)
    moods = [
        judge_moods(
            arguments.moods,
            names,
            arguments.runs / folder,
            folds=arguments.folds,
            seeds=arguments.seeds,
            epochs=arguments.epochs,
            seed=arguments.seed,
        )
        for folder, names in (("moods", ()), ("fewer-moods", arguments.fewer))
    ]
    valence = judge_valence(
        arguments,
        arguments.clips,
        arguments.runs / "valence",
        epochs=arguments.valence_epochs,
        seed=arguments.seed,
    )
    write_report(arguments.out, moods, valence)
    if arguments.json:
        report: Path = arguments.out / "report.json"
        return report.read_text(encoding="utf-8").rstrip()
    return overview(moods, valence)
