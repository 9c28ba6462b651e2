"""The sum of what sounds: tracks that come, go, join and cross-fade, frame by frame. No thread, no clock, no sound card."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mien_device.music import Failure, Track
from mien_device.music.player.limiter import Limiter
from mien_device.music.player.ramps import Fade, Ramp
from mien_device.music.player.source import RATE_HZ, Samples, Source

SOFT = RATE_HZ // 20
"""Frames, 50 ms, in which volume, pause and seek take effect: short for a hand on a knob, long enough not to click."""
VOICES = 4
"""Tracks that may sound at once; in a hurry of skips the oldest gives way within `SOFT`."""


@dataclass(eq=False)
class Voice:
    """A track that sounds, or is to sound next."""

    track: Track
    source: Source
    gain: float
    """That which brings it to the common loudness."""
    overlap: int = 0
    """Frames that it sounds together with the one before it."""
    fade: Fade = field(default_factory=lambda: Fade(silent=False))
    length: int | None = field(init=False)
    """Frames from where it begins to where it ends; None where the file does not say."""

    def __post_init__(self) -> None:
        self.length = self.source.left

    def read(self, frames: int) -> Samples:
        """The next `frames`, or fewer at its end."""
        return self.fade.apply(self.source.read(frames) * np.float32(self.gain))

    @property
    def over(self) -> bool:
        """Whether nothing of it will be heard any more."""
        return self.source.ended or self.fade.silent


class Mixer:
    """Not safe between threads."""

    def __init__(self) -> None:
        self.leading: Voice | None = None
        """What plays; in a fade the one that comes."""
        self.next: Voice | None = None
        """What begins where `leading` ends."""
        self.failures: list[Failure] = []
        self._going: list[Voice] = []
        self._volume = Ramp(1.0)
        self.held = False
        """Whether it is a pause."""
        self._flow = Ramp(1.0)
        """Falls to 0 for a pause."""
        self._limiter = Limiter()

    @property
    def silent(self) -> bool:
        """Whether nothing sounds now."""
        return self._is_still or (self.leading is None and not self._going)

    def start(self, voice: Voice, frames: int) -> None:
        """Fade from all that sounds to `voice` within `frames`. Ends a pause."""
        self.silence(frames)
        voice.fade = Fade(silent=True)
        voice.fade.rise(frames)
        self.leading = voice

    def queue(self, voice: Voice) -> None:
        """Let `voice` begin where `leading` ends, less its `overlap`."""
        self.unqueue()
        self.next = voice
        if self.leading is not None:
            self.leading.source.lead_into(None if voice.overlap else voice.source)

    def unqueue(self) -> None:
        """Forget what comes next."""
        if self.next is not None:
            self.next.source.close()
            self.next = None
        if self.leading is not None:
            self.leading.source.lead_into(None)

    def silence(self, frames: int) -> None:
        """Fade all that sounds out within `frames`. Ends a pause: what was paused is silent already, and so just stops."""
        self.unqueue()
        if self.leading is not None:
            self._going.append(self.leading)
            self.leading = None
        for number, voice in enumerate(reversed(self._going), 2):
            voice.fade.fall(frames if number <= VOICES else min(frames, SOFT))
        still, self.held = self._is_still, False
        if still:
            self._drop(self._going)
        self._flow.go(1.0, 0 if still else SOFT)

    def replace(self, voice: Voice) -> None:
        """Go on with `voice` instead of `leading`, within `SOFT`; all else stays as it is, a pause too."""
        if self.leading is not None:
            self.leading.fade.fall(SOFT)
            self._going.append(self.leading)
        if self._is_still:
            self._drop(self._going)
        else:
            voice.fade = Fade(silent=True)
            voice.fade.rise(SOFT)
        self.leading = voice
        if self.next is not None:
            voice.source.lead_into(None if self.next.overlap else self.next.source)

    def hold(self, *, held: bool) -> None:
        """Pause, or go on. Not a sample is lost or heard twice."""
        self.held = held
        self._flow.go(0.0 if held else 1.0, SOFT)

    def set_volume(self, gain: float) -> None:
        """0 is silent, 1 leaves everything as it is."""
        self._volume.go(gain, 0 if self.silent else SOFT)

    def render(self, frames: int) -> Samples:
        """The next `frames` of what is to be heard, (frames, 2)."""
        mixed = np.zeros((frames, 2), np.float32)
        done = 0
        while done < frames and not self.silent:
            wanted = min(frames - done, self._flow.left or frames)
            part = self._mix(wanted)
            mixed[done : done + len(part)] = part * _column(self._flow.take(len(part)))
            done += len(part)
        if done < frames:
            self._flow.take(frames - done)
        return self._limiter.process(mixed * _column(self._volume.take(frames)))

    def close(self) -> None:
        """Let go of all files."""
        self.unqueue()
        self._drop(self._going)
        if self.leading is not None:
            self.leading.source.close()
            self.leading = None

    @property
    def _is_still(self) -> bool:
        """Whether a pause has come to rest."""
        return self.held and self._flow.left == 0

    def _mix(self, frames: int) -> Samples:
        """Up to `frames` of the sum, ending at the latest where a track begins or ends; maybe none."""
        mixed = np.zeros((0, 2), np.float32)
        if self.leading is not None:
            frames = min(frames, self._until_next(self.leading))
            mixed = self.leading.read(frames)
            if self.leading.over:
                frames = len(mixed)
        if len(mixed) < frames:
            mixed = np.concatenate([mixed, np.zeros((frames - len(mixed), 2), np.float32)])
        for voice in self._going:
            part = voice.read(frames)
            mixed[: len(part)] += part
        self._drop([voice for voice in self._going if voice.over])
        self._hand_over()
        return mixed

    def _until_next(self, leading: Voice) -> int:
        """Frames until the next track begins to fade in; many if none does, or if it begins at this one's very end."""
        left = leading.source.left
        if self.next is None or not self.next.overlap or left is None:
            return RATE_HZ
        return max(0, left - self.next.overlap)

    def _hand_over(self) -> None:
        """Let the next track begin if it is time, and forget the one that has ended."""
        leading, coming = self.leading, self.next
        if leading is None or not (leading.over or (coming is not None and self._until_next(leading) == 0)):
            return
        if leading.source.failure is not None:
            self.failures.append(Failure(leading.track, leading.source.failure))
        self.leading, self.next = coming, None
        left = leading.source.left or 0
        if coming is not None and coming.overlap:
            coming.fade = Fade(silent=True)
            coming.fade.rise(min(coming.overlap, max(left, SOFT)))  # a track that broke off leaves no time
        if leading.over:
            leading.source.close()
        else:
            leading.fade.fall(left)
            self._going.append(leading)

    def _drop(self, voices: list[Voice]) -> None:
        for voice in list(voices):
            voice.source.close()
            self._going.remove(voice)


def _column(gains: object) -> Samples | np.float32:
    """Gains of one frame each, to be multiplied with (n, 2); or the one number that holds for all."""
    return np.float32(gains) if isinstance(gains, float) else np.asarray(gains, np.float32)[:, None]
