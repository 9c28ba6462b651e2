"""The real player with its recording output and no clock: what it would play in a minute is there in half a second."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import soundfile

from mien_device.music import Track
from mien_device.music.player import StreamingPlayer, WavOutput
from mien_device.music.player.limiter import LOOKAHEAD
from mien_models.labels import Mood
from tests.device.music.sounds import RATE_HZ
from tests.needs import need_program

Sound = npt.NDArray[np.float64]
"""(frames, 2), full scale is 1."""


class Studio:
    """`player` plays into a file; `heard` ends it and gives what was recorded. A test's end closes all (`conftest.py`)."""

    opened: ClassVar[list[Studio]] = []

    def __init__(self, folder: Path, fade_s: float) -> None:
        self._path = folder / "heard.wav"
        self.player = StreamingPlayer(WavOutput(self._path, real_time=False), fade_s=fade_s, threaded=False)
        self.opened.append(self)

    def heard(self) -> Sound:
        """All so far, without the samples by which the limiter is late."""
        self.player.close()
        samples, rate = soundfile.read(self._path)
        assert rate == RATE_HZ
        return np.asarray(samples[LOOKAHEAD:])


def write(path: Path, samples: Sound, rate: int = RATE_HZ) -> Path:
    """By soundfile; the name's ending says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)
    return path


def encode(source: Path, target: Path) -> Path:
    """By ffmpeg, as people's files are made."""
    subprocess.run([need_program("ffmpeg"), "-nostdin", "-v", "error", "-y", "-i", source, target], check=True)
    return target


def song(path: Path, loudness_lufs: float | None = -18.0, **known: object) -> Track:
    """At the common loudness, if nothing else is said: what comes out is what is in the file."""
    return Track(path, Mood.HAPPY, loudness_lufs=loudness_lufs, **known)  # type: ignore[arg-type]


def sine(hertz: float, length_s: float, amplitude: float = 0.4, rate: int = RATE_HZ) -> Sound:
    wave = amplitude * np.sin(2 * np.pi * hertz * np.arange(round(length_s * rate)) / rate)
    return np.stack([wave, wave], 1)


def noise(length_s: float, amplitude: float = 0.1, seed: int = 0) -> Sound:
    return np.random.default_rng(seed).normal(0, amplitude, (round(length_s * RATE_HZ), 2))


def true_peak(samples: Sound) -> float:
    """dB below full scale, by an FFT eight times as fine: exact for what lies between the samples."""
    length = 1 << 16
    highest = 0.0
    for start in range(0, len(samples), length // 2):
        part = np.zeros((length, 2))
        part[: len(samples[start : start + length])] = samples[start : start + length]
        fine = np.fft.irfft(np.fft.rfft(part, axis=0), 8 * length, axis=0) * 8
        highest = max(highest, float(np.abs(fine[length:-length]).max()))  # without the edges, where the part is cut
    return float(20 * np.log10(highest))


def steepest(samples: Sound) -> float:
    """The greatest step from one sample to the next: a click is far steeper than a low tone."""
    return float(np.abs(np.diff(samples, axis=0)).max())
