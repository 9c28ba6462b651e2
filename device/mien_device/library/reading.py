"""What a scan learns of a file that is new or has changed: whose audio it is, and what it says of itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import BinaryIO

from mien_device.library.audio_hash import UNKNOWN, Container, hash_audio
from mien_device.library.tags import Tags, read_tags
from mien_device.library.walk import Found
from mien_models.errors import MusicError


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's audio and tags."""

    audio: str
    """Its hash, see `audio_hash.py`."""
    tags: Tags


def read(found: Found) -> Reading | None:
    """Read the file; None if it changed meanwhile, so that it is too early to say what it is.

    Raises:
        MusicError: it is no music. One line without its name.
        OSError: it cannot be read.

    """
    with open(found.path, "rb") as file:  # noqa: PTH123 - bytes
        audio, container = hash_audio(file)
        tags = read_tags(file, container)
        if tags.duration_s is None:
            tags = replace(tags, duration_s=_duration_s(file, container))
        status = os.fstat(file.fileno())
    if (status.st_size, status.st_mtime_ns) != (found.stamp.size, found.stamp.mtime_ns):
        return None
    return Reading(audio, tags)


def _duration_s(file: BinaryIO, container: Container) -> float:
    """For a file with damaged tags: by its audio alone.

    Raises:
        MusicError: there is none that can be decoded.

    """
    file.seek(0)
    length = _mp3_duration_s(file) if container is Container.MP3 else _other_duration_s(file)
    if not length > 0:
        raise MusicError(f"damaged ({container}): no sound in it")
    return length


def _mp3_duration_s(file: BinaryIO) -> float:
    from mutagen import MutagenError
    from mutagen.mp3 import MPEGInfo

    try:
        return float(MPEGInfo(file).length)
    except (MutagenError, ValueError, ArithmeticError):
        raise MusicError(UNKNOWN) from None  # two bytes that look like a frame's beginning are in any file


def _other_duration_s(file: BinaryIO) -> float:
    import soundfile

    try:
        with soundfile.SoundFile(file) as sound:
            return float(sound.frames / sound.samplerate)
    except soundfile.SoundFileError as error:
        # "Error opening <_io.BufferedReader …>: File contains data in an unknown format."
        raise MusicError(f"damaged: {str(error).rpartition(': ')[2].rstrip('.').lower()}") from None
