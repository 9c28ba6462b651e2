"""How loud a recording is: EBU R 128 by ITU-R BS.1770-4, a block at a time."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mien_models.listening.sound import Samples

SILENCE_LUFS = -70.0
"""The absolute gate (BS.1770-4, annex 1), and what a silent recording is said to have."""
SILENCE_DBTP = -150.0
"""The true peak of digital silence, in place of minus infinity."""

_OFFSET = -0.691
_RELATIVE_GATE = -10.0
_HOPS = 4
"""Gating blocks are 400 ms long and begin every 100 ms."""

# The two filters of K-weighting: BS.1770-4 gives their coefficients at 48 kHz; these are the analogue ones behind them, which hold
# at any rate (Brecht De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145, 2018).
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
_MEMORY_S = 0.1
"""After this the answer of both filters to a click has fallen to 1e-9."""

# Two of four phases of twelve taps, in 1/8192: the interpolator of BS.1770-4, annex 2. The other two are these, backwards.
_PHASES = (
    (14, 90, -161, 272, -487, 1125, 7964, -838, 390, -218, 122, -68),
    (-239, 240, -424, 730, -1364, 3810, 6388, -1641, 832, -477, 271, -155),
)
_TAPS = 12
_ROW = 32
"""Samples interpolated by one row of the matrix product."""


class LoudnessMeter:
    """Integrated loudness of mono or stereo. A mono file counts as one channel, as the standard has it."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._hop = round(rate / 10)
        self._past = np.zeros((int(_MEMORY_S * rate), channels), np.float32)
        self._left = np.zeros(0, np.float32)
        self._energies: list[npt.NDArray[np.float64]] = []

    def add(self, block: Samples) -> None:
        """Hear the next samples, (samples, channels)."""
        heard = np.concatenate([self._past, block])
        size = len(heard)
        channels = np.ascontiguousarray(heard.T)
        weighted = np.fft.irfft(np.fft.rfft(channels) * _k_weighting(size, self._rate), size)
        fresh = np.square(weighted[:, len(self._past) :]).sum(axis=0).astype(np.float32)
        power = np.concatenate([self._left, fresh])
        self._past = heard[size - len(self._past) :]
        whole = len(power) // self._hop * self._hop
        self._energies.append(power[:whole].reshape(-1, self._hop).mean(axis=1, dtype=np.float64))
        self._left = power[whole:]

    def integrated(self) -> float:
        """Integrated loudness in LUFS of what was heard, at least -70; -70 also for what is shorter than 400 ms."""
        tenths = np.concatenate([np.zeros(0), *self._energies])
        if len(tenths) < _HOPS:
            return SILENCE_LUFS
        blocks = np.convolve(tenths, np.full(_HOPS, 1 / _HOPS), "valid")
        loud = blocks[_lufs(blocks) > SILENCE_LUFS]
        if not len(loud):
            return SILENCE_LUFS
        gate = _lufs(loud.mean()) + _RELATIVE_GATE
        return max(SILENCE_LUFS, float(_lufs(loud[_lufs(loud) > gate].mean())))


class TruePeakMeter:
    """The highest peak between the samples, interpolated four times."""

    def __init__(self, channels: int) -> None:
        self._past = np.zeros((_TAPS - 1, channels), np.float32)
        self._peak = 0.0

    def add(self, block: Samples) -> None:
        """Hear the next samples, (samples, channels)."""
        heard = np.concatenate([self._past, block])
        self._past = heard[len(heard) - len(self._past) :]
        if np.abs(heard).max() * _LARGEST_GAIN > self._peak:  # otherwise nothing between them can be higher
            self._peak = max(self._peak, *(_interpolated_peak(channel) for channel in heard.T))

    def dbtp(self) -> float:
        """The true peak in dB below full scale, -150 for digital silence."""
        return max(SILENCE_DBTP, 20 * math.log10(self._peak)) if self._peak else SILENCE_DBTP


def _interpolated_peak(samples: Samples) -> float:
    rows = -(-(len(samples) - _TAPS + 1) // _ROW)
    padded = np.zeros(rows * _ROW + _TAPS - 1, np.float32)
    padded[: len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, _ROW + _TAPS - 1)[::_ROW]
    between = np.ascontiguousarray(frames) @ _INTERPOLATOR
    return float(max(between.max(), -between.min(), np.abs(samples).max()))


def _interpolator() -> npt.NDArray[np.float32]:
    """(row + taps - 1, 4 × row): a row of samples times this is the same sound at four times the rate."""
    matrix = np.zeros((_ROW + _TAPS - 1, _ROW, 4), np.float32)
    phases = (*_PHASES, _PHASES[1][::-1], _PHASES[0][::-1])
    for sample in range(_ROW):
        for phase, taps in enumerate(phases):
            matrix[sample : sample + _TAPS, sample, phase] = np.array(taps[::-1]) / 8192
    return matrix.reshape(len(matrix), -1)


_INTERPOLATOR = _interpolator()
_LARGEST_GAIN = float(np.abs(_INTERPOLATOR).sum(axis=0).max())


def _lufs(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(_OFFSET + 10 * np.log10(np.maximum(power, 1e-20)))


@lru_cache(maxsize=8)
def _k_weighting(size: int, rate: int) -> npt.NDArray[np.complex64]:
    """The answer of both filters at the frequencies of a real FFT of `size` samples, (size // 2 + 1,)."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    return (_shelf(z, rate) * _high_pass(z, rate)).astype(np.complex64)


def _shelf(z: npt.NDArray[np.complex128], rate: int) -> npt.NDArray[np.complex128]:
    k = math.tan(math.pi * _SHELF_HZ / rate)
    high = 10 ** (_SHELF_DB / 20)
    band = high**0.4996667741545416
    over = high + band * k / _SHELF_Q + k * k, 2 * (k * k - high), high - band * k / _SHELF_Q + k * k
    under = 1 + k / _SHELF_Q + k * k, 2 * (k * k - 1), 1 - k / _SHELF_Q + k * k
    return _biquad(z, over, under)


def _high_pass(z: npt.NDArray[np.complex128], rate: int) -> npt.NDArray[np.complex128]:
    k = math.tan(math.pi * _HIGH_PASS_HZ / rate)
    whole = 1 + k / _HIGH_PASS_Q + k * k
    under = 1.0, 2 * (k * k - 1) / whole, (1 - k / _HIGH_PASS_Q + k * k) / whole
    return _biquad(z, (1.0, -2.0, 1.0), under)


def _biquad(
    z: npt.NDArray[np.complex128], over: tuple[float, float, float], under: tuple[float, float, float]
) -> npt.NDArray[np.complex128]:
    return (over[0] + over[1] * z + over[2] * z * z) / (under[0] + under[1] * z + under[2] * z * z)
