"""`mien-train music-mood`."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mien_models.errors import ConfigError, MissingDependencyError
from mien_models.options import random_seed, whole_number
from mien_training.backend import import_keras

if TYPE_CHECKING:
    from mien_training.songs.moods.compare import MoodReport

_ABOUT = """\
The table needs the columns length, danceability, acousticness, energy, instrumentalness, liveness, valence, loudness, speechiness,
tempo, artist and mood. Four models answer for every song without having learned from it: the most frequent mood, the earlier
system's network, our mended one, and an ensemble; each with every initial seed, in folds of songs and in folds of artists.

examples:
  mien-train music-mood --data data_moods.csv --out runs/moods
      leaves report.md, report.json and pictures; some minutes
  mien-train music-mood --data data_moods.csv --moods Calm,Happy,Sad --json
      three moods only
  mien-train music-mood --data data_moods.csv --seeds 1 --folds 3 --epochs 5
      tries everything out in seconds
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train music-mood`."""
    parser.description = (
        "Reads a song's mood from ten numbers about it, as an earlier system did, and judges that by k-fold."
    )
    parser.epilog = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="CSV", help="the songs, such as data_moods.csv")
    parser.add_argument(
        "--out", type=Path, metavar="RUN", help="keeps the report; gone on with if it exists (default: nothing is kept)"
    )
    parser.add_argument(
        "--moods", type=mood_names, default=(), metavar="A,B,…", help="only songs of these moods (default: of all)"
    )
    add_seeds(parser)
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON instead of its first table")
    parser.set_defaults(command=_command)


def add_seeds(parser: argparse.ArgumentParser) -> None:
    """How often and how long, for `music-report` too."""
    parser.add_argument("--folds", type=whole_number, default=10, metavar="N", help="of the k-fold (default: 10)")
    parser.add_argument("--seeds", type=whole_number, default=10, metavar="N", help="initial seeds (default: 10)")
    parser.add_argument(
        "--epochs", type=whole_number, default=300, metavar="N", help="of the two networks (default: 300)"
    )
    parser.add_argument(
        "--seed", type=random_seed, default=0, metavar="N", help="the first of the initial seeds (default: 0)"
    )


def mood_names(text: str) -> tuple[str, ...]:
    """Moods from the command line."""
    names = tuple(name.strip() for name in text.split(","))
    if len(names) < 2 or not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not two moods or more with commas between them")
    return names


def judge_moods(
    data: Path, moods: tuple[str, ...], out: Path, *, folds: int, seeds: int, epochs: int, seed: int
) -> MoodReport:
    """Read, compare, and leave the report in `out`.

    Raises:
        ConfigError: a setting does not fit the data, or `out` holds something else.
        DataError: the data cannot be read.
        MissingDependencyError: Keras or scikit-learn is not installed.

    """
    need_training_extra()
    from mien_training.songs.moods.compare import MoodConfig, compare
    from mien_training.songs.moods.songs import check_folds, read_songs
    from mien_training.songs.moods.text import write_report

    if folds < 2:
        raise ConfigError(f"--folds {folds}: there must be two at least, one to learn from and one to ask")
    songs = read_songs(data, moods)
    check_folds(songs, folds, data)
    config = MoodConfig(
        data=data.name,
        fingerprint=songs.fingerprint(),
        moods=songs.moods,
        seeds=seeds,
        folds=folds,
        epochs=epochs,
        seed=seed,
    )
    report = compare(songs, config, out)
    write_report(out, report)
    return report


def need_training_extra() -> None:
    """Load Keras and scikit-learn, or say what is missing.

    Raises:
        MissingDependencyError: one is not installed.

    """
    import_keras()
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise MissingDependencyError("this needs scikit-learn; install it with: pip install 'mien[training]'") from None


def _command(arguments: argparse.Namespace) -> str:
    from mien_training.songs.moods.text import overview

    with tempfile.TemporaryDirectory() as scratch:
        report = judge_moods(
            arguments.data,
            arguments.moods,
            arguments.out or Path(scratch) / "moods",
            folds=arguments.folds,
            seeds=arguments.seeds,
            epochs=arguments.epochs,
            seed=arguments.seed,
        )
    return json.dumps(report.model_dump(mode="json"), indent=1) if arguments.json else overview(report)
