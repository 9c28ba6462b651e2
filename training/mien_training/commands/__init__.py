"""The sub-commands of `mien-train`. Heavy libraries are imported when a command runs, so that help comes at once."""

from __future__ import annotations

import argparse

from mien_training.commands import (
    duplicates,
    emotion,
    evaluate,
    faces,
    music,
    music_mood,
    music_report,
    prototypes,
    report,
    search,
    valence,
)

_EXAMPLES = """\
examples:
  mien-train emotion --data fer2013.csv --ferplus fer2013new.csv --out runs/first
      trains on FER2013's labels and on FER+'s votes; run it again to resume after a stop
  mien-train emotion --data fer2013.csv.xz --out runs/try --epochs 2 --limit 500
      tries everything out in a minute
  mien-train emotion --arch vgg16 --data fer2013.csv --out runs/vgg16
      trains another architecture, the way its authors did
  mien-train faces --data faces --out runs/finder
      trains a face finder on scenes that it composes
  mien-train music --data emotify --out runs/music
      trains the model that hears valence and arousal of songs
  mien-train report runs/first runs/vgg16 --data fer2013.csv --out comparison
      sets trainings side by side
  mien-train music-mood --data data_moods.csv
  mien-train valence --data emotify
      judge the music systems that mien grew from; `music-report` does both
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
    emotion.add_arguments(commands.add_parser("emotion", help="train an emotion network"))
    faces.add_arguments(commands.add_parser("faces", help="train a face finder"))
    music.add_arguments(commands.add_parser("music", help="train the model that hears the mood of songs"))
    evaluate.add_arguments(commands.add_parser("evaluate", help="measure a model on labelled faces or songs"))
    search.add_arguments(commands.add_parser("search", help="look for a better recipe, on many hosts if need be"))
    report.add_arguments(commands.add_parser("report", help="compare finished trainings"))
    duplicates.add_arguments(commands.add_parser("duplicates", help="find faces that are in two splits"))
    prototypes.add_arguments(commands.add_parser("prototypes", help="make average faces for demo and self-test"))
    music_mood.add_arguments(commands.add_parser("music-mood", help="judge classifiers of songs' moods by k-fold"))
    valence.add_arguments(commands.add_parser("valence", help="predict clips' valence from their spectrograms"))
    music_report.add_arguments(commands.add_parser("music-report", help="both music systems in one report"))
    return top
