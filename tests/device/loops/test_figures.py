"""The figures look back for a minute."""

from __future__ import annotations

from mien_device.loops.figures import Figures


def test_of_the_last_minute() -> None:
    now = [0.0]
    figures = Figures(clock=lambda: now[0])
    assert figures.stats(0).fps == 0
    for number in range(600):
        now[0] = number / 10
        figures.add(now[0] - 0.05, now[0], inferences_s=0.004, faces=2 if number % 2 else 0)
    stats = figures.stats(7)
    assert 9.9 < stats.fps < 10.1
    assert (stats.frame_age_ms_p50, stats.inference_ms_p50, stats.frames_dropped) == (50, 2, 7)
    now[0] += 30
    assert 4.9 < figures.stats(7).fps < 5.1, "the camera was switched off half a minute ago"
    now[0] += 60
    assert figures.stats(7).fps == 0
    assert figures.stats(7).uptime_s == 149
