"""The player: opens the files, lets a thread of its own mix them, and hands the sound to an output."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import numpy as np

from mien_device.music import Failure, Track
from mien_device.music.player.loudness import matching_gain
from mien_device.music.player.mixer import SOFT, Mixer, Voice
from mien_device.music.player.output import BLOCK, Block, Output
from mien_device.music.player.source import RATE_HZ, Source

URGENT_BLOCKS = 4
"""So many are mixed at a time when the card's store runs out: that takes hardly longer than one where the processor or
the interpreter is busy, because most of it is waiting."""
LEAD_S = 3.0
"""The next track is asked for so long before its fade begins: a disk may have to spin up first."""
CLOSING_S = 1.0

log = logging.getLogger(__name__)


class StreamingPlayer:
    """Plays into `output`, fading over `fade_s` seconds (at most half of a track). A `Player`.

    With `threaded=False` nothing is heard until `advance` is called: for one who renders music faster than it plays.
    """

    def __init__(self, output: Output, *, fade_s: float, threaded: bool = True) -> None:
        self._output = output
        self._fade_s = fade_s
        self._gain = 1.0
        self._mixer = Mixer()
        self._lock = threading.Lock()
        """Held while a block is mixed, which takes a millisecond or so; never while a file is opened."""
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(target=self._run, name="mien-player", daemon=True)
            self._thread.start()

    @property
    def name(self) -> str:
        return self._output.name

    @property
    def heard(self) -> bool:
        return self._output.heard

    @property
    def trouble(self) -> str | None:
        return self._output.trouble

    @property
    def playing(self) -> Track | None:
        leading = self._mixer.leading
        return None if leading is None else leading.track

    @property
    def position_s(self) -> float:
        leading = self._mixer.leading
        if leading is None:
            return 0.0
        waits = 0.0 if self._mixer.held else self._output.latency_s
        return max(0.0, leading.source.position_s - waits)

    @property
    def duration_s(self) -> float | None:
        leading = self._mixer.leading
        return None if leading is None else leading.source.duration_s

    @property
    def ending(self) -> bool:
        with self._lock:
            leading = self._mixer.leading
            if leading is None:
                return True
            left = leading.source.left
            return self._mixer.next is None and left is not None and left <= (self._fade_s + LEAD_S) * RATE_HZ

    def play(self, track: Track, at_s: float | None = None) -> None:
        voice = self._voice(track, (track.cue_in_s or 0.0) if at_s is None else at_s)
        with self._lock:
            sounds = not self._mixer.silent
            frames = round(min(self._fade_s * RATE_HZ, (voice.source.left or 0) / 2))
            self._mixer.start(voice, max(frames, SOFT) if sounds else frames)

    def queue(self, track: Track) -> None:
        playing = self.playing
        joined = playing is not None and track.continues(playing)
        voice = self._voice(track, 0.0 if joined else track.cue_in_s or 0.0)
        with self._lock:
            leading = self._mixer.leading
            if leading is None:
                self._mixer.start(voice, 0)
                return
            if joined:
                leading.source.end_at(None)
                voice.gain = leading.gain  # an album keeps its own contrasts
            else:
                voice.overlap = self._overlap(leading, voice)
            self._mixer.queue(voice)

    def unqueue(self) -> None:
        with self._lock:
            self._mixer.unqueue()

    def seek(self, position_s: float) -> None:
        playing = self.playing
        if playing is None:
            return
        voice = self._voice(playing, position_s)
        with self._lock:
            if self._mixer.leading is not None and self._mixer.leading.track is playing:
                voice.gain = self._mixer.leading.gain
                self._mixer.replace(voice)
            else:  # it has ended meanwhile
                voice.source.close()

    def pause(self) -> None:
        with self._lock:
            self._mixer.hold(held=True)

    def resume(self) -> None:
        with self._lock:
            self._mixer.hold(held=False)

    def stop(self) -> None:
        with self._lock:
            self._mixer.silence(max(round(self._fade_s * RATE_HZ), SOFT))

    def set_volume(self, percent: int) -> None:
        with self._lock:
            self._gain = percent / 100
            self._mixer.set_volume(self._gain)

    def set_fade(self, fade_s: float) -> None:
        self._fade_s = fade_s

    def failures(self) -> Sequence[Failure]:
        with self._lock:
            failures, self._mixer.failures = self._mixer.failures, []
        return failures

    def advance(self, seconds: float) -> None:
        """Hand so much to the output, in whole blocks. Only without a thread."""
        for _ in range(round(seconds * RATE_HZ / BLOCK)):
            self._output.write(self._render(BLOCK))

    def close(self) -> None:
        if self._thread is not None and not self._closing.is_set():
            with self._lock:
                self._mixer.silence(SOFT)
            if not self._output.heard:
                self._output.close()  # nobody hears the end, so nobody need wait for it
            self._closing.set()
            self._thread.join(CLOSING_S)
        self._closing.set()
        self._output.close()
        with self._lock:
            self._mixer.close()

    def _run(self) -> None:
        """The loop. Ends only with `close`: whatever is wrong with a file, the next one is played."""
        blocks_left = 1 + -(-2 * SOFT // BLOCK)
        while blocks_left:
            if self._closing.is_set():
                blocks_left -= 1  # what is left to fade out
            try:
                block = self._render(BLOCK * (URGENT_BLOCKS if self._output.urgent else 1))
            except Exception:  # a defect must not cost the music
                log.exception("the music stops for a moment")
                with self._lock:
                    self._mixer.close()
                    self._mixer = Mixer()
                    self._mixer.set_volume(self._gain)
                continue
            self._output.write(block)

    def _render(self, frames: int) -> Block:
        with self._lock:
            samples = self._mixer.render(frames)
        block: Block = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
        return block

    def _voice(self, track: Track, start_s: float) -> Voice:
        """`track`, opened; from `start_s` to its cue-out.

        Raises:
            MusicError: the file cannot be decoded or is gone.

        """
        return Voice(track, Source(track.path, start_s, track.cue_out_s), matching_gain(track))

    def _overlap(self, leading: Voice, coming: Voice) -> int:
        """Frames that two tracks fade into each other: half of either is left untouched."""
        lengths = [leading.length, coming.length]
        if None in lengths:
            return 0
        return round(min(self._fade_s * RATE_HZ, *(length / 2 for length in lengths if length is not None)))
