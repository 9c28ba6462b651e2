"""What `mien-convert inspect` tells of a file."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mien_convert.inspection import Operator, inspect_bytes, inspect_model
from mien_models.errors import ManifestError, ModelError
from tests.make_tiny_model import TINY_FLOAT, TINY_MODEL

Command = Callable[..., tuple[int, str, str]]
TINY_FILE = TINY_MODEL / "emotion_int8.tflite"


def test_operators_are_counted_by_version() -> None:
    assert inspect_model(TINY_MODEL).operators == (
        Operator("CONV_2D", 3, 1),
        Operator("FULLY_CONNECTED", 4, 2),
        Operator("RESHAPE", 1, 1),
        Operator("SOFTMAX", 2, 2),
    )


def test_both_ends_are_told_with_their_scales() -> None:
    inspection = inspect_model(TINY_MODEL)

    (face,) = inspection.inputs
    assert (face.dtype, face.shape, face.scale, face.zero_point) == ("int8", (1, 48, 48, 1), 1.0, -128)
    outputs = {tensor.signature: tensor for tensor in inspection.outputs}
    assert {name: tensor.shape for name, tensor in outputs.items()} == {"fer": (1, 7), "ferplus": (1, 8)}
    assert all((t.dtype, t.scale, t.zero_point) == ("int8", 1 / 256, -128) for t in outputs.values())


def test_a_full_int8_model_has_no_float_tensor() -> None:
    assert inspect_model(TINY_MODEL).float_tensors == ()
    assert len(inspect_model(TINY_FLOAT).float_tensors) == 13


def test_a_float_file_has_no_scales() -> None:
    (face,) = inspect_model(TINY_FLOAT).inputs

    assert (face.dtype, face.scale, face.zero_point) == ("float32", None, None)


def test_a_directory_and_its_file_are_the_same() -> None:
    assert inspect_model(TINY_MODEL) == inspect_model(TINY_FILE)


def test_a_shipped_model_goes_by_its_name(mien_convert: Command) -> None:
    code, out, _ = mien_convert("inspect", "emotion-nano", "--json")
    assert code == 0
    assert json.loads(out)["file"] == "emotion-nano_int8.tflite"


def test_for_people(mien_convert: Command) -> None:
    code, out, err = mien_convert("inspect", TINY_MODEL)

    assert (code, err) == (0, "")
    assert f"{TINY_FILE.stat().st_size:,} bytes" in out
    assert "2 × FULLY_CONNECTED version 4" in out
    assert "(ferplus): int8 1×8, scale 0.00390625, zero point -128" in out
    assert "float tensors: none" in out
    assert "float tensors: 13 (" in mien_convert("inspect", TINY_FLOAT)[1]


def test_for_programs(mien_convert: Command) -> None:
    code, out, err = mien_convert("inspect", TINY_MODEL, "--json")

    assert (code, err) == (0, "")
    content = json.loads(out)
    assert content["bytes"] == TINY_FILE.stat().st_size
    assert content["operators"][0] == {"name": "CONV_2D", "version": 3, "count": 1}
    assert content["inputs"][0]["scale"] == 1.0


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 100, b"no model at all", TINY_FILE.read_bytes()[:2000]])
def test_what_is_no_model_is_refused(tmp_path: Path, mien_convert: Command, content: bytes) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(content)

    code, out, err = mien_convert("inspect", path)

    assert (code, out) == (ModelError.exit_code, "")
    assert err.startswith(f"mien-convert: error: {path}: no .tflite file, or damaged (")
    assert err.count("\n") == 1


def test_any_damage_is_refused_or_harmless() -> None:
    """The runtime's own check stands before the reading in Python, which damage could lead anywhere."""
    whole = TINY_FILE.read_bytes()
    dice = random.Random(0)
    for _ in range(200):
        content = bytearray(whole)
        for _ in range(dice.randrange(1, 20)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            inspect_bytes(bytes(content), Path("x.tflite")).describe()
        except ModelError:
            continue


def test_a_missing_file(tmp_path: Path, mien_convert: Command) -> None:
    code, _, err = mien_convert("inspect", tmp_path / "nothing.tflite")

    assert code == ModelError.exit_code
    assert (
        "No such file or directory; give a .tflite file, a directory with manifest.json, or the name of a shipped network"
        in err
    )


def test_a_directory_is_read_through_its_manifest(tmp_path: Path, mien_convert: Command) -> None:
    model = shutil.copytree(TINY_MODEL, tmp_path / "model")
    (model / "emotion_int8.tflite").write_bytes(b"x")

    code, _, err = mien_convert("inspect", model)

    assert code == ManifestError.exit_code
    assert "damaged or exchanged" in err
    assert mien_convert("inspect", tmp_path)[0] == ManifestError.exit_code


def test_neither_inspect_nor_help_needs_tensorflow() -> None:
    program = f"""
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
from mien_convert.__main__ import main
assert main(["inspect", {str(TINY_MODEL)!r}]) == 0
main(["--help"])
"""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "examples:" in done.stdout
