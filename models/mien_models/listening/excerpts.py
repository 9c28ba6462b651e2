"""The parts of a recording that are looked at closely: at most six times fifteen seconds, taken while it streams by."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from mien_models.listening.sound import Samples, resample

RATE = 24_000
"""Samples a second of every excerpt. What is above 10 kHz is not looked at: lossy files lack it."""
SECONDS = 15
MOST = 6

FRAME = 2048
HOP = 512
FRAMES_A_SECOND = RATE / HOP
FREQUENCIES = np.fft.rfftfreq(FRAME, 1 / RATE)
BANDS = 40

_LEVEL = 0.1
"""Every excerpt is brought to this root mean square first: how loud a file was mastered says little of its music."""
_SILENT = 1e-4
"""Root mean square below which an excerpt holds no music: -80 dBFS."""


class Excerpts:
    """Takes evenly spaced excerpts, each mixed to mono, from a stream of blocks."""

    def __init__(self, rate: int, promised: int) -> None:
        """For a recording with so many samples a second, of which its header promises so many."""
        self._rate = rate
        length = SECONDS * rate
        count = min(MOST, max(1, -(-promised // length)))
        middles = [(2 * place + 1) * promised // (2 * count) for place in range(count)]
        starts = [max(0, min(middle - length // 2, promised - length)) for middle in middles]
        # The beginning too: a file that was cut off may end before any other.
        self._ranges = [range(start, start + length) for start in (0, *starts)]
        self._parts: list[list[Samples]] = [[] for _ in self._ranges]
        self._position = 0

    def add(self, block: Samples) -> None:
        """Hear the next samples, (samples, channels)."""
        begin, end = self._position, self._position + len(block)
        self._position = end
        for wanted, parts in zip(self._ranges, self._parts, strict=True):
            if begin < wanted.stop and end > wanted.start:
                parts.append(block[max(0, wanted.start - begin) : wanted.stop - begin].mean(axis=1))

    def taken(self) -> list[Excerpt]:
        """Those that are not silent; all of them where the whole recording is. At least one, of what was heard at all."""
        beginning, *others = self._parts
        there = [parts for parts in others if parts] or [beginning]
        whole = [resample(np.concatenate(parts), self._rate, RATE) for parts in there]
        heard = [samples for samples in whole if _root_mean_square(samples) > _SILENT]
        return [Excerpt(samples) for samples in heard or whole]


class Excerpt:
    """Mono sound of a fixed level, and what several features are made of, computed once."""

    def __init__(self, samples: Samples) -> None:
        """From mono samples (samples,) at `RATE`."""
        short = FRAME + 8 * HOP - len(samples)
        padded = np.pad(samples, (0, max(0, short))).astype(np.float32)
        self.level = max(_root_mean_square(padded), _SILENT / 10)
        """Root mean square before it was brought to a common level."""
        self.samples: Samples = padded * np.float32(_LEVEL / self.level)

    @cached_property
    def frames(self) -> Samples:
        """(frames, 2048), not windowed."""
        return np.asarray(np.lib.stride_tricks.sliding_window_view(self.samples, FRAME)[::HOP])

    @cached_property
    def power(self) -> Samples:
        """Short-time power spectrum, (frames, 1025)."""
        spectrum = np.fft.rfft(self.frames * _WINDOW, axis=1)
        return np.asarray(np.square(spectrum.real) + np.square(spectrum.imag), np.float32)

    @cached_property
    def magnitude(self) -> Samples:
        """Its root, (frames, 1025)."""
        return np.asarray(np.sqrt(self.power))

    @cached_property
    def bands(self) -> Samples:
        """Power in mel bands, (frames, 40)."""
        return self.power @ _MEL_BANK

    @cached_property
    def rise(self) -> Samples:
        """By how many dB each mel band grew louder from frame to frame, (frames - 1, 40); 0 where it did not."""
        return np.asarray(np.maximum(np.diff(10 * np.log10(self.bands + np.float32(1e-3)), axis=0), 0))


def _root_mean_square(samples: Samples) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if len(samples) else 0.0


def _mel_bank(low_hz: float, high_hz: float) -> npt.NDArray[np.float32]:
    """Triangles of equal weight, (1025, 40), evenly spaced in mel (O'Shaughnessy 1987)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (low_hz, high_hz))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    rising = (FREQUENCIES[:, np.newaxis] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - FREQUENCIES[:, np.newaxis]) / np.diff(edges)[1:]
    triangles = np.maximum(np.minimum(rising, falling), 0)
    return np.asarray(triangles / triangles.sum(axis=0), np.float32)


_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)
_MEL_BANK = _mel_bank(40, 10_000)
