"""The output that is heard: a sound card, which may go away at any time and come back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from mien_device.music.player.output import BLOCK, BUFFER_S, Block, Pace
from mien_device.music.player.probe import BUFFER_FRAMES, probe_sound
from mien_device.music.player.sdl import SdlError, SoundCard, Stream
from mien_device.music.player.source import RATE_HZ
from mien_models.errors import MusicError

BUFFER = round(BUFFER_S * RATE_HZ)
STUCK_S = 3.0
"""A card that has taken nothing for so long is as good as gone."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""Pauses between two looks for a card that has gone; each is twice the one before."""

log = logging.getLogger(__name__)


class CardStream(Protocol):
    """An open sound card: what `sdl.Stream` is."""

    driver: str
    devices: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether it has gone."""

    @property
    def queued(self) -> int:
        """Frames that wait for it."""

    def queue(self, samples: bytes) -> None:
        """Add interleaved 16-bit stereo to what waits.

        Raises:
            SdlError: it does not take it.

        """

    def close(self) -> None:
        """Let go of it. May be called twice."""


class CardOutput:
    """Plays on the output `device` (empty: the default) through SDL. An `Output`.

    While there is no card the music keeps time in silence. A thread of its own looks for the card again, because that
    can take seconds.
    """

    latency_s = BUFFER_S

    def __init__(
        self,
        device: str = "",
        *,
        probe: Callable[[str], SoundCard] = probe_sound,
        open_stream: Callable[[int, int, str], CardStream] = Stream,
    ) -> None:
        self._device = device
        self._probe = probe
        self._open_stream = open_stream
        self._stream: CardStream | None = None
        self._pace = Pace()
        self._closed = threading.Event()
        self._looking: threading.Thread | None = None
        self.reason: str | None = None
        """Why nothing is heard; None while a card plays."""
        try:
            self._stream = self._open()
        except MusicError as error:
            self.reason = str(error)
            self._look_again(LONGEST_PAUSE_S)  # one that was never there is not expected within the second

    @property
    def name(self) -> str:
        stream = self._stream
        if stream is None:
            return f"pygame ({self.reason})"
        return f"pygame ({stream.driver}: {', '.join(stream.devices) or 'default output'})"

    @property
    def heard(self) -> bool:
        return self._stream is not None

    @property
    def trouble(self) -> str | None:
        return None if self._stream is not None else self.reason

    @property
    def urgent(self) -> bool:
        stream = self._stream
        return stream is not None and stream.queued < BUFFER // 2

    def write(self, block: Block) -> None:
        stream = self._stream
        if stream is None:
            self._pace.wait(len(block))
            return
        try:
            self._wait_for_room(stream)
            stream.queue(block.tobytes())
        except SdlError as error:
            self._lose(stream, str(error))

    def close(self) -> None:
        self._closed.set()
        self._pace.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            until = time.monotonic() + 2 * BUFFER_S
            while stream.queued and not stream.lost and time.monotonic() < until:
                time.sleep(0.01)  # what was written is heard to its end
            stream.close()

    def _wait_for_room(self, stream: CardStream) -> None:
        """Wait until a block fits; a larger one, written in need, may go beyond.

        Raises:
            SdlError: the card has gone, or takes nothing any more.

        """
        queued = stream.queued
        until = time.monotonic() + STUCK_S
        while queued + BLOCK > BUFFER and not self._closed.is_set():
            if stream.lost:
                raise SdlError("it was taken away")
            if time.monotonic() > until:
                raise SdlError(f"it has taken nothing for {STUCK_S:g} s")
            time.sleep(min((queued + BLOCK - BUFFER) / RATE_HZ, BUFFER_S) + 0.001)
            queued = stream.queued
        if stream.lost:
            raise SdlError("it was taken away")

    def _open(self) -> CardStream:
        self._probe(self._device)
        try:
            return self._open_stream(RATE_HZ, BUFFER_FRAMES, self._device)
        except SdlError as error:
            raise MusicError(f"the sound card cannot be opened: {error}") from None

    def _lose(self, stream: CardStream, reason: str) -> None:
        self._stream = None
        self.reason = f"the sound card is gone: {reason}"
        log.warning("%s; the music keeps time, and is heard when the card is back", self.reason)
        self._look_again(FIRST_PAUSE_S, stream)

    def _look_again(self, pause_s: float, gone: CardStream | None = None) -> None:
        self._looking = threading.Thread(target=self._look, args=(pause_s, gone), name="mien-sound-card", daemon=True)
        self._looking.start()

    def _look(self, pause_s: float, gone: CardStream | None) -> None:
        if gone is not None:
            gone.close()  # here, because a card that is stuck may hold this up
        while not self._closed.wait(pause_s):
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            try:
                stream = self._open()
            except MusicError as error:
                self.reason = str(error)
                continue
            self.reason = None
            self._stream = stream
            log.info("there is sound: %s", self.name)
            return
