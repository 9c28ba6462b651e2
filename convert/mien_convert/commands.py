"""What each command of `mien-convert` does with its arguments, and what it prints.

Each imports what it needs when it runs, so that help comes at once and works without the libraries.
"""

from __future__ import annotations

import argparse
import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import mien_models
from mien_models.errors import ModelError, OutcomeError

if TYPE_CHECKING:
    from mien_convert.quantize import Variant


PICTURES = 300
"""With so many at most an int8 file is calibrated, where nobody says otherwise."""


def quantize(arguments: argparse.Namespace) -> int:
    from mien_convert.classifiers import is_classifier
    from mien_convert.quantize import Variant
    from mien_convert.runs import network_kind

    is_run = not is_classifier(arguments.model)
    if is_run and not arguments.model.is_dir():
        raise ModelError(f"{arguments.model}: no such file; give a run, a .keras or .h5 file or a SavedModel")
    if network_kind(arguments.model) == "faces":
        return _quantize_finder(arguments)
    variant = Variant(arguments.variant)
    if is_run and variant is Variant.INT8:
        _refuse_all_but(arguments, "name", "version", "float")
        return _quantize_run(arguments)
    if variant is not Variant.INT8:
        _refuse_all_but(arguments)
        return _quantize_file(arguments, variant)
    _refuse_all_but(arguments, "calibration", "scale", "pictures")
    if arguments.calibration is None:
        arguments.refuse("int8 wants --calibration FOLDER with pictures like those that the network will see")
    return _quantize_file(arguments, variant)


_GOES_WITH = {
    "name": "a run in int8",
    "version": "a run in int8",
    "float": "a run of `mien-train emotion` in int8",
    "score": "a run of `mien-train faces`",
    "calibration": "a network from elsewhere in int8; a run is calibrated with its own faces",
    "scale": "a network from elsewhere in int8",
    "pictures": "a network from elsewhere in int8",
}
"""Options of `quantize` that do not go with everything."""


def _refuse_all_but(arguments: argparse.Namespace, *wanted: str) -> None:
    for option, where in _GOES_WITH.items():
        if option not in wanted and getattr(arguments, option) is not None:
            arguments.refuse(f"--{option} goes with {where}; leave it out")


def _quantize_file(arguments: argparse.Namespace, variant: Variant) -> int:
    from mien_convert.pictures import Scale
    from mien_convert.single import Calibration, convert_file

    calibration = None
    if arguments.calibration is not None:
        scale = Scale(arguments.scale or Scale.PIXELS)
        calibration = Calibration(arguments.calibration, scale, arguments.pictures or PICTURES)
    written = convert_file(arguments.model, arguments.out, variant, calibration)
    if arguments.json:
        _print_json(asdict(written))
    else:
        print(written.describe())
    return 0


def _quantize_finder(arguments: argparse.Namespace) -> int:
    from mien_convert.finder_convert import convert_finder

    if arguments.variant != "int8":
        arguments.refuse("a run of `mien-train faces` becomes int8; leave --variant out")
    _refuse_all_but(arguments, "name", "version", "score")
    name, version = arguments.name or "faces", arguments.version or mien_models.__version__
    words = ["mien-convert", "quantize", str(arguments.model), "--out", str(arguments.out)]
    words += ["--name", name, "--version", version]
    words += ["--score", str(arguments.score)] if arguments.score is not None else []
    manifest, report = convert_finder(
        arguments.model,
        arguments.out,
        name=name,
        version=version,
        command=shlex.join(words),
        score=arguments.score,
    )
    if arguments.json:
        _print_json({"manifest": manifest.model_dump(mode="json"), "report": report.as_json()})
    else:
        print(report.describe())
    return 0


def _quantize_run(arguments: argparse.Namespace) -> int:
    from mien_convert.convert import convert

    words = ["mien-convert", "quantize", str(arguments.model), "--out", str(arguments.out)]
    name, version = arguments.name or "emotion", arguments.version or mien_models.__version__
    words += ["--name", name, "--version", version]
    manifest, heads = convert(
        arguments.model,
        arguments.out,
        name=name,
        version=version,
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
    from mien_models.manifest import read_kind

    if read_kind(arguments.model) == "faces":
        return _verify_finder(arguments)
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


def _verify_finder(arguments: argparse.Namespace) -> int:
    from mien_convert.finder_verify import verify_finder
    from mien_convert.verify import Limits

    if arguments.float is not None:
        arguments.refuse("--float goes with an emotion model; leave it out")
    limits = Limits(arguments.max_accuracy_drop, arguments.min_agreement)
    report = verify_finder(arguments.model, arguments.run, limits)
    if arguments.json:
        _print_json(report.as_json())
    else:
        print(report.describe())
    if report.failures:
        raise OutcomeError(f"{arguments.model}: {'; '.join(report.failures)}; train on")
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


def compare(arguments: argparse.Namespace) -> int:
    from mien_convert.compare import Bounds, compare_models
    from mien_convert.pictures import Scale

    bounds = Bounds(arguments.min_agreement, arguments.max_gap, arguments.max_accuracy_drop)
    comparison = compare_models(
        arguments.a, arguments.b, arguments.data, bounds, scale=Scale(arguments.scale), limit=arguments.pictures
    )
    if arguments.json:
        _print_json(comparison.as_json())
    else:
        print(comparison.describe())
    if comparison.failures:
        raise OutcomeError(
            f"{arguments.b}: {'; '.join(comparison.failures)}; calibrate with more pictures like these, or check --scale"
        )
    return 0


def package(arguments: argparse.Namespace) -> int:
    from mien_convert.flatbuffer import find_shipped
    from mien_convert.repack import Details, repack

    model = find_shipped(arguments.model)
    if not model.exists():
        raise ModelError(
            f"{model}: no such file; give an int8 .tflite file, a model directory or a shipped model's name"
        )
    if not model.is_dir() and (arguments.licence is None or not arguments.data):
        arguments.refuse("a bare file says nothing of its --licence and --data; give both")
    words = ["mien-convert", "package", str(arguments.model), "--out", str(arguments.out)]
    for option in ("name", "version", "licence", "run"):
        if getattr(arguments, option) is not None:
            words += [f"--{option}", str(getattr(arguments, option))]
    words += [word for text in arguments.data for word in ("--data", text)]
    details = Details(
        name=arguments.name,
        version=arguments.version,
        licence=arguments.licence,
        data=tuple(arguments.data),
        commands=(*arguments.made_with, shlex.join(words)),
    )
    manifest = repack(model, arguments.out, details, arguments.run)
    if arguments.json:
        _print_json({"manifest": manifest.model_dump(mode="json")})
    else:
        print(f"{arguments.out}: {manifest.name} {manifest.version}, {manifest.file.bytes} bytes, {manifest.licence}")
    return 0


def key(arguments: argparse.Namespace) -> int:
    from mien_models.signing import make_key, public_key

    public = public_key(arguments.file) if arguments.show else make_key(arguments.file)
    if arguments.json:
        _print_json({"file": str(arguments.file), "public": public})
    else:
        print(public)
    return 0


def sign(arguments: argparse.Namespace) -> int:
    from mien_models.manifest import load_any_manifest
    from mien_models.signing import SIGNATURE_NAME, public_key
    from mien_models.signing import sign as sign_directory

    manifest = load_any_manifest(arguments.model)
    sign_directory(arguments.model, arguments.key)
    signature, public = arguments.model / SIGNATURE_NAME, public_key(arguments.key)
    if arguments.json:
        _print_json({"file": str(signature), "name": manifest.name, "version": manifest.version, "public": public})
    else:
        print(f"{signature}: {manifest.name} {manifest.version}, signed with {public}")
    return 0


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, indent=1))  # in ASCII, which every terminal takes as it is
