"""What `mien-convert verify` lets pass, without TensorFlow: the tiny model against its own float file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien_convert.runs import Holdout
from mien_convert.verify import Limits, broken, compare
from mien_models.errors import DataError, ManifestError, ModelError, OutcomeError
from mien_models.labels import Head
from mien_models.manifest import ModelFile
from mien_models.runner import Probabilities
from tests.make_tiny_model import TINY_FLOAT, TINY_MODEL

Command = Callable[..., tuple[int, str, str]]


def one_hot(*answers: int) -> Probabilities:
    """Probabilities (n, 7) of a head that is sure of these answers."""
    return np.eye(7, dtype=np.float32)[list(answers)]


def holdout(*labels: int) -> Holdout:
    truth = np.array(labels, np.int64)
    return Holdout(np.zeros((len(labels), 48, 48), np.uint8), {Head.FER: truth, Head.FERPLUS: np.full_like(truth, -1)})


def test_figures_by_hand() -> None:
    before = one_hot(0, 0, 1, 3, 6)
    after = one_hot(0, 1, 1, 3, 3)
    after[4] = [0, 0, 0, 0.625, 0, 0, 0.375]

    report = compare({Head.FER: before}, {Head.FER: after}, holdout(0, 0, 1, 1, -1))[Head.FER]

    assert report.faces == 5
    assert report.agreement == pytest.approx(3 / 5)
    assert report.worst_gap == 1
    assert report.labelled == 4
    assert (report.accuracy_float, report.accuracy_int8) == (0.75, 0.5)
    assert (report.recall_float["angry"], report.recall_int8["angry"]) == (1, 0.5)
    assert (report.recall_float["disgust"], report.recall_int8["disgust"]) == (0.5, 0.5)
    assert report.recall_float["happy"] is None


def test_a_head_without_labels_is_judged_by_agreement_alone() -> None:
    report = compare({Head.FER: one_hot(0, 1)}, {Head.FER: one_hot(0, 2)}, holdout(-1, -1))[Head.FER]

    assert (report.labelled, report.accuracy_float, report.accuracy_int8) == (0, None, None)
    assert broken({Head.FER: report}, Limits()) == ("fer agrees on 50.0 %, less than 95.0 %",)


@pytest.mark.parametrize(
    ("after", "limits", "failures"),
    [
        ((0, 1, 2, 3), Limits(), 0),
        ((0, 1, 2, 4), Limits(), 2),
        ((0, 1, 2, 4), Limits(max_accuracy_drop=0.25), 1),
        ((0, 1, 2, 4), Limits(min_agreement=0.75), 1),
        ((0, 1, 2, 4), Limits(max_accuracy_drop=0.25, min_agreement=0.75), 0),
    ],
)
def test_limits(after: tuple[int, ...], limits: Limits, failures: int) -> None:
    heads = compare({Head.FER: one_hot(0, 1, 2, 3)}, {Head.FER: one_hot(*after)}, holdout(0, 1, 2, 3))

    assert len(broken(heads, limits)) == failures


def test_better_in_int8_is_no_failure() -> None:
    heads = compare({Head.FER: one_hot(0, 1)}, {Head.FER: one_hot(0, 2)}, holdout(0, 2))

    assert broken(heads, Limits(min_agreement=0)) == ()


def test_the_tiny_model_passes(run: Path, mien_convert: Command) -> None:
    code, out, err = mien_convert("verify", TINY_MODEL, "--run", run, "--float", TINY_FLOAT)

    assert (code, err) == (0, "")
    assert "ferplus: same answer 100.0 % of 40 faces" in out
    assert "accuracy 100.0 % float, 100.0 % int8 of 35 labelled faces" in out
    assert "contempt  recall 100.0 % → 100.0 % (+0.0)" in out


def test_only_faces_and_settings_of_the_run_are_needed(run: Path, mien_convert: Command) -> None:
    (run / "model.keras").unlink()
    (run / "calibration.npz").unlink()

    assert mien_convert("verify", TINY_MODEL, "--run", run, "--float", TINY_FLOAT)[0] == 0


def test_for_programs(run: Path, mien_convert: Command) -> None:
    code, out, _ = mien_convert("verify", TINY_MODEL, "--run", run, "--float", TINY_FLOAT, "--json")

    content = json.loads(out)
    assert code == 0
    assert content["passed"] is True
    assert content["heads"]["fer"]["agreement"] == 1
    assert 0 < content["heads"]["fer"]["worst_gap"] < 0.05


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """The tiny model with other weights: its file is whole, its answers are not."""
    model = Path(shutil.copytree(TINY_MODEL, tmp_path / "spoilt"))
    path = model / "emotion_int8.tflite"
    content = path.read_bytes()
    # The convolution's 256 weights are all +127. Turned to −127, it sees each picture inverted.
    assert content.count(b"\x7f" * 256) == 1
    path.write_bytes(content.replace(b"\x7f" * 256, b"\x81" * 256))
    manifest = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    manifest["file"] = ModelFile.of(path).model_dump()
    (model / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return model


def test_a_failure_is_reported_in_full_and_then_told(run: Path, spoilt: Path, mien_convert: Command) -> None:
    code, out, err = mien_convert("verify", spoilt, "--run", run, "--float", TINY_FLOAT)

    assert code == OutcomeError.exit_code
    assert "happy     recall 100.0 % → 0.0 % (-100.0)" in out
    assert err.startswith(f"mien-convert: error: {spoilt}: fer agrees on ")
    assert "ferplus loses" in err
    assert err.count("\n") == 1


def test_a_failure_is_json_too(run: Path, spoilt: Path, mien_convert: Command) -> None:
    code, out, _ = mien_convert("verify", spoilt, "--run", run, "--float", TINY_FLOAT, "--json")

    assert code == OutcomeError.exit_code
    assert json.loads(out)["passed"] is False
    assert len(json.loads(out)["failures"]) == 4


def test_limits_come_from_the_command_line(run: Path, spoilt: Path, mien_convert: Command) -> None:
    limits = ["--max-accuracy-drop", "1", "--min-agreement", "0"]

    assert mien_convert("verify", spoilt, "--run", run, "--float", TINY_FLOAT, *limits)[0] == 0


@pytest.mark.parametrize("share", ["1.5", "-0.1", "x", "nan"])
def test_a_limit_is_a_share(run: Path, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    from mien_convert.__main__ import main

    with pytest.raises(SystemExit) as caught:
        main(["verify", str(TINY_MODEL), "--run", str(run), f"--min-agreement={share}"])

    assert caught.value.code == 2
    assert "--min-agreement" in capsys.readouterr().err


def test_an_int8_file_is_no_float_side(run: Path, mien_convert: Command) -> None:
    code, _, err = mien_convert("verify", TINY_MODEL, "--run", run, "--float", TINY_MODEL / "emotion_int8.tflite")

    assert code == ModelError.exit_code
    assert "is no float emotion model" in err
    assert err.count("\n") == 1


def test_a_float_file_is_no_int8_side(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    model = shutil.copytree(TINY_MODEL, tmp_path / "model")
    path = model / "emotion_int8.tflite"
    shutil.copy(TINY_FLOAT, path)
    manifest = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    manifest["file"] = ModelFile.of(path).model_dump()
    (model / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    code, _, err = mien_convert("verify", model, "--run", run, "--float", TINY_FLOAT)

    assert code == ManifestError.exit_code
    assert "is float32 (1, 48, 48, 1)" in err
    assert "the manifest says int8" in err


def test_heads_must_be_the_same(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    model = shutil.copytree(TINY_MODEL, tmp_path / "model")
    manifest = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"] = manifest["outputs"][:1]
    manifest["answer"] = "fer"
    (model / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    code, _, err = mien_convert("verify", model, "--run", run, "--float", TINY_FLOAT)

    assert code == ModelError.exit_code
    assert "has the heads fer, but tiny_float.tflite has fer ferplus" in err.replace(str(TINY_FLOAT.parent) + "/", "")


def test_a_missing_model(run: Path, tmp_path: Path, mien_convert: Command) -> None:
    code, _, err = mien_convert("verify", tmp_path / "nothing", "--run", run, "--float", TINY_FLOAT)

    assert code == ManifestError.exit_code
    assert "mien-convert quantize" in err


def test_a_missing_run(tmp_path: Path, mien_convert: Command) -> None:
    code, _, err = mien_convert("verify", TINY_MODEL, "--run", tmp_path / "nothing", "--float", TINY_FLOAT)

    assert code == DataError.exit_code
    assert "no config.json there, so it is no run" in err
