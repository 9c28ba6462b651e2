"""Mel spectrograms: how much of each pitch range sounds, moment by moment."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Samples a second of what is looked at."""
BANDS = 64
_WINDOW = 1024
_HOP = 512
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 8000.0
_FLOOR = 1e-10  # power; -100 dB of a full-scale square

Array = npt.NDArray[np.float32]


def mel_spectrogram(audio: Array) -> Array:
    """Decibels (frames, 64) of samples (n,) at 16 kHz; n must be a window of 1,024 or more.

    Hann windows of 64 ms, 32 ms apart; power spectrum; 64 triangles, equally wide in mel and overlapping by half (Davis and
    Mermelstein 1980), each of height one.
    """
    windows = np.lib.stride_tricks.sliding_window_view(audio, _WINDOW)[::_HOP]
    spectrum = np.fft.rfft(windows * np.hanning(_WINDOW + 1)[:-1].astype(np.float32), axis=1)
    power = (np.abs(spectrum) ** 2 / _WINDOW).astype(np.float32)
    decibels: Array = (10 * np.log10(power @ _triangles() + _FLOOR)).astype(np.float32)
    return decibels


@cache
def _triangles() -> Array:
    """The weight of each frequency in each band, (513, 64)."""
    edges = _hertz(np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), BANDS + 2))
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hertz: float) -> float:
    """O'Shaughnessy 1987, Speech Communication, p. 150."""
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))
