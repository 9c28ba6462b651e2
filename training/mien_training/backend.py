"""Keras, imported without the lines that TensorFlow prints about its own insides."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mien_models.errors import ConfigError, MissingDependencyError

_STDERR = 2
_INSTALL = {"jax": "pip install 'mien[jax]'", "torch": "pip install torch (as pytorch.org says for this machine)"}


def import_keras() -> Any:
    """The Keras module. Call it before anything else imports Keras.

    Raises:
        MissingDependencyError: Keras or its backend is not installed.
        ConfigError: KERAS_BACKEND names no backend.

    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # must be set before TensorFlow is loaded
    try:
        with _without_stderr():
            import keras
    except ModuleNotFoundError as error:
        how = _INSTALL.get(str(error.name), "pip install 'mien[training]'")
        raise MissingDependencyError(f"this needs {error.name}; install it with: {how}") from error
    except ValueError as error:  # Keras knows no backend of that name
        backend = os.environ.get("KERAS_BACKEND", "")
        raise ConfigError(f"KERAS_BACKEND={backend}: {error}; set it to tensorflow, jax or torch") from error
    keras.config.set_image_data_format("channels_last")  # whatever the user's keras.json says
    return keras


def share_batches(devices: int, batch: int) -> None:
    """Let so many GPUs (or other devices of the backend) work on each batch together. Call it before a network is built.

    Raises:
        ConfigError: this backend cannot, or there are fewer, or the batch cannot be divided among them.

    """
    keras = import_keras()
    if keras.backend.backend() != "jax":
        raise ConfigError(
            f"--devices {devices}: Keras shares batches on JAX alone, and runs on {keras.backend.backend()}; set KERAS_BACKEND=jax"
        )
    found = keras.distribution.list_devices()
    if len(found) < devices:
        raise ConfigError(f"--devices {devices}: JAX has {len(found)} ({', '.join(found)}); give a smaller number")
    if batch % devices:
        raise ConfigError(
            f"--devices {devices}: a batch of {batch} faces cannot be divided by it; give another --batch"
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=found[:devices]))


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Swallow what native code writes to the error stream; TensorFlow's first lines obey no setting."""
    copy = os.dup(_STDERR)
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), _STDERR)
            yield
    finally:
        os.dup2(copy, _STDERR)
        os.close(copy)
