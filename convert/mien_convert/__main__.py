"""The `mien-convert` command."""

from __future__ import annotations

import argparse
import logging
import sys

from mien_convert.parser import parser
from mien_models.errors import MissingDependencyError, run_command

_EXAMPLES = """\
examples:
  mien-convert quantize runs/first --out models/mine
      makes the int8 model directory models/mine of a run of `mien-train emotion`
  mien-convert quantize runs/finder --out models/finder
      makes one of a run of `mien-train faces`, and fails if int8 finds fewer faces or a Coral would not run all of it
  mien-convert quantize flowers.keras --out flowers_int8.tflite --calibration flowers/ --scale -1-1
      makes an int8 file of any other image classifier, calibrated with the pictures of a folder
  mien-convert verify models/mine --run runs/first
      compares it with the float network, and fails if int8 cost more than a point of accuracy
  mien-convert verify models/mine --run runs/first --min-agreement 0.99 --json | jq .heads.ferplus
  mien-convert verify models/mine --run runs/first --float mine_float.tflite
      the same without TensorFlow, as on the device, with what `quantize --float mine_float.tflite` left
  mien-convert inspect models/mine
      shows operators, tensors and scales of the file itself
  mien-convert edgetpu models/mine
      tells operator by operator whether a Coral will run it, without a Coral or its compiler
  mien-convert compare flowers.keras flowers_int8.tflite --data flowers/ --scale -1-1 --max-gap 0.2
      the same for any two models, on the pictures of a folder
  mien-convert package mine_int8.tflite --out models/mine --licence Apache-2.0 --data "my own pictures" --run runs/mine
      makes a model directory of a bare int8 file, with figures of the run's holdout faces
  mien-convert key mine.key && mien-convert sign models/mine --key mine.key
      signs it for devices that have the key's public half in updates.keys

exit codes: docs/exit-codes.md
"""


def main(argv: list[str] | None = None) -> int:
    """Run `mien-convert` with `argv`, or the process's own arguments, and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    arguments = parser(_EXAMPLES).parse_args(_join_scale(sys.argv[1:] if argv is None else argv))
    return run_command("mien-convert", lambda: _run(arguments))


def _join_scale(words: list[str]) -> list[str]:
    """`--scale -1-1` as one word: argparse takes what begins with a dash for an option of its own."""
    joined: list[str] = []
    for word in words:
        if word == "-1-1" and joined[-1:] == ["--scale"]:
            joined[-1] = f"--scale={word}"
        else:
            joined.append(word)
    return joined


def _run(arguments: argparse.Namespace) -> int:
    try:
        return int(arguments.command(arguments))
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("mien"):
            raise
        raise MissingDependencyError(f"{error}; install what this needs with: pip install 'mien[convert]'") from error


if __name__ == "__main__":
    sys.exit(main())
