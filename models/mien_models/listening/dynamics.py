"""How the loudness of an excerpt moves."""

from __future__ import annotations

import numpy as np

from mien_models.listening.excerpts import FRAME, FRAMES_A_SECOND, HOP, Excerpt
from mien_models.listening.timbre import Values


def dynamics(excerpt: Excerpt) -> Values:
    """Spread, quantiles and steps of the level in dB, from frame to frame and from second to second; crest; level, (14,)."""
    hops = np.square(excerpt.samples[: len(excerpt.samples) // HOP * HOP].reshape(-1, HOP)).mean(axis=1)
    mean_square = np.convolve(hops, np.full(FRAME // HOP, HOP / FRAME), "valid") + 1e-10
    level = 10 * np.log10(mean_square)
    root = np.sqrt(mean_square)
    steps = np.diff(level)
    second = int(FRAMES_A_SECOND)
    seconds = level[: max(1, len(level) // second) * second]
    slow = seconds.reshape(-1, second).mean(axis=1) if len(seconds) >= second else level.mean(keepdims=True)
    return np.array(
        [
            level.std(),
            *(np.percentile(level, [5, 25, 50, 75, 95]) - level.mean()),
            (root < 0.5 * root.mean()).mean(),
            20 * np.log10(np.abs(excerpt.samples).max() + 1e-10),
            np.abs(steps).mean(),
            np.maximum(steps, 0).std(),
            np.square(np.square(10 * excerpt.samples)).mean(dtype=np.float64) ** 0.25,
            slow.std(),
            np.abs(np.diff(slow)).mean() if len(slow) > 1 else 0.0,
            20 * np.log10(excerpt.level),
        ]
    )
