"""Pictures for the home: at once or never, and never those that were asked for before the camera was switched off."""

from __future__ import annotations

import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.home.messages import Snapshot
from mien_device.loops import snapshot
from mien_device.loops.snapshot import Snapshots
from tests.recorder import Recorder

FRAME = Frame(np.zeros((48, 64, 3), np.uint8), 0.0, 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(snapshot.time, "monotonic", lambda: now[0])
    return now


def sent(home: Recorder) -> int:
    return len(home.of(Snapshot))


def test_when_asked_and_when_the_mood_changed(clock: list[float]) -> None:
    home = Recorder()
    pictures = Snapshots(home)
    pictures.look(FRAME, changed=False)
    assert sent(home) == 0
    pictures.ask()
    pictures.look(FRAME, changed=False)
    pictures.look(FRAME, changed=False)
    assert sent(home) == 1
    pictures.look(FRAME, changed=True)  # too soon
    assert sent(home) == 1
    clock[0] += 1.1
    pictures.look(FRAME, changed=False)  # soon enough for what was wanted a second ago
    assert sent(home) == 2


def test_an_old_wish_is_not_carried_out(clock: list[float]) -> None:
    home = Recorder()
    pictures = Snapshots(home)
    pictures.ask()
    clock[0] += 2.5  # no frame came: the camera failed
    pictures.look(FRAME, changed=False)
    assert sent(home) == 0


def test_switched_off_forgets_at_once(clock: list[float]) -> None:
    home = Recorder()
    pictures = Snapshots(home)
    pictures.ask()
    pictures.forget()
    pictures.look(FRAME, changed=False)
    assert sent(home) == 0
