"""Which TensorFlow Lite runtime executes the models, and on which accelerator."""

from __future__ import annotations

import functools
import importlib
import logging
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from mien_models.errors import MissingDependencyError, ModelError

log = logging.getLogger(__name__)

EDGETPU_LIBRARY = "libedgetpu.so.1"

# In order of preference. Named as text: an `import tensorflow` here would put TensorFlow on the device's import graph.
_RUNTIMES = (
    ("ai-edge-litert", "ai_edge_litert.interpreter"),
    ("tflite-runtime", "tflite_runtime.interpreter"),
    ("tensorflow", "tensorflow.lite.python.interpreter"),
)


class Accelerator(StrEnum):
    """Where the network runs."""

    CPU = "cpu"
    EDGETPU = "edgetpu"
    AUTO = "auto"
    """The Edge TPU if one answers, else the processor."""


@dataclass(frozen=True)
class Runtime:
    """An installed runtime: its package's name and its module with `Interpreter` and `load_delegate`."""

    name: str
    module: Any


@functools.cache
def find_runtime() -> Runtime:
    """The first of ai-edge-litert, tflite-runtime and TensorFlow that is installed. Logged once, with what was passed over.

    Raises:
        MissingDependencyError: none of them can be imported.

    """
    reasons = []
    for name, module in _RUNTIMES:
        try:
            runtime = Runtime(name, importlib.import_module(module))
        except ImportError as error:
            reasons.append(f"{name}: {error}")
            continue
        log.info("runtime: %s%s", name, f" (passed over {'; '.join(reasons)})" if reasons else "")
        return runtime
    raise MissingDependencyError(
        f"no TensorFlow Lite runtime ({'; '.join(reasons)}); install it with: pip install ai-edge-litert"
    )


class Opener(Protocol):
    """Opens a model where it runs best, and keeps it running: see `ladder.Ladder`."""

    def open(self, model: Path, accelerator: Accelerator, threads: int) -> Any:
        """An allocated interpreter for `model`, with the property `accelerator`: what it uses at this moment."""


def open_interpreter(
    model: Path, accelerator: Accelerator, threads: int, opener: Opener | None = None
) -> tuple[Any, Accelerator]:
    """An allocated interpreter for `model`, and the accelerator that it really uses. `opener`: opens it for an Edge TPU.

    Raises:
        ModelError: the file is no model that this runtime can run, or the Edge TPU was asked for and is not there.

    """
    if accelerator is not Accelerator.CPU:
        if opener is not None:
            interpreter = opener.open(model, accelerator, threads)
            return interpreter, interpreter.accelerator
        try:
            if reason := probe_edgetpu(EDGETPU_LIBRARY):
                raise no_edgetpu(reason)
            return open_on_edgetpu(model, threads), Accelerator.EDGETPU
        except ModelError as error:
            if accelerator is Accelerator.EDGETPU:
                raise
            log.info("accelerator: cpu (%s)", str(error).partition(";")[0])
    return open_on_processor(model, threads), Accelerator.CPU


def open_on_edgetpu(model: Path, threads: int) -> Any:
    """An allocated interpreter that uses the Edge TPU. To be tried in another process first: see `try_edgetpu`.

    Raises:
        ModelError: there is none, or it cannot run this model.

    """
    runtime = find_runtime()
    try:
        delegate = runtime.module.load_delegate(EDGETPU_LIBRARY)
    except (OSError, ValueError) as error:
        raise no_edgetpu(str(error).strip().partition("\n")[0]) from None
    return _allocate(runtime, model, threads, [delegate])


def no_edgetpu(reason: str) -> ModelError:
    """The error for an Edge TPU that was asked for."""
    return ModelError(f'Edge TPU: {reason}; install libedgetpu and plug the Coral in, or set accelerator = "auto"')


def open_on_processor(model: Path, threads: int) -> Any:
    """An allocated interpreter that uses the processor.

    Raises:
        ModelError: the file is no model that this runtime can run.

    """
    return _allocate(find_runtime(), model, threads, [])


def _allocate(runtime: Runtime, model: Path, threads: int, delegates: list[Any]) -> Any:
    try:
        interpreter = runtime.module.Interpreter(
            model_path=str(model), num_threads=threads, experimental_delegates=delegates or None
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        first_line = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{model}: {runtime.name} cannot run it ({first_line}); convert it anew with `mien-convert quantize`"
        ) from error
    return interpreter


@functools.cache
def probe_edgetpu(library: str) -> str | None:
    """Why the Edge TPU cannot be used, or None if it answers; asked once in the life of the process."""
    return try_edgetpu(library)


def try_edgetpu(library: str, model: Path | None = None) -> str | None:
    """Why the Edge TPU cannot be used at this moment, or None if it answers; with `model` it must also run that once.

    In a child process first: with a libedgetpu of another age the load is a segmentation fault, which must not take the
    daemon down (google-coral/edgetpu issue 812).
    """
    module = find_runtime().module.__name__
    code = f"from {module} import Interpreter, load_delegate; delegate = load_delegate({library!r})"
    if model is not None:
        code += (
            f"\nnetwork = Interpreter(model_path={str(model)!r}, experimental_delegates=[delegate])"
            "\nnetwork.allocate_tensors()\nnetwork.invoke()"
        )
    return try_in_child(code, library, "is loaded" if model is None else "is tried")


def try_in_child(code: str, library: str, does: str, limit_s: float = 20.0) -> str | None:
    """Why `code` fails, crashes or hangs in a Python of its own, in words about `library`; None if it does neither."""
    try:
        child = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{library} hangs while it {does}"
    if child.returncode == 0:
        return None
    if child.returncode < 0:
        return f"{library} crashes with signal {-child.returncode} while it {does}"
    # An error raised while another was handled prints both; the last is the one that says something.
    errors = ("OSError: ", "ValueError: ", "RuntimeError: ")
    lines = [line for line in child.stderr.splitlines() if line.startswith(errors)]
    return lines[-1].partition(": ")[2] if lines else f"{library} cannot be loaded"
