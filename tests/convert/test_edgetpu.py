"""What `mien-convert edgetpu` lets pass, and each thing that it must not; the files are changed as flatbuffers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mien_convert.edgetpu import check_model
from mien_convert.edgetpu_rules import MAX_VERSIONS
from mien_models.errors import ManifestError, ModelError, OutcomeError
from mien_models.manifest import read_kind
from mien_models.shipped import find_model, shipped_models
from tests.make_tiny_model import TINY_FLOAT, TINY_MODEL

Command = Callable[..., tuple[int, str, str]]
Change = Callable[[Any], None]


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_convert.edgetpu.find_compiler", lambda: None)


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Path]:
    """The tiny model's file after a change to it."""

    def write(change: Change) -> Path:
        content = (TINY_MODEL / "emotion_int8.tflite").read_bytes()
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        change(model)
        builder = flatbuffers.Builder(len(content))
        builder.Finish(model.Pack(builder), b"TFL3")
        path = tmp_path / "changed.tflite"
        path.write_bytes(bytes(builder.Output()))
        return path

    return write


def operator(model: Any, name: str) -> Any:
    """The first operator of this name."""
    number = getattr(schema.BuiltinOperator, name)
    return next(o for o in model.subgraphs[0].operators if model.operatorCodes[o.opcodeIndex].builtinCode == number)


def code(model: Any, name: str) -> Any:
    return model.operatorCodes[operator(model, name).opcodeIndex]


def tensor(model: Any, name: str, position: int) -> Any:
    """What the first operator of this name reads at `position`."""
    return model.subgraphs[0].tensors[operator(model, name).inputs[position]]


def problems(path: Path) -> str:
    """All that is said of a file that must fail."""
    report = check_model(path)
    assert report.failures
    return "; ".join([*report.problems, *(problem for verdict in report.operators for problem in verdict.problems)])


@pytest.mark.parametrize("name", [n for n in shipped_models() if read_kind(find_model(n)) != "music"])
def test_every_operator_of_the_shipped_models_maps(name: str, mien_convert: Command) -> None:
    code_, out, err = mien_convert("edgetpu", find_model(name))

    assert (code_, err) == (0, "")
    report = check_model(find_model(name))
    assert report.failures == ()
    assert out.count("  maps\n") == len(report.operators) > 5
    assert report.fits


def test_an_unchanged_file_passes(changed: Callable[[Change], Path]) -> None:
    report = check_model(changed(lambda _: None))

    assert report.failures == ()
    # 16×16 weights; (7+8)×9 weights; 1+7+8 biases and two sizes of the reshape of 4 bytes.
    assert report.parameter_bytes == 256 + 15 * 9 + 4 * (1 + 15 + 2)


def test_a_float_model_fails(mien_convert: Command) -> None:
    code_, out, err = mien_convert("edgetpu", TINY_FLOAT)

    assert code_ == OutcomeError.exit_code
    assert err.count("\n") == 1
    assert err.startswith(
        f"mien-convert: error: {TINY_FLOAT}: is not int8: its inputs and outputs are float32; 6 of 6 "
    )
    assert "mien-convert quantize" in err
    assert "weights are float32, they must be int8" in out
    assert "maps: nothing" in out


def test_for_programs(mien_convert: Command) -> None:
    code_, out, err = mien_convert("edgetpu", TINY_MODEL, "--json")

    content = json.loads(out)
    assert (code_, err) == (0, "")
    assert (content["passed"], content["failures"], content["compiler"]) == (True, [], None)
    assert content["operators"][0] == {
        "number": 0,
        "name": "CONV_2D",
        "version": 3,
        "output": [1, 3, 3, 1],
        "problems": [],
    }
    failed = json.loads(mien_convert("edgetpu", TINY_FLOAT, "--json")[1])
    assert failed["passed"] is False
    assert len(failed["failures"]) == 2


def grouped_convolution(model: Any) -> None:
    code(model, "CONV_2D").version = 6


def open_batch(model: Any) -> None:
    tensor(model, "CONV_2D", 0).shapeSignature = np.array([-1, 48, 48, 1], np.int32)


def four_pictures(model: Any) -> None:
    tensor(model, "CONV_2D", 0).shape = np.array([4, 48, 48, 1], np.int32)


def per_channel_dense(model: Any) -> None:
    weights = tensor(model, "FULLY_CONNECTED", 1)
    rows = int(weights.shape[0])
    weights.quantization.scale = np.full(rows, 0.01, np.float32)
    weights.quantization.zeroPoint = np.zeros(rows, np.int64)


def float_bias(model: Any) -> None:
    tensor(model, "CONV_2D", 2).type = schema.TensorType.FLOAT32


def computed_weights(model: Any) -> None:
    tensor(model, "FULLY_CONNECTED", 1).buffer = 0


def picture_without_scale(model: Any) -> None:
    tensor(model, "CONV_2D", 0).quantization = None


def int16_activation(model: Any) -> None:
    tensor(model, "RESHAPE", 0).type = schema.TensorType.INT16


def two_vectors(model: Any) -> None:
    for index in operator(model, "SOFTMAX").outputs:
        model.subgraphs[0].tensors[index].shape = np.array([2, 7], np.int32)


def too_wide_softmax(model: Any) -> None:
    for index in operator(model, "SOFTMAX").outputs:
        model.subgraphs[0].tensors[index].shape = np.array([1, 16_001], np.int32)


def exotic(name: str) -> Change:
    """Another operator in the place of the reshape, with its inputs and outputs."""

    def change(model: Any) -> None:
        reshape = operator(model, "RESHAPE")
        code_ = model.operatorCodes[reshape.opcodeIndex]
        code_.builtinCode = getattr(schema.BuiltinOperator, name)
        code_.deprecatedBuiltinCode = min(code_.builtinCode, 127)
        reshape.builtinOptionsType, reshape.builtinOptions = 0, None

    return change


def compiled_already(model: Any) -> None:
    code_ = code(model, "RESHAPE")
    code_.builtinCode = code_.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code_.customCode = b"edgetpu-custom-op"


FAILURES: list[tuple[Change, str]] = [
    (grouped_convolution, "version 6, the compiler knows up to 5"),
    (open_batch, "leaves the shape of input"),
    (four_pictures, "takes 4 pictures at a time"),
    (per_channel_dense, "weights have 7 scales, one a row"),
    (float_bias, "bias is float32, it must be int32"),
    (computed_weights, "weights are computed, they must be constant"),
    (picture_without_scale, "input 0 has no scales, it must have one"),
    (int16_activation, "input 0 is int16, it must be int8"),
    (two_vectors, "is taken of 2×7, it must be one vector"),
    (too_wide_softmax, "is taken of 16001 values, at most 16000"),
    (exotic("LEAKY_RELU"), "the Edge TPU has no such operator"),
    (exotic("GELU"), "the Edge TPU has no such operator"),
    (exotic("HARD_SWISH"), "the Edge TPU has no such operator"),
    (exotic("DEQUANTIZE"), "the Edge TPU has no such operator"),
    (compiled_already, "is compiled for the Edge TPU already"),
]


@pytest.mark.parametrize(("change", "expected"), FAILURES, ids=[f"{n}-{e[:20]}" for n, (_, e) in enumerate(FAILURES)])
def test_what_does_not_map_is_told(changed: Callable[[Change], Path], change: Change, expected: str) -> None:
    assert expected in problems(changed(change))


def test_two_graphs(changed: Callable[[Change], Path]) -> None:
    assert "has 2 graphs" in problems(changed(lambda model: model.subgraphs.append(model.subgraphs[0])))


def test_a_failure_names_the_first_operator_and_what_follows(
    changed: Callable[[Change], Path], mien_convert: Command
) -> None:
    code_, out, err = mien_convert("edgetpu", changed(per_channel_dense))

    assert code_ == OutcomeError.exit_code
    assert "1 of 6 operators do not map (the first, number 2, FULLY_CONNECTED: weights have 7 scales" in err
    assert "does not map: 1 × FULLY_CONNECTED" in out
    assert "maps: 1 × CONV_2D, 1 × FULLY_CONNECTED, 1 × RESHAPE, 2 × SOFTMAX" in out
    assert "the processor runs all that follows" in out


def test_parameters_that_do_not_fit_are_told_and_no_failure(
    mien_convert: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien_convert.edgetpu.ON_CHIP_BYTES", 100)

    code_, out, _ = mien_convert("edgetpu", TINY_MODEL)

    assert code_ == 0
    assert "more than the 100 on the chip" in out


def test_every_limit_is_of_an_operator_that_exists() -> None:
    assert not [name for name in MAX_VERSIONS if not hasattr(schema.BuiltinOperator, name)]


def test_any_damage_is_told_or_harmless(tmp_path: Path) -> None:
    whole = (TINY_MODEL / "emotion_int8.tflite").read_bytes()
    dice = random.Random(1)
    path = tmp_path / "x.tflite"
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(dice.randrange(1, 12)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        path.write_bytes(content)
        try:
            check_model(path).describe()
        except ModelError:
            continue


def test_an_operator_that_lacks_its_tensors(changed: Callable[[Change], Path]) -> None:
    def cut(model: Any) -> None:
        operator(model, "FULLY_CONNECTED").inputs = np.array([0], np.int32)

    with pytest.raises(ModelError, match=r"changed\.tflite: damaged \("):
        check_model(changed(cut))


@pytest.mark.parametrize("content", [b"", b"no model at all"])
def test_what_is_no_model_is_refused(tmp_path: Path, mien_convert: Command, content: bytes) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(content)

    code_, out, err = mien_convert("edgetpu", path)

    assert (code_, out) == (ModelError.exit_code, "")
    assert err.startswith(f"mien-convert: error: {path}: no .tflite file, or damaged (")
    assert mien_convert("edgetpu", tmp_path)[0] == ManifestError.exit_code
    assert mien_convert("edgetpu", tmp_path / "nothing.tflite")[0] == ModelError.exit_code
