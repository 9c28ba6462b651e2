"""A music file as a stream of samples: decoded block by block, so that an hour takes no more memory than a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import MusicError
from mien_models.listening.sound_file import open_sound

RATE_HZ = 44_100
"""Of all that is mixed; files of another rate are resampled."""
CHUNK = 16384
"""Frames that are decoded at a time. Each call of the decoder gives the interpreter away and has to wait for its turn
again: with small chunks a busy process starves the player, with these it decodes ten times as fast."""
RESERVE = RATE_HZ // 100
"""Frames that are decoded ahead of need: where a file breaks off, these are faded out, so that there is no click."""
UNKNOWN = 1 << 48
"""Frames; a length beyond it is libsndfile's way to say that there is none."""
GUESSED = 0.01
"""By so much of its length a file may end early and count as whole: some MP3 files only let the length be guessed."""
FOLD = 0.7071
"""Gain of the middle and the surrounding channels in each side of the stereo picture (ITU-R BS.775)."""

Samples = npt.NDArray[np.float32]
"""(frames, 2), full scale is 1."""


class Source:
    """Reads the file from `start_s` to `end_s` (None: its end) as stereo of `RATE_HZ`. Not safe between threads.

    Raises:
        MusicError: the file is gone, cannot be decoded, or holds no sound.

    """

    def __init__(self, path: Path, start_s: float = 0.0, end_s: float | None = None) -> None:
        self.path = path
        self.failure: str | None = None
        """Why it broke off; None while it reads and after a proper end."""
        self._file = _open(path)
        self._rate: int = self._file.samplerate
        total: int | None = self._file.frames if self._file.frames < UNKNOWN else None
        if total == 0:
            self._file.close()
            raise MusicError(f"{path}: holds no sound")
        self.duration_s = None if total is None else total / self._rate
        self._at = self._seek(start_s)
        self._total = total
        self._end = total
        self.end_at(end_s)
        self._resampler = _resampler(self._rate)
        self._ahead: Samples = np.zeros((0, 2), np.float32)
        self._decoded_all = False
        self._successor: Source | None = None
        self._read = 0
        self._start_s = self._at / self._rate

    @property
    def position_s(self) -> float:
        """Where in the file the next sample lies."""
        return float(self._start_s + self._read / RATE_HZ)

    @property
    def left(self) -> int | None:
        """Frames that are still to come, as the file's headers have it; None if they do not say."""
        if self._decoded_all:
            return len(self._ahead)
        return (
            None
            if self._end is None
            else max(0, round((self._end - self._at) * RATE_HZ / self._rate)) + len(self._ahead)
        )

    @property
    def ended(self) -> bool:
        """Whether all has been read."""
        return self._decoded_all and not len(self._ahead)

    def end_at(self, end_s: float | None) -> None:
        """End at this place of the file, or where the file does (None)."""
        self._end = self._total
        if end_s is not None:
            end = max(round(end_s * self._rate), self._at + 1)
            self._end = end if self._total is None else min(end, self._total)

    def lead_into(self, successor: Source | None) -> None:
        """What comes right after. Where both are resampled, the filter then runs on from one into the other."""
        self._successor = successor

    def read(self, frames: int) -> Samples:
        """The next `frames`; fewer only at the end."""
        while len(self._ahead) < frames + RESERVE and not self._decoded_all:
            self._decode()
        taken, self._ahead = self._ahead[:frames], self._ahead[frames:]
        self._read += len(taken)
        return taken

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._file.close()

    def _decode(self) -> None:
        """A chunk more into `_ahead`."""
        wanted = CHUNK if self._end is None else min(CHUNK, self._end - self._at)
        try:
            raw = (
                self._file.read(wanted, dtype="float32", always_2d=True) if wanted > 0 else np.zeros((0, 2), np.float32)
            )
        except (RuntimeError, OSError) as error:  # soundfile's own errors are RuntimeErrors
            raw = np.zeros((0, self._file.channels), np.float32)
            self.failure = f"{self.path}: cannot be read any further ({error})"
        self._at += len(raw)
        over = len(raw) < wanted or wanted <= 0
        stereo = _stereo(raw)
        if self._resampler is not None:
            stereo = self._resample(stereo, over)
        self._ahead = np.concatenate([self._ahead, stereo])
        if over:
            self._decoded_all = True
            self._mind_the_end()

    def _resample(self, stereo: Samples, over: bool) -> Samples:
        heir = self._successor
        if over and heir is not None and heir._rate == self._rate and heir._read == 0 and not len(heir._ahead):
            heir._resampler = self._resampler  # what is still inside it comes out at the other's beginning
            over = False
        return np.asarray(self._resampler.resample_chunk(np.ascontiguousarray(stereo), last=over), np.float32)

    def _mind_the_end(self) -> None:
        """Fade the last samples out if the file was to go on here."""
        missing_s = 0.0 if self._end is None else (self._end - self._at) / self._rate
        if missing_s <= 0 and self.failure is None:
            return
        if self.failure is None and missing_s > max(1.0, GUESSED * (self.duration_s or 0)):
            self.failure = f"{self.path}: ends {missing_s:.1f} s before its headers say; is it whole?"
        length = min(RESERVE, len(self._ahead))
        if length:
            fall = np.linspace(1, 0, length, dtype=np.float32)[:, None]
            self._ahead = np.concatenate([self._ahead[:-length], self._ahead[-length:] * fall])

    def _seek(self, start_s: float) -> int:
        """Go to `start_s`, or as near as the file lets; the frame that is read next."""
        last = max(self._file.frames - 1, 0)
        wanted = min(max(round(start_s * self._rate), 0), last)
        if wanted == 0:
            return 0
        try:
            return int(self._file.seek(wanted))
        except (RuntimeError, OSError):
            return 0  # a damaged file is played from its beginning, if that can be


def _open(path: Path) -> Any:
    try:
        return open_sound(path)
    except OSError as error:
        raise MusicError(f"{path}: cannot be read: {error.strerror}") from None
    except (RuntimeError, TypeError, ValueError) as error:
        reason = getattr(error, "error_string", None) or str(error)
        raise MusicError(
            f"{path}: cannot be decoded ({reason}); play it elsewhere to see whether it is whole"
        ) from None


def _resampler(rate_hz: int) -> Any:
    if rate_hz == RATE_HZ:
        return None
    import soxr

    return soxr.ResampleStream(rate_hz, RATE_HZ, 2, dtype="float32", quality="HQ")


def _stereo(raw: Samples) -> Samples:
    """Two channels out of any number (left, right, then the middle and what surrounds)."""
    channels = raw.shape[1]
    if channels == 2:
        return raw
    if channels == 1:
        return np.repeat(raw, 2, axis=1)
    rest = raw[:, 2:].sum(axis=1, keepdims=True) * np.float32(FOLD)
    folded: Samples = (raw[:, :2] + rest) / np.float32(1 + FOLD * (channels - 2))
    return folded
