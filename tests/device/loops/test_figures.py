"""The figures look back for a minute."""

from __future__ import annotations

from mien_device.health.prometheus import exposition
from mien_device.loops.figures import Figures


def test_of_the_last_minute() -> None:
    now = [0.0]
    figures = Figures(clock=lambda: now[0])
    assert_nothing_was_looked_at(figures)
    for number in range(600):
        now[0] = number / 10
        figures.add(now[0] - 0.05, now[0], inferences_s=0.004, faces=2 if number % 2 else 0)
    stats = figures.stats(7)
    assert 9.9 < stats.fps < 10.1
    assert (stats.frame_age_ms_p50, stats.inference_ms_p50, stats.frames_dropped) == (50, 2, 7)
    now[0] += 30
    assert 4.9 < figures.stats(7).fps < 5.1, "the camera was switched off half a minute ago"
    now[0] += 60
    assert_nothing_was_looked_at(figures)
    assert figures.stats(7).uptime_s == 149


def assert_nothing_was_looked_at(figures: Figures) -> None:
    """Of that there is a rate, but no times."""
    stats = figures.stats(0)
    assert (stats.fps, stats.frame_age_ms_p50, stats.frame_age_ms_max, stats.inference_ms_p50) == (0, None, None, None)
    assert "mien_inference_ms_p50" not in exposition(stats.model_dump())
