"""`mien-train search`."""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien_models.errors import MissingDependencyError
from mien_models.options import random_seed, whole_number
from mien_training.backend import import_keras
from mien_training.commands.training_data import add_data_arguments, name_data, read_data
from mien_training.emotion.networks import find_architecture

if TYPE_CHECKING:
    import optuna

_SHARED = """\
Give the same command on several hosts, with --out on a drive that they share, and they search together. A stop loses the
training that runs, no more; the same command goes on. When it is done:

  mien-train emotion --recipe OUT/best.json --arch … --data … --out runs/best
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `mien-train search`."""
    parser.description = (
        "Looks for a better recipe (rate, decay, batch, smoothing, average, mixup) by many short trainings."
    )
    parser.epilog = _SHARED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_data_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="the search; gone on with if it exists"
    )
    parser.add_argument("--arch", default="mien-small", help="architecture, as of `mien-train emotion`")
    parser.add_argument("--trials", type=whole_number, default=30, metavar="N", help="trainings in all (default: 30)")
    parser.add_argument("--epochs", type=whole_number, default=8, metavar="N", help="of each training (default: 8)")
    parser.add_argument("--seed", type=random_seed, default=0, metavar="N", help="of every training (default: 0)")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="of the arithmetic")
    parser.add_argument("--json", action="store_true", help="print the trainings as JSON at the end")
    parser.set_defaults(command=_search)


def _search(arguments: argparse.Namespace) -> str:
    architecture = find_architecture(arguments.arch)
    import_keras()
    if importlib.util.find_spec("optuna") is None:
        raise MissingDependencyError("this needs optuna; install it with: pip install 'mien[training]'")
    from mien_training.commands.emotion import make_config
    from mien_training.emotion.search import search
    from mien_training.report import draw_search

    training, validation = read_data(arguments, architecture, arguments.seed)
    given = {
        "epochs": arguments.epochs,
        "seed": arguments.seed,
        "limit": arguments.limit,
        "precision": arguments.precision,
    }
    base = make_config(arguments, architecture, training, validation, given)
    study = search(base, training, validation, arguments.out, arguments.trials)
    trials = [_row(trial) for trial in study.trials]
    draw_search(arguments.out / "search.png", trials)
    if arguments.json:
        return json.dumps({**name_data(arguments), "best": study.best_params, "trials": trials}, indent=1)
    best = ", ".join(f"{name} {_shown(value)}" for name, value in study.best_params.items())
    return f"{arguments.out}/best.json: {100 * study.best_value:.2f} % after {arguments.epochs} epochs with {best}"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower()


def _row(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    reached = trial.value if trial.value is not None else max(trial.intermediate_values.values(), default=None)
    return {"number": trial.number, "state": trial.state.name.lower(), "accuracy": reached, "settings": trial.params}
