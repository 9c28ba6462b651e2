"""Opening sound files: libsndfile's kinds, and M4A through FFmpeg's decoders (PyAV, the extra `[aac]`), which are quicker with Opus too."""

from __future__ import annotations

import importlib.util
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import MissingDependencyError

SUFFIXES = frozenset({".mp3", ".ogg", ".oga", ".opus", ".flac", ".wav"})
AAC_SUFFIXES = frozenset({".m4a", ".mp4"})
UNKNOWN_FRAMES = (1 << 63) - 1
"""libsndfile's way to say that there is no telling."""
PREROLL = 4096
"""Frames decoded before the one that is looked for: AAC's frames overlap, and a decoder wants a few to settle."""
RESERVOIR = 12 * 1152
"""Frames of an MP3 decoded before the one that is looked for: it may take bits from up to 511 bytes before it, and the smallest of
MPEG-1's frames hold 60 (ISO/IEC 11172-3, 2.4.2.7)."""

Samples = npt.NDArray[np.float32]


@cache
def sound_suffixes() -> frozenset[str]:
    """The endings of the files that can be heard here."""
    return SUFFIXES | AAC_SUFFIXES if importlib.util.find_spec("av") else SUFFIXES


class AvError(RuntimeError):
    """The file cannot be decoded, or not any further; of the kind of soundfile's own errors."""


class AvFile:
    """A file that FFmpeg decodes: the part of `soundfile.SoundFile` that mien uses.

    Encoder delay and padding are cut off, as the container says.

    Raises:
        MissingDependencyError: PyAV is not installed.
        OSError: the file cannot be read.
        AvError: it holds no sound that can be decoded.

    """

    def __init__(self, path: Path, delay: int = 0) -> None:
        """`delay`: frames at the beginning that the container's length counts and that are not heard."""
        try:
            import av
        except (ImportError, OSError):
            raise MissingDependencyError(f"{path}: M4A wants PyAV; pip install 'mien[aac]'") from None
        self._error = av.FFmpegError
        with ExitStack() as opened:
            file = opened.enter_context(path.open("rb"))  # by descriptor: a name need not be UTF-8
            try:
                self._container: Any = opened.enter_context(av.open(file))
            except av.FFmpegError as error:
                raise AvError(_reason(error)) from None
            if not self._container.streams.audio:
                raise AvError("holds no sound")
            self._stream = self._container.streams.audio[0]
            self._opened = opened.pop_all()
        self.samplerate = int(self._stream.codec_context.sample_rate)
        self.channels = int(self._stream.codec_context.layout.nb_channels)
        length = self._stream.duration
        self.frames = UNKNOWN_FRAMES if length is None else self._frames(length) - delay
        self._at = 0
        self._ahead = np.zeros((0, self.channels), np.float32)
        self._decoded = self._decode(0)

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> Samples:
        """The next `frames`, (frames, channels), full scale is 1; fewer only at the end."""
        if dtype != "float32" or not always_2d:
            raise ValueError("only float32 in two dimensions is read")
        wanted = min(frames, self.frames - self._at)
        blocks, ahead = [self._ahead], len(self._ahead)
        while ahead < wanted and (block := next(self._decoded, None)) is not None:
            blocks.append(block)
            ahead += len(block)
        whole = np.concatenate(blocks)
        taken, self._ahead = whole[:wanted], whole[wanted:]
        self._at += len(taken)
        return taken

    def seek(self, frame: int) -> int:
        """Go on at `frame`."""
        start = self._stream.start_time or 0
        target = int((frame - PREROLL) / self.samplerate / self._stream.time_base) + start
        try:
            self._container.seek(target, stream=self._stream)
        except self._error as error:
            raise AvError(_reason(error)) from None
        self._at, self._ahead, self._decoded = frame, self._ahead[:0], self._decode(frame)
        return frame

    def close(self) -> None:
        """May be called twice."""
        self._opened.close()

    def _decode(self, first: int) -> Iterator[Samples]:
        """Blocks (frames, channels) from frame `first` on."""
        start = self._stream.start_time or 0
        try:
            for block in self._container.decode(self._stream):
                samples = block.to_ndarray()
                if block.format.is_planar:
                    samples = samples.T
                samples = _full_scale_1(samples).reshape(-1, self.channels)
                late = first - self._frames((block.pts or 0) - start)
                if late < len(samples):
                    yield samples[max(0, late) :]
        except self._error as error:
            raise AvError(_reason(error)) from None

    def _frames(self, ticks: int) -> int:
        return round(float(ticks * self._stream.time_base * self.samplerate))


def _full_scale_1(samples: npt.NDArray[Any]) -> Samples:
    """As floats; lossless codecs (Apple's, FLAC) give whole numbers of 16 or 32 bits, and old ones bytes around 128."""
    if samples.dtype.kind == "f":
        return np.asarray(samples, np.float32)
    scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    return np.asarray(samples / scale - (samples.dtype.kind == "u"), np.float32)


@cache
def _straight_file() -> Any:
    """The class of what libsndfile decodes; made when first needed, as soundfile may be missing."""
    import soundfile

    class StraightFile(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
        """Reads on where it is. `soundfile` itself seeks after each read, and from there an MP3 is silent for up to an eighth of a
        second wherever a frame takes bits from more frames before it than libsndfile's decoder (mpg123) goes back: where small
        frames follow each other, as in quiet passages at a variable bit rate, or at 48 kbit/s.
        """

        def seekable(self) -> bool:
            return False

        def seek(self, frames: int, whence: int = soundfile.SEEK_SET) -> int:
            if self.format != "MP3" or whence != soundfile.SEEK_SET:
                return int(super().seek(frames, whence))
            start = int(super().seek(max(0, frames - RESERVOIR)))
            self.read(frames - start, dtype="float32")
            return frames

    return StraightFile


def open_sound(path: Path) -> Any:
    """The file, open to be read: a `soundfile.SoundFile`, or what reads like one.

    Raises:
        MissingDependencyError: soundfile, or for M4A PyAV, is not installed.
        OSError: it cannot be read.
        RuntimeError, TypeError: it holds no sound that can be decoded (soundfile's errors are of these kinds).

    """
    if path.suffix.lower() in AAC_SUFFIXES or (importlib.util.find_spec("av") and _is_mp4(path)):
        return AvFile(path)
    try:
        kind = _straight_file()
    except (ImportError, OSError):  # OSError: its libsndfile is not for this machine
        raise MissingDependencyError("soundfile is not installed; pip install 'mien[device]'") from None

    # By descriptor: soundfile refuses names that are not valid UTF-8, and goes by endings such as .raw.
    return kind(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def open_to_listen(path: Path) -> Any:
    """The same for who reads it from beginning to end: of Opus FFmpeg makes sound in less than half of libsndfile's time.

    Raises as `open_sound` does.
    """
    delay = _opus_delay(path)
    if delay is None or not importlib.util.find_spec("av"):
        return open_sound(path)
    return AvFile(path, delay)


def _is_mp4(path: Path) -> bool:
    """By its content: an M4A may have another ending (ISO/IEC 14496-12, 4.3)."""
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def _opus_delay(path: Path) -> int | None:
    """Frames that an Opus file of full rate says to skip at its beginning; None if it is no such file (RFC 7845, 5.1).

    Of one that was made of a lower rate libsndfile gives that rate, which is less to listen to.
    """
    with path.open("rb") as file:
        page = file.read(44)
    if not (page.startswith(b"OggS") and page[28:36] == b"OpusHead" and len(page) == 44):
        return None
    delay, rate = struct.unpack_from("<HI", page, 38)
    return int(delay) if rate not in {8000, 12_000, 16_000, 24_000} else None


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
