"""What the process does at a signal. In the main thread only."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def reload_on_signal(reload: Callable[[], None]) -> Iterator[None]:
    """Call `reload` in a thread of its own at every SIGHUP for as long as the block lasts. In the main thread only."""
    kept = signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=reload, name="mien-reload").start())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, kept)


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGTERM and SIGINT for as long as the block lasts. In the main thread only."""
    kept = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
