"""Waiting for what must happen: on a condition, with a limit that only a defect reaches, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

LIMIT_S = 60.0
"""Two processes with tests share two processors with whatever else runs there. Who waits on a condition loses nothing by it."""
TURN_S = 0.01

T = TypeVar("T")


def wait_until(condition: Callable[[], T], why: str | Callable[[], object] = "", timeout_s: float = LIMIT_S) -> T:
    """Ask until the answer is true, and give it.

    Args:
        condition: asked again and again.
        why: for the failure: what did not happen, or what tells of it (a log, messages).
        timeout_s: the limit.

    Raises:
        AssertionError: it did not happen; with `why` and the last answer.

    """
    end = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() >= end:
            raise AssertionError(f"not within {timeout_s:g} s ({answer!r}): {why() if callable(why) else why}")
        time.sleep(TURN_S)
    return answer


@contextmanager
def well_within(seconds: float) -> Iterator[None]:
    """What is done here takes half of `seconds` at most, which is what it takes where it does not do what it should.

    To be given minutes: then nothing else makes it slow.
    """
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    assert took < seconds / 2, f"it took {took:.1f} s"
