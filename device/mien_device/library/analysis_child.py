"""The child process of `analysis_worker.py`: it listens to one file after the other, and is the one to fall if a file is bad.

Run as `python -m mien_device.library.analysis_child ANALYSER`. On stdin it is given a path a line, in hex; on stdout it answers
a line of JSON each: first `{"version": …}`, then an analysis or `{"error": …}`. It ends when stdin does.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mien_device.library.analysers import open_analyser
from mien_models.errors import MienError
from mien_models.listening import Analysis

NICE = 19
PR_SET_PDEATHSIG = 1  # prctl(2)
OOM_SCORE = 800
"""Where memory runs out the kernel ends the process with the highest score (at most 1000, proc_pid_oom_score_adj(5)): this one."""


def main(name: str) -> int:
    """Open the analyser, then answer."""
    _step_back()
    answers = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not spoil an answer
    try:
        analyser = open_analyser(name)
    except MienError as error:
        _answer(answers, {"error": str(error), "kind": type(error).__name__})
        return error.exit_code
    _answer(answers, {"version": analyser.version})
    for line in sys.stdin:
        path = Path(os.fsdecode(bytes.fromhex(line.strip())))
        try:
            _answer(answers, _as_json(analyser.listen(path)))
        except MienError as error:
            _answer(answers, {"error": str(error)})
        except Exception as error:  # noqa: BLE001 - the loop's boundary: one file's defect, not the library's
            _answer(answers, {"error": f"{type(error).__name__}: {error}"})
    return 0


def _step_back() -> None:
    """Leave processor and memory to those who look at faces. A service may be forbidden to, and then has its unit's own Nice=."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody waits for the answer of a file that never ends
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), "ascii")


def _as_json(analysis: Analysis) -> dict[str, Any]:
    estimate, features = analysis.estimate, analysis.features
    return {
        **{name: getattr(analysis, name) for name in ANALYSIS_FIELDS},
        **{name: getattr(estimate, name) for name in ESTIMATE_FIELDS},
        "mood": str(analysis.mood),
        "features": features.astype("<f4").tobytes().hex(),
    }


ANALYSIS_FIELDS = (
    "duration_s", "loudness_lufs", "true_peak_dbtp", "cue_in_s", "cue_out_s", "tempo_bpm", "key",
)  # fmt: skip
ESTIMATE_FIELDS = ("valence", "valence_sd", "arousal", "arousal_sd")


def _answer(answers: int, content: dict[str, Any]) -> None:
    # A number that is none ends in ValueError, and so becomes the file's error.
    os.write(answers, json.dumps(content, allow_nan=False, default=float).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
