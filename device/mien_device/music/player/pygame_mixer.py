"""The player that is heard: pygame's mixer, each track a `Sound` of its own, cross-faded by SDL's linear ramps.

A track is decoded whole before it starts (40 MB for four minutes; SDL's fades work on such sounds only), in the thread
that calls `play`; pygame lets the interpreter go meanwhile, so the other threads run on.

The ramps are linear on purpose: the gains of all that sounds never add up to more than one, also when a fade is cut
short by the next, so what does not clip alone does not clip together. Equal power would need a limiter.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinytag import TinyTag, TinyTagException

from mien_device.music import Track
from mien_device.music.player.probe import BUFFER_FRAMES, RATE_HZ, SDL_SETTINGS, SoundCard
from mien_models.errors import MusicError

VOICES = 3
"""Tracks that may sound at once: one that comes, one that goes, and one that was still going when a third was asked for."""
LONGEST_S = 900.0
"""A quarter of an hour is 160 MB once decoded, and twice that while SDL decodes it: what a small Pi can hold."""
LARGEST_UNKNOWN_BYTES = 6_000_000
"""Of a file whose length cannot be told: a quarter of an hour at 52 kbit/s."""


class PygamePlayer:
    """Plays on `card`, fading over `fade_s` seconds (at most half of the track). A `Player`.

    Raises:
        MusicError: the card cannot be opened (any more).

    """

    def __init__(self, card: SoundCard, *, fade_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        for name, value in SDL_SETTINGS.items():
            os.environ.setdefault(name, value)
        import pygame.mixer

        self._card = card
        self._longest_fade_s = fade_s
        self._clock = clock
        self._mixer: Any = pygame.mixer
        self._sdl_error = pygame.error
        try:
            self._mixer.init(RATE_HZ, -16, 2, BUFFER_FRAMES)
        except pygame.error as error:
            raise MusicError(f"the sound card cannot be opened: {error}") from None
        self._mixer.set_num_channels(VOICES)
        self._volume = 1.0
        self._track: Track | None = None
        self._channel: Any = None
        self._ends_at = 0.0
        self._fade_s = 0.0
        self._paused_at: float | None = None

    @property
    def name(self) -> str:
        return f"pygame ({self._card.driver}: {', '.join(self._card.devices) or 'default output'})"

    @property
    def playing(self) -> Track | None:
        if self._track is not None and not self._channel.get_busy():
            self._track = None
        return self._track

    @property
    def ending(self) -> bool:
        now = self._clock() if self._paused_at is None else self._paused_at
        return self.playing is None or now >= self._ends_at - self._fade_s

    def play(self, track: Track) -> None:
        sound = self._decode(track.path)
        length_s = sound.get_length()
        fade_s = min(self._longest_fade_s, length_s / 2)
        self._silence_others(fade_s)
        sound.set_volume(self._volume)
        channel = self._mixer.find_channel(force=True)  # if all are busy, the one that has been fading out longest
        channel.play(sound, fade_ms=round(fade_s * 1000))
        self._track, self._channel, self._fade_s = track, channel, fade_s
        self._ends_at = self._clock() + length_s

    def pause(self) -> None:
        if self.playing is not None and self._paused_at is None:
            self._mixer.pause()
            self._paused_at = self._clock()

    def resume(self) -> None:
        if self._paused_at is not None:
            self._ends_at += self._clock() - self._paused_at
            self._paused_at = None
            self._mixer.unpause()

    def stop(self) -> None:
        if self._track is not None:
            self._silence_others(self._longest_fade_s)
            self._track = None

    def set_volume(self, percent: int) -> None:
        # The volume goes to the sounds because the channels' own volumes are what SDL moves while it fades.
        self._volume = percent / 100
        for channel in self._busy_channels():
            channel.get_sound().set_volume(self._volume)

    def close(self) -> None:
        self._track = None
        self._mixer.quit()

    def _decode(self, path: Path) -> Any:
        try:
            _check_length(path)
            # As bytes: a name that is not UTF-8 must arrive as it is on the disk.
            sound = self._mixer.Sound(os.fsencode(path))
        except OSError as error:
            raise MusicError(f"{path}: cannot be read: {error.strerror}") from None
        except (self._sdl_error, MemoryError) as error:
            raise MusicError(
                f"{path}: cannot be decoded ({error}); play it elsewhere to see whether it is whole"
            ) from None
        if sound.get_length() == 0:
            raise MusicError(f"{path}: holds no sound")
        return sound

    def _silence_others(self, fade_s: float) -> None:
        """Let all that sounds fade out. Ends a pause: what was paused is silent already, and so just stops."""
        for channel in self._busy_channels():
            # SDL ignores the fade-out of a channel that has not begun to fade in: it would sound for ever after.
            if self._paused_at is not None or fade_s == 0 or channel.get_volume() == 0:
                channel.stop()
            else:
                channel.fadeout(round(fade_s * 1000))
        self._paused_at = None

    def _busy_channels(self) -> list[Any]:
        channels = (self._mixer.Channel(number) for number in range(VOICES))
        return [channel for channel in channels if channel.get_busy()]


def _check_length(path: Path) -> None:
    """See that the decoded track will fit into memory, by what its headers say.

    Raises:
        MusicError: it will not.
        OSError: the file cannot be read.

    """
    size = path.stat().st_size
    try:
        length_s = TinyTag.get(os.fsencode(path), tags=False).duration or None
    except (TinyTagException, ValueError, ArithmeticError, LookupError, struct.error):
        length_s = None  # SDL says better what is wrong with it
    if length_s is None and size > LARGEST_UNKNOWN_BYTES:
        raise MusicError(f"{path}: {size / 1e6:.0f} MB whose length cannot be told; convert it to OGG, FLAC or WAV")
    if length_s is not None and length_s > LONGEST_S:
        raise MusicError(
            f"{path}: {length_s / 60:.0f} minutes are too long to be held in memory (at most {LONGEST_S / 60:.0f}); "
            "split it into tracks"
        )
