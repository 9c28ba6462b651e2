"""What each command of `mien-convert` does with its arguments, and what it prints.

Each imports what it needs when it runs, so that help comes at once and works without the libraries.
"""

from __future__ import annotations

import argparse
import json
import shlex
from dataclasses import asdict
from typing import Any

from mien_models.errors import OutcomeError


def quantize(arguments: argparse.Namespace) -> int:
    from mien_convert.convert import convert

    words = ["mien-convert", "quantize", str(arguments.run), "--out", str(arguments.out)]
    words += ["--name", arguments.name, "--version", arguments.version]
    manifest, heads = convert(
        arguments.run,
        arguments.out,
        name=arguments.name,
        version=arguments.version,
        command=shlex.join(words),
        float_file=arguments.float,
    )
    if arguments.json:
        _print_json({"manifest": manifest.model_dump(mode="json"), "heads": {k: asdict(v) for k, v in heads.items()}})
    else:
        for head, report in heads.items():
            print(f"{head}:", *report.describe()[:2], sep="\n  ")
    return 0


def verify(arguments: argparse.Namespace) -> int:
    from mien_convert.verify import Limits, verify

    limits = Limits(arguments.max_accuracy_drop, arguments.min_agreement)
    report = verify(arguments.model, arguments.run, limits, arguments.float)
    if arguments.json:
        _print_json(report.as_json())
    else:
        print(report.describe())
    if report.failures:
        raise OutcomeError(f"{arguments.model}: {'; '.join(report.failures)}; train on, or calibrate with more faces")
    return 0


def inspect(arguments: argparse.Namespace) -> int:
    from mien_convert.inspection import inspect_model

    inspection = inspect_model(arguments.model)
    if arguments.json:
        _print_json(asdict(inspection))
    else:
        print(inspection.describe())
    return 0


def edgetpu(arguments: argparse.Namespace) -> int:
    from mien_convert.edgetpu import check_model

    report = check_model(arguments.model)
    if arguments.json:
        _print_json(report.as_json())
    else:
        print(report.describe())
    if report.failures:
        raise OutcomeError(
            f"{arguments.model}: {'; '.join(report.failures)}; convert it with `mien-convert quantize`, "
            "and use layers that the Edge TPU has (docs/edgetpu.md)"
        )
    return 0


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, indent=1, ensure_ascii=False))
