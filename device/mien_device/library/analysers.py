"""The analysers by name: the real one, and one that makes its answers up."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path

import numpy as np

from mien_device.library import Analyser, quarter
from mien_models.errors import MissingDependencyError, ModelError, MusicError
from mien_models.listening import Analysis, Estimate

NAMES = ("listener", "fake")
LISTENED = "MIEN_FAKE_LISTENED"
"""Environment variable with a file: the fake adds the path of each file that it listens to, a line each."""


def open_analyser(name: str) -> Analyser:
    """The analyser of that name.

    Raises:
        MissingDependencyError: this mien, or this Python, lacks what it needs.
        ModelError: its model is damaged.

    """
    if name == "fake":
        return FakeAnalyser()
    try:
        listen = importlib.import_module("mien_models.listening.listen")
        analyser: Analyser = listen.Listener.open()
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"mien cannot listen to songs here ({error.name} is not installed); pip install 'mien[device]', "
            "or read tags only: --analyser none"
        ) from None
    except OSError as error:
        raise ModelError(
            f"{error.filename}: {error.strerror}; reinstall mien, or read tags only: --analyser none"
        ) from None
    return analyser


class FakeAnalyser:
    """Answers fast and always the same for the same sound: loud is lively, bright is pleasant. For tests and trials of a library.

    It misbehaves as a real one may: a file whose name begins with `crash` ends its process, with `hang` keeps it busy, with
    `nan` gets an answer that is no number.
    """

    version = "fake 1"

    def listen(self, path: Path) -> Analysis:
        """See `Analyser`."""
        import soundfile

        if log := os.environ.get(LISTENED):
            with Path(log).open("ab") as file:
                file.write(os.fsencode(path) + b"\n")
        if path.name.startswith("crash"):
            os.abort()
        while path.name.startswith("hang"):
            time.sleep(1)
        try:
            with soundfile.SoundFile(os.fsencode(path)) as sound:
                rate_hz, frames = sound.samplerate, sound.frames
                samples = sound.read(30 * rate_hz, dtype="float32", always_2d=True).mean(axis=1)
        except (soundfile.SoundFileError, OSError) as error:
            raise MusicError(f"{path}: cannot be decoded ({str(error).rpartition(': ')[2]})") from None
        level = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
        crossings = float(np.mean(np.diff(np.signbit(samples)) != 0)) if len(samples) > 1 else 0.0
        arousal = float(np.clip(2 * level**0.5 - 1, -1, 1))
        valence = float("nan") if path.name.startswith("nan") else float(np.clip(8 * crossings - 1, -1, 1))
        seconds, peak = frames / rate_hz, float(np.abs(samples).max(initial=0))
        return Analysis(
            duration_s=seconds,
            loudness_lufs=max(-70.0, 20 * float(np.log10(max(level, 1e-9)))),
            true_peak_dbtp=max(-70.0, 20 * float(np.log10(max(peak, 1e-9)))),
            cue_in_s=0.0,
            cue_out_s=seconds,
            tempo_bpm=None,
            key=None,
            estimate=Estimate(valence, 0.5, arousal, 0.5),
            mood=quarter(valence, arousal),
            features=np.array([level, crossings, peak], dtype=np.float32),
        )
