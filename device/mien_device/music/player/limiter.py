"""Keeps peaks, also those between the samples, below a ceiling; looks ahead, so that it never has to cut one off."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_device.music.player.source import Samples

CEILING_DBTP = -1.0
MARGIN_DB = 0.1
"""Kept aside for what the oversampling misses and for the rounding to 16 bits."""
LOOKAHEAD = 220
"""Frames, 5 ms: the gain comes down as smoothly as that before a peak. All sound is late by so much."""
HOLD = 2205
"""Frames, 50 ms, that the gain stays down after a peak: a low note must not be bent by its own waves."""
SUSPECT = 0.6
"""Samples below it hold no peak above the ceiling between them: 3.3 dB is more than music has been seen to overshoot."""
PHASES = 4
TAPS = 24
"""Oversampling by four, as ITU-R BS.1770-4 (annex 2) has it, with a filter of twice its length: what it misses of a
peak at 20 kHz is below 0.1 dB."""

ROUNDING = LOOKAHEAD - TAPS
"""Frames over which the gain comes down: what is left of the look-ahead once the filter has had its half on both sides."""


def _filters() -> npt.NDArray[np.float64]:
    """(PHASES - 1, TAPS): Kaiser-windowed sinc, for the values at 1/4, 1/2 and 3/4 between two samples."""
    place = np.arange(TAPS) - (TAPS // 2 - 1)
    rows = []
    for phase in range(1, PHASES):
        offset = place - phase / PHASES
        window = np.i0(7 * np.sqrt(np.clip(1 - (offset / (TAPS / 2)) ** 2, 0, 1))) / np.i0(7.0)
        row = np.sinc(offset) * window
        rows.append(row / row.sum())
    return np.array(rows)


FILTERS = _filters()


class Limiter:
    """Takes blocks of samples and gives as many, `LOOKAHEAD` frames late."""

    def __init__(self, ceiling_dbtp: float = CEILING_DBTP) -> None:
        self._ceiling = 10 ** ((ceiling_dbtp - MARGIN_DB) / 20)
        self._late: Samples = np.zeros((LOOKAHEAD + TAPS, 2), np.float32)
        """The last samples that came in: those that have not gone out, and before them what the filter looks back on."""
        self._gains = np.ones(HOLD + 2 * LOOKAHEAD)
        """The gains that the last samples asked for, the newest last."""
        self._working = False

    def process(self, samples: Samples) -> Samples:
        """`samples` (n, 2) in, the n that are due out."""
        line = np.concatenate([self._late, samples])
        count = len(samples)
        self._late = line[count:]
        due = line[TAPS : TAPS + count]
        # One filter's length of what came before is measured again: a peak may lie across the border of two blocks.
        quiet = count == 0 or float(np.abs(line[LOOKAHEAD:]).max()) < SUSPECT
        if quiet and not self._working:
            return due
        asked = np.ones(count) if quiet else self._ask(line[LOOKAHEAD:], count)
        if not self._working and asked.min() == 1:
            return due
        history = np.concatenate([self._gains, asked])
        self._gains = history[count:]
        self._working = bool(self._gains.min() < 1)
        return np.asarray(due * self._smooth(history, count)[:, None], np.float32)

    def _ask(self, line: Samples, count: int) -> npt.NDArray[np.float64]:
        """The gain that each of the newest `count` samples wants, (count,), by the peaks beside it."""
        peaks = np.abs(line).max(axis=1).astype(np.float64)
        half = TAPS // 2
        for side in range(2):
            for row in FILTERS:
                between = np.abs(np.convolve(line[:, side], row[::-1], "valid"))
                place = slice(half - 1, half - 1 + len(between))
                peaks[place] = np.maximum(peaks[place], between)
        # The values beside the newest `half` samples need what comes next: they are asked for in the next block.
        settled = peaks[len(line) - count - half : len(line) - half]
        return np.asarray(np.minimum(1.0, self._ceiling / np.maximum(settled, 1e-9)), np.float64)

    @staticmethod
    def _smooth(history: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
        """The least gain asked for nearby, its corners rounded off, for the `count` samples that are due; (count,)."""
        # lowest[i] is the least of history[i : i + window], so of the hold before and the look-ahead after a sample
        window = HOLD + LOOKAHEAD
        lowest, reach = history, 1
        while reach < window:
            step = min(reach, window - reach)
            lowest = np.minimum(lowest[:-step], lowest[step:])
            reach += step
        # The mean of the last minima: at the peak itself all of them hold its gain.
        sums = np.cumsum(np.concatenate([[0.0], lowest]))
        means = (sums[ROUNDING:] - sums[:-ROUNDING]) / ROUNDING
        return np.asarray(means[-count:], np.float64)
