"""Threads stop together, and the first failure is the one that counts."""

from __future__ import annotations

import logging
import threading

import pytest

from mien_device.loops.crew import Crew
from tests.waiting import LIMIT_S


def test_the_first_failure_stops_everyone_and_is_raised() -> None:
    stop = threading.Event()
    crew = Crew(stop)
    crew.start("waits", stop.wait)

    def fail() -> None:
        raise OSError("gone")

    crew.start("fails", fail)
    assert stop.wait(LIMIT_S)
    assert crew.join(LIMIT_S) == []
    with pytest.raises(OSError, match="gone"):
        crew.raise_failure()


def test_no_failure_raises_nothing() -> None:
    crew = Crew(threading.Event())
    crew.start("ends", lambda: None)
    assert crew.join(LIMIT_S) == []
    crew.raise_failure()


def test_a_thread_that_does_not_end_is_named(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    crew = Crew(threading.Event())
    crew.start("zombie", release.wait)
    with caplog.at_level(logging.ERROR):
        assert crew.join(0.05) == ["mien-zombie"]
    assert "mien-zombie did not stop" in caplog.text
    release.set()
    assert crew.join(LIMIT_S) == []
