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
from typing import Any

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


def open_interpreter(model: Path, accelerator: Accelerator, threads: int) -> tuple[Any, Accelerator]:
    """An allocated interpreter for `model`, and the accelerator that it really uses.

    Raises:
        ModelError: the file is no model that this runtime can run, or the Edge TPU was asked for and is not there.

    """
    runtime = find_runtime()
    if accelerator is not Accelerator.CPU:
        try:
            return _allocate(runtime, model, threads, [_load_edgetpu(runtime)]), Accelerator.EDGETPU
        except ModelError as error:
            if accelerator is Accelerator.EDGETPU:
                raise
            log.info("accelerator: cpu (%s)", str(error).partition(";")[0])
    return _allocate(runtime, model, threads, []), Accelerator.CPU


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


def _load_edgetpu(runtime: Runtime) -> Any:
    reason = probe_edgetpu(EDGETPU_LIBRARY)
    if reason is None:
        try:
            return runtime.module.load_delegate(EDGETPU_LIBRARY)
        except (OSError, ValueError) as error:  # pulled out since the probe
            reason = str(error).strip().partition("\n")[0]
    raise ModelError(f'Edge TPU: {reason}; install libedgetpu and plug the Coral in, or set accelerator = "auto"')


@functools.cache
def probe_edgetpu(library: str) -> str | None:
    """Why the Edge TPU cannot be used, or None if it answers.

    Loaded in a child process first: with a libedgetpu of another age the load is a segmentation fault, which must not
    take the daemon down (google-coral/edgetpu issue 812).
    """
    code = f"from {find_runtime().module.__name__} import load_delegate; load_delegate({library!r})"
    try:
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return f"{library} hangs while it is loaded"
    if child.returncode == 0:
        return None
    if child.returncode < 0:
        return f"{library} crashes with signal {-child.returncode} while it is loaded"
    # An error raised while another was handled prints both; the last is the one that says something.
    lines = [line for line in child.stderr.splitlines() if line.startswith(("OSError: ", "ValueError: "))]
    return lines[-1].partition(": ")[2] if lines else f"{library} cannot be loaded"
