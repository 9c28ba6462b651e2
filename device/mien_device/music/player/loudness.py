"""How much louder or softer a track is played so that all are equally loud."""

from __future__ import annotations

from mien_device.music import Track
from mien_device.music.player.limiter import CEILING_DBTP, MARGIN_DB

TARGET_LUFS = -18.0
"""ReplayGain 2.0's reference: leaves quiet music room for its peaks."""
UNKNOWN_DB = -6.0
"""Of a track that nobody has measured: the headroom that two of them need in a fade, and typical of what is on disks."""
HIGHEST_DB = 12.0
"""What is nearly silent stays quiet: more gain than this only lifts its noise."""


def matching_gain(track: Track) -> float:
    """The factor that brings `track` to `TARGET_LUFS`, or as near as its true peak lets it below `CEILING_DBTP`."""
    if track.loudness_lufs is None:
        return _factor(UNKNOWN_DB)
    wanted_db = min(TARGET_LUFS - track.loudness_lufs, HIGHEST_DB)
    if track.true_peak_dbtp is not None:
        # Twice the limiter's margin, so that the limiter leaves the track alone.
        wanted_db = min(wanted_db, CEILING_DBTP - 2 * MARGIN_DB - track.true_peak_dbtp)
    return _factor(wanted_db)


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))
