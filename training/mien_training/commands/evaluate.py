"""`mien-train evaluate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien_models.errors import ConfigError, DataError
from mien_models.files import user_path
from mien_models.labels import LABEL_SETS, Head
from mien_models.manifest import read_kind
from mien_models.options import number_from
from mien_models.shipped import find_model, shipped_models

if TYPE_CHECKING:
    from mien_training.emotion.evaluate import Evaluation

_USAGES = ("Training", "PublicTest", "PrivateTest")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train evaluate`."""
    parser.description = (
        "Measures an emotion model on labelled faces (--data), a face finder on footage (--footage), or a model that listens on "
        "labelled songs (--data). A packed model runs through the code that the device runs; TensorFlow is not needed for it."
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="run directory, .keras file, int8 model directory, or shipped model (emotion, faces, music)",
    )
    on = parser.add_mutually_exclusive_group(required=True)
    on.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="fer2013.csv (.gz, .xz), or a folder; for songs, one laid out like Emotify",
    )
    on.add_argument("--footage", type=Path, metavar="DIR", help="a folder with MANIFEST.csv and PSEUDO_GT.json")
    parser.add_argument(
        "--score",
        type=number_from(0.01, 0.99),
        metavar="X",
        help="with --footage: from which score something is a face (default: its own)",
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="PNG", help="with --footage: also draw what was missed and what was false"
    )
    parser.add_argument("--usage", choices=_USAGES, help="the split to measure on (default: PublicTest)")
    parser.add_argument(
        "--labels",
        type=Head,
        choices=LABEL_SETS,
        help="whose labels are the truth: FER2013's own (fer, the default), or FER+'s where the taggers have a majority",
    )
    parser.add_argument(
        "--ferplus",
        type=Path,
        metavar="CSV",
        help="fer2013new.csv, for --labels ferplus (default: the one beside --data)",
    )
    parser.add_argument(
        "--mirrored",
        action="store_true",
        help="of faces: judge the mean answer to a face and its mirror image, as the device forms it over time",
    )
    parser.add_argument(
        "--moved",
        action="store_true",
        help="of faces: also tell how many answers change when the crop is moved, enlarged or reduced by 8 %% (takes seven times as long)",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="also write every face's probabilities")
    parser.set_defaults(command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> str:
    listens = not arguments.footage and _listens(arguments.model)
    _refuse_others(arguments, faces=not (arguments.footage or listens))
    if arguments.footage:
        return _on_footage(arguments)
    if listens:
        return _on_songs(arguments)
    from mien_training.emotion.datasets import Usage, read_faces, split
    from mien_training.emotion.evaluate import ask, check_labels, judge, write_predictions
    from mien_training.emotion.predictors import open_predictor
    from mien_training.runs import check_result

    data, truth = arguments.data, arguments.labels or Head.FER
    usage = Usage(arguments.usage or Usage.PUBLIC_TEST)
    if arguments.ferplus and truth is not Head.FERPLUS:
        raise ConfigError("--ferplus goes with --labels ferplus: give that too, or leave it out")
    if arguments.predictions:
        check_result(arguments.predictions, "--predictions")
    predict = open_predictor(arguments.model)
    everything = read_faces(data, _votes_path(data, arguments.ferplus) if truth is Head.FERPLUS else None)
    faces = split(everything, usage, data)
    check_labels(faces, truth, data=data, usage=usage)
    asked = ask(predict, faces.pixels, model=arguments.model, mirrored=arguments.mirrored, moved=arguments.moved)
    result, probabilities = judge(asked, faces, truth, data=data, usage=usage)
    if arguments.predictions:
        rows = np.flatnonzero(everything.usage == usage)
        write_predictions(arguments.predictions, rows, faces.labels(truth), probabilities, truth)
    return json.dumps(result.model_dump(mode="json"), indent=1) if arguments.json else _table(result)


def _refuse_others(arguments: argparse.Namespace, *, faces: bool) -> None:
    """What would change nothing: options of labelled faces without these, and those of footage without any."""
    options: tuple[str, ...] = () if faces else ("mirrored", "moved", "predictions", "labels", "usage", "ferplus")
    if not arguments.footage:
        options += ("score", "sheet")
    for option in options:
        if getattr(arguments, option) not in {None, False}:
            where = "--footage DIR" if option in {"score", "sheet"} else "labelled faces (--data)"
            raise ConfigError(f"--{option} goes with {where}: give these, or leave it out")


def _listens(name: str) -> bool:
    directory = find_model(name) if name in shipped_models() else user_path(name)
    return read_kind(directory) == "music"


def _on_songs(arguments: argparse.Namespace) -> str:
    from mien_training.music.evaluate import describe, evaluate

    result = evaluate(arguments.model, arguments.data)
    return json.dumps(result.model_dump(mode="json"), indent=1) if arguments.json else describe(result)


def _on_footage(arguments: argparse.Namespace) -> str:
    from mien_training.faces.evaluate import describe, draw_footage_mistakes, evaluate_finder

    if arguments.sheet:
        draw_footage_mistakes(arguments.sheet, arguments.model, arguments.footage, arguments.score)
    report = evaluate_finder(arguments.model, arguments.footage, arguments.score)
    return json.dumps(report.model_dump(mode="json"), indent=1) if arguments.json else describe(report)


def _table(result: Evaluation) -> str:
    mirrored = ", the mean of a face and its mirror image" if result.mirrored else ""
    lines = [
        f"{result.model} on {result.usage} of {result.data}, n = {result.n}",
        f"truth: {result.judged_by} labels, answers: {result.head} head{mirrored}",
        f"accuracy {100 * result.accuracy:.2f} %  macro F1 {result.macro_f1:.4f}  calibration error {result.ece:.4f}",
    ]
    if result.doubt_correlation is not None:
        lines.append(f"doubt where the taggers disagree: rank correlation {result.doubt_correlation:.3f}")
    if result.stability is not None:
        changed, in_any = 100 * result.stability.changed, 100 * result.stability.changed_in_any
        lines.append(f"answers that change with the crop: {changed:.1f} %, in any of six ways {in_any:.1f} %")
    for label in result.labels:
        recall, precision = _percent(result.recall[label]), _percent(result.precision[label])
        lines.append(f"  {label:9} recall {recall}  precision {precision}")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "     –" if share is None else f"{100 * share:5.1f} %"


def _votes_path(data: Path, ferplus: Path | None) -> Path:
    beside = data.parent / "fer2013new.csv"
    if ferplus is None and not beside.is_file():
        raise DataError(f"{beside}: no such file; --labels ferplus needs the FER+ votes: give --ferplus fer2013new.csv")
    return ferplus or beside
