"""Sound files for the tests, and what was heard of them: SDL's disk driver writes the samples that a card would get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.waiting import LIMIT_S

RATE_HZ = 44_100
ROOT = Path(__file__).parents[3]
PRELUDE = """
import json, os, random, sys, threading, time
from pathlib import Path
from mien_device.config import MusicConfig
from mien_device.music import Track
from mien_device.music.choosers.folders import FolderChooser
from mien_device.music.jukebox import Jukebox
from mien_device.music.player import open_player
from mien_device.music.player.output import BUFFER_S
from mien_device.music.player.source import RATE_HZ
from mien_device.music.playlist import Playlists
from mien_models.labels import Mood

folder = Path(sys.argv[1])
marks = {}

try:
    os.nice(-10)  # sound wants its turn at once, whatever else runs here
except PermissionError:
    pass

def heard_s():
    # The clock of all this: a machine that is busy is late with everything, so what counts is what went to the card.
    return os.path.getsize(os.environ["SDL_DISKAUDIOFILE"]) / 4 / RATE_HZ

def hear(seconds):
    until = heard_s() + seconds
    while heard_s() < until:
        time.sleep(0.01)

def mark(name):
    # What is commanded now is heard behind what the card has been given already.
    marks[name] = round((heard_s() + BUFFER_S) * RATE_HZ)

def track(name):
    return Track(folder / name, Mood.HAPPY)
"""


@dataclass(frozen=True)
class Heard:
    """The samples (frames, 2) as numbers in [-1, 1], and the frame at which each mark was set (to 0.1 s)."""

    samples: npt.NDArray[np.float64]
    marks: dict[str, int]

    def between(self, start: str, end: str, margin_s: float = 0.15) -> npt.NDArray[np.float64]:
        margin = round(margin_s * RATE_HZ)
        return self.samples[self.marks[start] + margin : self.marks[end] - margin]


class Recording:
    """A script that runs in a process of its own, with the disk driver for a sound card."""

    def __init__(self, folder: Path, name: str, script: str) -> None:
        self._raw = folder / f"{name}.raw"
        paths = os.pathsep.join(str(ROOT / part) for part in ("device", "models"))
        settings = {"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(self._raw), "PYTHONPATH": paths}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", f"{PRELUDE}\n{script}\nprint(json.dumps(marks))", str(folder)],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def heard(self) -> Heard:
        out, err = self._process.communicate(timeout=LIMIT_S)
        assert self._process.returncode == 0, err.decode()
        samples = np.fromfile(self._raw, np.int16)
        return Heard(samples[: len(samples) // 2 * 2].reshape(-1, 2) / 32768, json.loads(out))


def write_wav(path: Path, samples: npt.NDArray[np.int16]) -> Path:
    """`samples` are (frames, 2)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.ascontiguousarray(samples).tobytes())
    return path


def tone(hertz: float, length_s: float, amplitude: float = 0.9) -> npt.NDArray[np.int16]:
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    wanted = np.sin(2 * np.pi * hertz * time_s) * amplitude * 32767
    return np.stack([wanted, wanted], 1).astype(np.int16)


def counter(length_s: float) -> npt.NDArray[np.int16]:
    """Samples that tell their own place: the left one counts to 16383, the right one counts the lefts' rounds."""
    index = np.arange(round(length_s * RATE_HZ)) + 16384
    return np.stack([index % 16384, index // 16384], 1).astype(np.int16)


def amplitude(samples: npt.NDArray[np.float64], hertz: float) -> float:
    """Of the tone in the left side of a window (frames, 2)."""
    time_s = np.arange(len(samples)) / RATE_HZ
    window = np.hanning(len(samples))
    return float(2 * abs(np.sum(samples[:, 0] * window * np.exp(-2j * np.pi * hertz * time_s))) / window.sum())


def longest_silence_s(samples: npt.NDArray[np.float64]) -> float:
    """Length of the longest run of digital silence, in both sides at once."""
    sounding = np.flatnonzero(np.any(samples != 0, axis=1))
    edges = np.concatenate([[-1], sounding, [len(samples)]])
    return float((np.diff(edges).max() - 1) / RATE_HZ)
