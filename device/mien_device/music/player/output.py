"""Where the mixed music goes. Here what needs no sound card: silence that keeps time, and a WAV file."""

from __future__ import annotations

import contextlib
import logging
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mien_device.music.player.source import RATE_HZ
from mien_models.errors import MusicError

Block = npt.NDArray[np.int16]
"""(frames, 2)."""
BLOCK = 4096
"""Frames that are mixed and written at a time, 93 ms: fewer cost more, more make the knobs sluggish."""
BUFFER_S = 0.4
"""So much is handed over ahead of what is heard: the interpreter may be busy elsewhere for as long."""

log = logging.getLogger(__name__)


class Output(Protocol):
    """Takes 16-bit stereo of `RATE_HZ`, block by block, from one thread."""

    @property
    def name(self) -> str:
        """What it is, for the log and the home."""

    @property
    def heard(self) -> bool:
        """Whether it goes to a loudspeaker now."""

    @property
    def trouble(self) -> str | None:
        """Why it goes nowhere although it should go somewhere; None while nothing is wrong."""

    @property
    def latency_s(self) -> float:
        """So long after `write` a block is heard."""

    @property
    def urgent(self) -> bool:
        """Whether it is about to run out of music, so that more should come at a time."""

    def write(self, block: Block) -> None:
        """Take `block`; waits until there is room, which is what makes the music keep time. Raises nothing."""

    def close(self) -> None:
        """End, also a `write` that waits. May be called twice, and from any thread."""


class Pace:
    """Lets through as many frames as time has passed, less `BUFFER_S` that may run ahead."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = clock()
        self._closed = threading.Event()

    def wait(self, frames: int) -> None:
        """Wait until `frames` more are due."""
        now = self._clock()
        self._due = max(self._due, now - BUFFER_S) + frames / RATE_HZ
        if self._due - now > BUFFER_S:
            self._closed.wait(self._due - now - BUFFER_S)

    def close(self) -> None:
        """Wait no longer."""
        self._closed.set()


class SilentOutput:
    """Takes the music in real time and lets nobody hear it. `reason` says why; None where silence was asked for."""

    heard = False
    urgent = False
    latency_s = BUFFER_S

    def __init__(self, reason: str | None = None) -> None:
        self.name = f"null ({reason})" if reason else "null"
        self.trouble = reason
        self._pace = Pace()

    def write(self, block: Block) -> None:
        self._pace.wait(len(block))

    def close(self) -> None:
        self._pace.close()


class WavOutput:
    """Writes the file at `path`, in real time or, for one who listens later, as fast as it comes.

    Raises:
        MusicError: the file cannot be written.

    """

    heard = True
    urgent = False
    latency_s = 0.0

    def __init__(self, path: Path, *, real_time: bool = True) -> None:
        self._path = path
        self._bytes = 0
        self._pace = Pace() if real_time else None
        self.trouble: str | None = None
        try:
            self._file = path.open("wb", buffering=0)
            # As if it went on for ever, which players take for "to the end of the file": mien may be killed.
            self._file.write(_wav_header(_WAV_LONGEST))
        except OSError as error:
            raise MusicError(f"{path} (music.device): cannot be written: {error.strerror}") from None

    @property
    def name(self) -> str:
        return f"wav ({self._path})"

    def write(self, block: Block) -> None:
        if not self._file.closed:
            try:
                self._bytes += self._file.write(block.astype("<i2").tobytes())
            except OSError as error:
                self._file.close()
                self.trouble = f"{self._path}: the recording ends here: {error.strerror}"
                log.error("%s", self.trouble)
        if self._pace is not None:
            self._pace.wait(len(block))

    def close(self) -> None:
        if self._pace is not None:
            self._pace.close()
        if self._file.closed:
            return
        with self._file, contextlib.suppress(OSError):  # something that cannot go back, as a pipe
            self._file.seek(0)
            self._file.write(_wav_header(min(self._bytes, _WAV_LONGEST)))


_WAV_LONGEST = 0xFFFFFFFF - 36


def _wav_header(data_bytes: int) -> bytes:
    """Of 16-bit stereo (Microsoft's RIFF/WAVE)."""
    form = struct.pack("<HHIIHH", 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)
    riff = struct.pack("<4sI4s4sI", b"RIFF", data_bytes + 36, b"WAVE", b"fmt ", len(form))
    return riff + form + struct.pack("<4sI", b"data", data_bytes)
