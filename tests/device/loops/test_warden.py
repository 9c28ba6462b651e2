"""The home is told of every change of a part's health, and of nothing else."""

from __future__ import annotations

import threading

from mien_device.home.messages import Health
from mien_device.loops.warden import Warden
from tests.recorder import Recorder


def test_changes_only() -> None:
    home, troubles, looks = Recorder(), dict[str, str | None](camera=None, sound=None), list[int]()
    temperature: list[float | None] = [50.0]
    warden = Warden(
        {"camera": lambda: troubles["camera"], "sound": lambda: troubles["sound"]},
        home,
        threading.Event(),
        lambda: temperature[0],
        lambda: looks.append(1),
    )
    warden.greet()
    warden.look()
    troubles["sound"] = "gone; plug it in"
    warden.look()
    warden.look()
    troubles["camera"] = "hangs"
    warden.look()
    troubles.update(camera=None, sound=None)
    warden.look()
    assert warden.stride == 1
    temperature[0] = 79.0
    warden.look()
    assert warden.stride == 2
    said = home.of(Health)
    assert [(health.state, sorted(health.reasons)) for health in said] == [
        ("ok", []),
        ("degraded", ["sound"]),
        ("degraded", ["camera", "sound"]),
        ("ok", []),
        ("degraded", ["heat"]),
    ]
    assert said[1].reasons["sound"] == "gone; plug it in"
    assert len(looks) == 7
