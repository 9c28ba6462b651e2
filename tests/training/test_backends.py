"""The same training on JAX, on one device and on two that share each batch: what it leaves is what TensorFlow leaves."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien_training import runs
from mien_training.__main__ import main
from tests.needs import give_up
from tests.training.conftest import KERAS_WARNING, ROOT, Dataset
from tests.training.emotion.tiny_training import arguments, weights

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]

TRAIN = (
    "from mien_training.emotion.networks import ARCHITECTURES, Architecture; import sys; "
    "from tests.training.emotion.tiny_training import tiny; from mien_training.__main__ import main; "
    "ARCHITECTURES['tiny'] = Architecture('for tests', tiny); sys.exit(main(sys.argv[1:]))"
)


def train_on_jax(command: list[str], devices: int = 1) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, whose processor pretends to be so many devices."""
    if importlib.util.find_spec("jax") is None:
        give_up("JAX is not installed (the `jax` extra)")
    path = ":".join(str(ROOT / name) for name in ("", "device", "models", "training", "convert"))
    pretended = f"--xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": pretended, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-c", TRAIN, *command], check=False, env=environment, cwd=ROOT, capture_output=True, text=True
    )


def test_jax_leaves_what_tensorflow_loads(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset(56, 15)
    first = train_on_jax(arguments(dataset, tmp_path / "one"))
    assert first.returncode == 0, first.stderr
    assert len(json.loads((tmp_path / "one" / runs.HISTORY).read_text())) == 2
    assert json.loads((tmp_path / "one" / runs.VALIDATION).read_text())["ferplus"]["n"] == 15

    # Fifteen faces are not divisible by two: prediction sees to that.
    shared = train_on_jax(arguments(dataset, tmp_path / "two", "--devices", "2"), devices=2)
    assert shared.returncode == 0, shared.stderr
    for one, two in zip(weights(tmp_path / "one"), weights(tmp_path / "two"), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-3, atol=1e-4)

    (tmp_path / "one" / runs.MODEL).unlink()
    again = train_on_jax(arguments(dataset, tmp_path / "one"))
    assert again.returncode == 0, again.stderr
    assert "resuming after epoch 2" in again.stderr


def test_devices_that_cannot_share(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset(14, 7)
    assert main(["emotion", "--data", str(dataset.data), "--out", str(tmp_path / "run"), "--devices", "2"]) == 3
    assert "Keras shares batches on JAX alone, and runs on tensorflow" in capsys.readouterr().err

    lonely = train_on_jax(arguments(dataset, tmp_path / "run", "--devices", "2"))
    assert lonely.returncode == 3
    assert "--devices 2: JAX has 1 (" in lonely.stderr
    odd = train_on_jax(arguments(dataset, tmp_path / "run", "--devices", "3"), devices=3)
    assert odd.returncode == 3
    assert "a batch of 8 faces cannot be divided by it" in odd.stderr
    assert not (tmp_path / "run").exists()
