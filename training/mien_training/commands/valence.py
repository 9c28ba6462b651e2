"""`mien-train valence`."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mien_models.errors import DataError
from mien_models.options import random_seed, whole_number
from mien_training.commands.music_mood import need_training_extra

if TYPE_CHECKING:
    from mien_training.songs.valence.run import ValenceReport

_ABOUT = """\
Clips are .npz or .pkl files with the fields audio (samples) and rate (samples a second), or sound files (WAV, FLAC, OGG, Opus, MP3).
Pickles are read without running what is in them: whatever is no array, number or string is refused.

Labels are a CSV with the columns clip and valence, and artist if it is known: no artist is then learned from and asked. The listenings
of Emotify (nine columns of feelings, a row a listening) are taken as well. Without --labels, labels.csv or annotations.csv in
the folder or beside it is read, with the artists of a tracks.csv there.

examples:
  mien-train valence --data emotify --out runs/valence
      reads emotify/audio, emotify/annotations.csv and emotify/tracks.csv; leaves report.md, trials.csv, curves.png and more;
      resumes after a stop, and several processes with the same --out share the search
  mien-train valence --data clips --labels clips.csv --epochs 2 --trials 2 --splits 2 --limit 60 --json
      tries everything out
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train valence`."""
    parser.description = (
        "Predicts a clip's valence from its mel spectrogram, as an earlier system did, and says what that is worth."
    )
    parser.epilog = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="CLIPS", help="the folder with the clips")
    add_labels(parser)
    parser.add_argument(
        "--out", type=Path, metavar="RUN", help="keeps the report; gone on with if it exists (default: nothing is kept)"
    )
    add_search(parser)
    parser.add_argument("--epochs", type=whole_number, default=30, metavar="N", help="of each training (default: 30)")
    parser.add_argument("--seed", type=random_seed, default=0, metavar="N", help="of everything random (default: 0)")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON instead of its tables")
    parser.set_defaults(command=_command)


def add_labels(parser: argparse.ArgumentParser) -> None:
    """What is known of the clips, for `music-report` too."""
    parser.add_argument("--labels", type=Path, metavar="CSV", help="valence of each clip (default: see below)")
    parser.add_argument("--artists", type=Path, metavar="CSV", help="artist of each clip (default: as in the labels)")
    parser.add_argument(
        "--rate", type=int, metavar="HZ", help="samples a second of .npz and .pkl files that do not say theirs"
    )


def add_search(parser: argparse.ArgumentParser) -> None:
    """How much is tried, for `music-report` too."""
    parser.add_argument(
        "--trials", type=whole_number, default=7, metavar="N", help="of the search, two of them random (default: 7)"
    )
    parser.add_argument(
        "--splits", type=whole_number, default=10, metavar="N", help="to judge on, of each kind (default: 10)"
    )
    parser.add_argument("--limit", type=whole_number, metavar="N", help="the first so many clips (default: all)")


def judge_valence(arguments: argparse.Namespace, data: Path, out: Path, *, epochs: int, seed: int) -> ValenceReport:
    """Read, search, judge, and leave the report in `out`; `arguments` has those of `add_labels` and `add_search`.

    Raises:
        ConfigError: a setting does not fit, or `out` holds something else.
        DataError: the data cannot be read.
        MissingDependencyError: a package of the `training` extra is not installed.
        OutcomeError: no training came to its end.

    """
    need_training_extra()
    from mien_training.runs import check_out, make_folder
    from mien_training.songs.valence.clips import read_clips
    from mien_training.songs.valence.labels import read_labels
    from mien_training.songs.valence.run import ValenceConfig, check, run
    from mien_training.songs.valence.text import write_report

    folder = data / "audio" if (data / "audio").is_dir() else data
    labels, artists = _find_labels(arguments, data)
    check_out(out)
    make_folder(out.parent)
    cache = out.with_name(f"{out.name}-clips.npz")
    clips = read_clips(folder, read_labels(labels, artists), arguments.rate, arguments.limit, cache)
    check(clips, folder)
    config = ValenceConfig(
        data=data.resolve().name,
        fingerprint=clips.fingerprint(),
        trials=arguments.trials,
        epochs=epochs,
        splits=arguments.splits,
        seed=seed,
    )
    report = run(clips, config, out)
    write_report(out, report)
    return report


def _find_labels(arguments: argparse.Namespace, data: Path) -> tuple[Path, Path | None]:
    """The table of labels and that of artists, as given or as found."""
    if arguments.labels:
        return arguments.labels, arguments.artists
    for folder in (data, data.resolve().parent):
        for name in ("labels.csv", "annotations.csv"):
            if (folder / name).is_file():
                tracks = folder / "tracks.csv"
                return folder / name, arguments.artists or (tracks if tracks.is_file() else None)
    raise DataError(f"{data}: no labels.csv or annotations.csv in it or beside it; give --labels")


def _command(arguments: argparse.Namespace) -> str:
    from mien_training.songs.valence.text import overview, trials_table

    with tempfile.TemporaryDirectory() as scratch:
        report = judge_valence(
            arguments,
            arguments.data,
            arguments.out or Path(scratch) / "valence",
            epochs=arguments.epochs,
            seed=arguments.seed,
        )
    if arguments.json:
        return json.dumps(report.model_dump(mode="json"), indent=1)
    return f"{trials_table(report)}\n\n{overview(report)}"
