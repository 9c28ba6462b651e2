"""Sounds of which everything is known, because they were computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float32]


def sine(seconds: float, hz: float, dbfs: float, rate: int, *, channels: int = 1, phase: float = 0.0) -> Samples:
    """(samples, channels), with the peak at `dbfs`."""
    turns = hz * np.arange(round(seconds * rate)) / rate
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * turns + phase)
    return np.repeat(wave[:, np.newaxis], channels, axis=1).astype(np.float32)


def noise(seconds: float, rate: int, seed: int, *, channels: int = 1, level: float = 0.1) -> Samples:
    """Pink-ish noise whose loudness changes from second to second."""
    random = np.random.default_rng(seed)
    count = round(seconds * rate)
    white = random.normal(size=(count, channels))
    spectrum = np.fft.rfft(white, axis=0) / np.sqrt(np.arange(count // 2 + 1) + 1)[:, np.newaxis]
    pink = np.fft.irfft(spectrum, count, axis=0)
    envelope = np.repeat(10 ** random.uniform(-1.5, 0, int(seconds) + 1), rate)[:count, np.newaxis]
    return (level * pink / np.abs(pink).max() * envelope).astype(np.float32)


def chord(seconds: float, midi: tuple[int, ...], rate: int) -> Samples:
    """Tones with four overtones each, which fade in and out."""
    turns = np.arange(round(seconds * rate)) / rate
    tones = [
        np.sin(2 * np.pi * overtone * 440 * 2 ** ((note - 69) / 12) * turns) / overtone
        for note in midi
        for overtone in range(1, 5)
    ]
    return (0.05 * np.sum(tones, axis=0) * np.hanning(len(turns)))[:, np.newaxis].astype(np.float32)


def clicks(seconds: float, beats_a_minute: float, rate: int) -> Samples:
    """A short burst of noise on every beat."""
    wave = np.zeros((round(seconds * rate), 1), np.float32)
    burst = np.random.default_rng(0).normal(size=(rate // 50, 1)) * np.hanning(rate // 50)[:, np.newaxis] * 0.3
    for beat in range(int(seconds * beats_a_minute / 60)):
        start = round(beat * 60 / beats_a_minute * rate)
        part = wave[start : start + len(burst)]
        part += burst[: len(part)].astype(np.float32)
    return wave


def write(path: Path, samples: Samples, rate: int, subtype: str | None = None) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path
