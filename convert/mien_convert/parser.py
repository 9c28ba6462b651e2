"""The arguments of `mien-convert`."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

import mien_models
from mien_convert import commands
from mien_models.manifest import NAME_PATTERN
from mien_models.options import number_from, whole_number

_QUANTIZE = """\
Converts a network for the device. Wants TensorFlow.

A run in int8 is calibrated on its own faces and measured on its holdout faces with the device's code; model, manifest
and card are written to a model directory in one step:
  mien-convert quantize runs/first --out models/mine

Any other classifier of pictures of a fixed size, grey or red-green-blue, becomes a single .tflite file:
  mien-convert quantize flowers.keras --out flowers_int8.tflite --calibration flowers/ --scale -1-1
  mien-convert quantize saved_model/ --out flowers_float16.tflite --variant float16

  int8     weights and activations, the ends too: what the device and the Edge TPU run
  float16  weights stored in half the bytes; computed in float
  dynamic  weights in int8, a quarter of the bytes; activations in float
"""


def parser(examples: str) -> argparse.ArgumentParser:
    """Of all commands; `examples` stand below their list."""
    top = argparse.ArgumentParser(
        prog="mien-convert",
        description="Turns a trained network into the int8 model directory that the device runs, and checks it.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {mien_models.__version__}")
    names = top.add_subparsers(required=True, metavar="COMMAND")
    _add_quantize(
        names.add_parser("quantize", help="make an int8 model directory of a run, or a file of any classifier")
    )
    _add_verify(names.add_parser("verify", help="compare a model with the float network it was made from"))
    _add_inspect(names.add_parser("inspect", help="show what a .tflite file holds"))
    _add_edgetpu(names.add_parser("edgetpu", help="check whether the Edge TPU will run a model"))
    _add_compare(names.add_parser("compare", help="compare two models of any kind on the same pictures"))
    _add_package(names.add_parser("package", help="make a model directory of an int8 file, or rename one"))
    _add_key(names.add_parser("key", help="make a key to sign models with, or show its public half"))
    _add_sign(names.add_parser("sign", help="sign a model directory, for devices that trust the key"))
    return top


def _add_quantize(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = _QUANTIZE
    parser.add_argument(
        "model",
        type=Path,
        metavar="RUN_OR_MODEL",
        help="run directory of `mien-train emotion` or `faces`, .keras or .h5 file, or SavedModel directory",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PLACE",
        help="model directory of a run in int8, .tflite file of anything else; an earlier one is replaced",
    )
    parser.add_argument(
        "--variant", choices=("int8", "float16", "dynamic"), default="int8", help="default: %(default)s"
    )
    run = parser.add_argument_group("a run in int8 only")
    run.add_argument("--name", type=_model_name, help="name in the manifest (default: emotion, or faces)")
    run.add_argument("--version", help=f"the model's (default: {mien_models.__version__})")
    run.add_argument("--float", type=Path, metavar="TFLITE", help="write the float network too, for verify --float")
    run.add_argument(
        "--score",
        type=number_from(0.01, 0.99),
        metavar="X",
        help="of a face finder: from which score something is a face (default: as the training set it)",
    )
    other = parser.add_argument_group("any other model in int8 only")
    other.add_argument(
        "--calibration",
        type=Path,
        metavar="FOLDER",
        help="pictures like those that it will see, searched with sub-folders; or a run, whose faces are taken",
    )
    _add_scale(other, None)
    other.add_argument(
        "--pictures",
        type=whole_number,
        metavar="N",
        help=f"calibrate with at most N (default: {commands.PICTURES})",
    )
    _add_json(parser)
    parser.set_defaults(command=commands.quantize, refuse=parser.error)


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compares the int8 model with the float network on the run's holdout faces: same answers, probability gaps, "
        "accuracy, recall. Exits with 10 when a limit is not kept."
    )
    parser.add_argument("model", type=Path, metavar="MODEL_DIR")
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", help="the run that it was made from")
    parser.add_argument(
        "--float",
        type=Path,
        metavar="TFLITE",
        help="what quantize --float left, instead of the run's Keras model; no TensorFlow then",
    )
    parser.add_argument(
        "--max-accuracy-drop", type=number_from(0, 1), default=0.01, metavar="SHARE", help="default: %(default)s"
    )
    parser.add_argument(
        "--min-agreement", type=number_from(0, 1), default=0.95, metavar="SHARE", help="default: %(default)s"
    )
    _add_json(parser)
    parser.set_defaults(command=commands.verify, refuse=parser.error)


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows operators with their versions, the tensors at both ends with their scales, and what is left in float, "
        "read from the file itself."
    )
    parser.add_argument("model", type=Path, metavar="MODEL_DIR_OR_TFLITE", help="or a shipped model's name")
    _add_json(parser)
    parser.set_defaults(command=commands.inspect)


def _add_edgetpu(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks in the file itself that the Edge TPU's last compiler (16.0) maps every operator: that there is such an "
        "operator, its version, 8-bit tensors with one scale, fixed shapes, one picture at a time; and whether the "
        "parameters find room on the chip. Where edgetpu_compiler is on PATH it is run too, in a temporary folder, and "
        "its log read. Exits with 10 if anything is left to the processor."
    )
    parser.add_argument("model", type=Path, metavar="MODEL_DIR_OR_TFLITE", help="or a shipped model's name")
    _add_json(parser)
    parser.set_defaults(command=commands.edgetpu)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compares model B with model A on the same pictures: same answers, largest gap of a score, and, where the "
        "pictures' classes are known, accuracy and recall of each class. A and B are model directories (run with the "
        "device's code), .tflite files in float or int8, runs, .keras or .h5 files or SavedModels. Exits with 10 when a "
        "limit is not kept."
    )
    parser.add_argument("a", type=Path, metavar="A", help="the reference")
    parser.add_argument("b", type=Path, metavar="B", help="what must not differ from it")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER_OR_RUN",
        help="pictures, one sub-folder a class (in alphabetical order, or named as the emotions); or a run, "
        "whose holdout faces are taken",
    )
    _add_scale(parser, "0-255")
    parser.add_argument(
        "--pictures", type=whole_number, default=2000, metavar="N", help="at most N of a folder (default: %(default)s)"
    )
    parser.add_argument(
        "--min-agreement", type=number_from(0, 1), default=0.95, metavar="SHARE", help="default: %(default)s"
    )
    parser.add_argument(
        "--max-gap", type=number_from(0, math.inf), metavar="SCORE", help="largest difference of a score (default: any)"
    )
    parser.add_argument(
        "--max-accuracy-drop", type=number_from(0, 1), metavar="SHARE", help="default: 0.01 where the classes are known"
    )
    _add_json(parser)
    parser.set_defaults(command=commands.compare)


def _add_package(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes a model directory of an int8 emotion model: the file, a manifest with its hash, licence, data and commands, "
        "and a card. MODEL is a .tflite file whose outputs are named as mien's heads, or another model directory, whose "
        "manifest gives what is not said here. The device's code must be able to run it. Wants no TensorFlow."
    )
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="MODEL_DIR", help="model directory; a model there is replaced"
    )
    parser.add_argument("--name", type=_model_name, help="name in the manifest (default: emotion)")
    parser.add_argument("--version", help=f"the model's (default: {mien_models.__version__})")
    parser.add_argument("--licence", metavar="SPDX", help="of the weights, such as Apache-2.0")
    parser.add_argument(
        "--data", action="append", default=[], metavar="TEXT", help="what it was trained on; repeatable"
    )
    parser.add_argument(
        "--made-with", action="append", default=[], metavar="COMMAND", help="a command that made it; repeatable"
    )
    parser.add_argument(
        "--run", type=Path, metavar="RUN", help="measure it on the holdout faces of this run, for manifest and card"
    )
    _add_json(parser)
    parser.set_defaults(command=commands.package, refuse=parser.error)


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes a new secret key (Ed25519) that only you can read, and prints its public half for updates.keys of your "
        "devices. Whoever has the file can put models onto them: keep it off them, and keep a copy."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="never written over")
    parser.add_argument("--show", action="store_true", help="print the public half of the key in FILE again")
    _add_json(parser)
    parser.set_defaults(command=commands.key)


def _add_sign(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes manifest.sig beside the manifest, after seeing that the directory is what the manifest says. A later change "
        "of manifest or model makes the signature worthless: sign last."
    )
    parser.add_argument("model", type=Path, metavar="MODEL_DIR")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="of `mien-convert key`")
    _add_json(parser)
    parser.set_defaults(command=commands.sign)


def _add_scale(parser: argparse._ActionsContainer, default: str | None) -> None:
    parser.add_argument(
        "--scale",
        choices=("0-255", "0-1", "-1-1"),
        default=default,
        help="what the network was trained to see for black and white (default: 0-255, "
        "right for a network that scales by itself)",
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _model_name(text: str) -> str:
    if not re.fullmatch(NAME_PATTERN, text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: small letters, digits, dots, dashes")
    return text
