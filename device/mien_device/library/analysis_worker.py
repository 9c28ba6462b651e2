"""Listening in a process of its own: slow, greedy and at the mercy of the files, so it gets the lowest priority, one thread, a
time limit, and may die.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np

import mien_device
import mien_models
from mien_device.library import analysis_child
from mien_device.library.analysis_child import ANALYSIS_FIELDS, ESTIMATE_FIELDS
from mien_models.errors import MissingDependencyError, ModelError, MusicError
from mien_models.listening import Analysis, Estimate, SongMood

START_S = 60.0
"""A Pi Zero takes some seconds to load numpy and a model."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


class AnalysisWorker:
    """An `Analyser` in a child process, which is started again after it died."""

    def __init__(self, analyser: str, time_limit_s: float) -> None:
        """Start the child.

        Raises:
            MissingDependencyError, ModelError: the analyser cannot be opened.

        """
        self._analyser = analyser
        self._time_limit_s = time_limit_s
        self._child: _Child | None = _Child(analyser)
        self.version = self._child.version
        """That of the analyser."""

    def listen(self, path: Path) -> Analysis:
        """See `Analyser`.

        Raises:
            MusicError: the file cannot be decoded, takes too long, or ended the child. One line.

        """
        child = self._child = self._child or _Child(self._analyser)
        try:
            answer = child.ask(os.fsencode(path).hex(), self._time_limit_s)
        except TimeoutError:
            self.close()
            raise MusicError(
                f"{path}: listening took more than {self._time_limit_s:g} s; --retry with a higher --time-limit"
            ) from None
        except (EOFError, BrokenPipeError):
            self._child = None
            raise MusicError(f"{path}: listening to it ended with {child.bury()}; the file is left out") from None
        except BaseException:
            self.close()  # Ctrl-C: an answer that comes later must not pass for the next file's
            raise
        if "error" in answer:
            raise MusicError(answer["error"])
        return _analysis(answer, path)

    def close(self) -> None:
        """End the child at once. May be called twice."""
        child, self._child = self._child, None
        if child:
            child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Child:
    """One run of `analysis_child.py`."""

    def __init__(self, analyser: str) -> None:
        roots = [str(Path(package.__path__[0]).parent) for package in (mien_device, mien_models)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", analysis_child.__name__, analyser],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders grumble there about every damaged frame
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(dict.fromkeys(roots))},
            start_new_session=True,  # Ctrl-C is for the parent, which ends the child itself
        )
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        self._unread = b""
        try:
            answer = self._answer(START_S)
        except (TimeoutError, EOFError):
            self.kill()
            raise ModelError(
                f"the analyser '{analyser}' does not start; `python -m {analysis_child.__name__} {analyser}` says why; "
                "to read tags only: --analyser none"
            ) from None
        except BaseException:
            self.kill()
            raise
        if "error" in answer:
            self.kill()
            kind = MissingDependencyError if answer["kind"] == MissingDependencyError.__name__ else ModelError
            raise kind(answer["error"])
        self.version = str(answer["version"])

    def ask(self, question: str, limit_s: float) -> dict[str, Any]:
        """The answer.

        Raises:
            TimeoutError: none came in time.
            EOFError, BrokenPipeError: the child has died.

        """
        self._questions.write(question.encode() + b"\n")
        self._questions.flush()
        return self._answer(limit_s)

    def _answer(self, limit_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                if not (part := os.read(self._answers.fileno(), 1 << 16)):
                    raise EOFError
                self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        self._process.kill()
        self.bury()

    def bury(self) -> str:
        """Wait for its end, and say what it died of."""
        code = self._process.wait()
        self._answers.close()
        with contextlib.suppress(BrokenPipeError):  # what was not sent is not needed
            self._questions.close()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _analysis(answer: dict[str, Any], path: Path) -> Analysis:
    features = np.frombuffer(bytes.fromhex(answer["features"]), "<f4")
    estimate = Estimate(**{name: answer[name] for name in ESTIMATE_FIELDS})
    if not np.isfinite(features).all() or not all(map(math.isfinite, (estimate.valence, estimate.arousal))):
        raise MusicError(f"{path}: the analyser's answer is no number")
    own = {name: answer[name] for name in ANALYSIS_FIELDS}
    return Analysis(**own, estimate=estimate, mood=SongMood(answer["mood"]), features=features)
