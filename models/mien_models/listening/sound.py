"""Sound files, read a second at a time: an hour of music needs no more memory than a minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import soxr

from mien_models.errors import MusicError
from mien_models.listening.sound_file import open_to_listen

Samples = npt.NDArray[np.float32]

_LOWEST_RATE = 4000
_TOO_LOUD = 100.0
"""40 dB over full scale: float files hold such values only where they are damaged."""


class Sound:
    """An open sound file: WAV, FLAC, OGG, Opus, MP3 and whatever else libsndfile reads, told apart by content, not by name."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            MusicError: there is no such file, it is no sound, or it has more than two channels.

        """
        self.path = path
        if not path.is_file():  # a pipe would wait for ever
            raise MusicError(f"{path}: no such file" if not path.exists() else f"{path}: is no file")
        try:
            self._file = open_to_listen(path)
        except OSError as error:
            raise MusicError(f"{path}: cannot be read ({error.strerror})") from error
        except (RuntimeError, TypeError) as error:
            raise MusicError(f"{path}: is no sound that mien can read ({_reason(error)})") from error
        self.rate = self._file.samplerate
        """Samples a second."""
        self.channels = self._file.channels
        self.promised = self._file.frames
        """Samples of each channel, as the header has it: a file that was cut off holds fewer."""
        if self.channels > 2:
            self.close()
            raise MusicError(f"{path}: has {self.channels} channels; mien hears mono and stereo: mix it down")
        if self.rate < _LOWEST_RATE:
            self.close()
            raise MusicError(f"{path}: has {self.rate} samples a second, too few for music; the file may be damaged")

    def blocks(self) -> Iterator[Samples]:
        """A second each, (samples, channels), full scale 1; the last is shorter. It can be asked for once.

        Raises:
            MusicError: the file is damaged, or holds no sound.

        """
        empty = True
        while len(block := self._read()):
            empty = False
            yield block
        if empty:
            raise MusicError(f"{self.path}: holds no sound")

    def _read(self) -> Samples:
        try:
            block: Samples = self._file.read(self.rate, dtype="float32", always_2d=True)
        except RuntimeError as error:
            raise MusicError(f"{self.path}: damaged ({_reason(error)})") from error
        if len(block) and not np.abs(block).max() < _TOO_LOUD:  # also where it is no number
            raise MusicError(f"{self.path}: damaged (samples that are far beyond full scale, or no numbers)")
        return block

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """The same sound, (samples,), at another rate."""
    return samples if rate == wanted else np.asarray(soxr.resample(samples, rate, wanted), np.float32)


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".")
