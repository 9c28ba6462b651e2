"""What makes two files the same recording: a hash of their audio, without tags, covers and padding.

The containers are read by their headers alone and nothing is decoded, so that a file is hashed as fast as the disk gives it.
What a file is, its first bytes say, never its ending.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import BinaryIO

from mien_models.errors import MusicError

CHUNK = 1 << 20
UNKNOWN = "not a music file that mien knows (WAV, FLAC, OGG, Opus, MP3), or a damaged one"
Span = tuple[int, int]
"""First byte, and the one after the last."""


class Container(StrEnum):
    """What audio comes in."""

    MP3 = "mp3"
    FLAC = "flac"
    OGG = "ogg"
    WAV = "wav"
    MP4 = "mp4"


def hash_audio(file: BinaryIO) -> tuple[str, Container]:
    """32 hex digits (BLAKE2b) of the audio in `file`, and the container that it was in.

    Raises:
        MusicError: it is no audio, or has headers only. The text says which, without the file's name.
        OSError: it cannot be read.

    """
    size, start, container = _open(file)
    digest = hashlib.blake2b(digest_size=16)
    if not _feed(file, _spans(file, start, size, container), digest):
        raise MusicError(f"no sound in it, only headers ({container})")
    return digest.hexdigest(), container


def container_of(file: BinaryIO) -> Container:
    """What the audio in `file` comes in, by its first bytes.

    Raises:
        MusicError: it is no audio.
        OSError: it cannot be read.

    """
    return _open(file)[2]


def size_apart_from_audio(file: BinaryIO) -> int:
    """Bytes of headers, tags, covers and padding in `file`; 0 where it is no audio.

    Raises:
        OSError: it cannot be read.

    """
    try:
        size, start, container = _open(file)
    except MusicError:
        return 0
    return size - sum(end - begin for begin, end in _spans(file, start, size, container))


def _spans(file: BinaryIO, start: int, size: int, container: Container) -> Iterator[Span]:
    """Where the audio lies."""
    return {
        Container.MP3: _mp3,
        Container.FLAC: _flac,
        Container.OGG: _ogg,
        Container.WAV: _wav,
        Container.MP4: _mp4,
    }[container](file, start, size)


def _open(file: BinaryIO) -> tuple[int, int, Container]:
    """Its size, where what comes before the audio ends, and the container."""
    size = file.seek(0, 2)
    if not size:
        raise MusicError("the file is empty")
    start = _after_id3(file, size)
    return size, start, _recognise(file, start)


def _feed(file: BinaryIO, spans: Iterable[Span], digest: hashlib.blake2b) -> int:
    """Number of bytes that went into `digest`."""
    fed = 0
    for start, end in spans:
        file.seek(start)
        left = end - start
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
            fed += len(chunk)
    return fed


def _at(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(max(place, 0))
    return file.read(length)


def _recognise(file: BinaryIO, start: int) -> Container:
    head = _at(file, start, 12)
    if head.startswith(b"fLaC"):
        return Container.FLAC
    if head.startswith(b"OggS"):
        return Container.OGG
    if head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:] == b"WAVE":
        return Container.WAV
    if head[4:8] == b"ftyp":
        return Container.MP4
    if _mpeg_frame(file, start):
        return Container.MP3
    raise MusicError(UNKNOWN)


def _mpeg_frame(file: BinaryIO, start: int) -> bool:
    """Whether an MPEG audio frame begins within 64 KiB: some files have rubbish first. Two bits of layer and rate must make sense."""
    head = _at(file, start, 1 << 16)
    place = head.find(b"\xff")
    while 0 <= place < len(head) - 3:
        second, third = head[place + 1], head[place + 2]
        # ISO/IEC 11172-3, 2.4.2.3: 11 bits of sync, then version (not 01), layer (not 00), bit rate and sampling rate (not all ones).
        if (
            second & 0xE0 == 0xE0
            and second & 0x18 != 0x08
            and second & 0x06
            and third & 0xF0 != 0xF0
            and third & 0x0C != 0x0C
        ):
            return True
        place = head.find(b"\xff", place + 1)
    return False


def _after_id3(file: BinaryIO, size: int) -> int:
    """Where the ID3v2 tags at the front end. They stand before any kind of audio, now and then several of them."""
    place = 0
    while (head := _at(file, place, 10)).startswith(b"ID3") and len(head) == 10:
        length = 0
        for byte in head[6:]:
            length = length << 7 | byte & 0x7F  # seven bits a byte, id3.org's "synchsafe"
        place += 10 + length + (10 if head[5] & 0x10 else 0)
    return min(place, size)


def _tail(file: BinaryIO, start: int, end: int) -> int:
    """Where the tags at the end begin: ID3v1, Lyrics3, APE and ID3v2 with a footer, in any order."""
    while True:
        if end - start >= 128 and _at(file, end - 128, 3) == b"TAG":
            end -= 128
        elif end - start >= 32 and (footer := _at(file, end - 32, 32)).startswith(b"APETAGEX"):
            length, _, flags = struct.unpack("<III", footer[12:24])
            end -= length + (32 if flags & 1 << 31 else 0)
        elif (
            end - start >= 15 and _at(file, end - 9, 9) == b"LYRICS200" and (digits := _at(file, end - 15, 6)).isdigit()
        ):
            end -= 15 + int(digits)
        elif end - start >= 20 and (footer := _at(file, end - 10, 10)).startswith(b"3DI"):
            end -= 20 + (footer[6] << 21 | footer[7] << 14 | footer[8] << 7 | footer[9])
        else:
            return max(start, end)
        if end <= start:
            return start


def _mp3(file: BinaryIO, start: int, size: int) -> Iterator[Span]:
    if (head := _at(file, start, 32)).startswith(b"APETAGEX"):
        start += 32 + int.from_bytes(head[12:16], "little")
    while (zeros := _at(file, start, 4096)) and not zeros.strip(b"\0"):
        start += len(zeros)
    start += len(zeros) - len(zeros.lstrip(b"\0"))  # padding that a tagger left
    yield start, _tail(file, start, size)


def _flac(file: BinaryIO, start: int, size: int) -> Iterator[Span]:
    place, last = start + 4, False
    while not last and len(head := _at(file, place, 4)) == 4:
        last = bool(head[0] & 0x80)
        place += 4 + int.from_bytes(head[1:], "big")
    yield place, _tail(file, min(place, size), size)


def _wav(file: BinaryIO, start: int, size: int) -> Iterator[Span]:
    """The samples. A length of nothing or of 2³² - 1 means up to the end: whoever wrote it could not go back.

    Files above 4 GiB (RF64, EBU Tech 3306) give the true length in a chunk of its own.
    """
    place, long = start + 12, 0
    while len(head := _at(file, place, 8)) == 8:
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ds64":
            long = int.from_bytes(_at(file, place + 16, 8), "little")
        elif name == b"data":
            length = long if length == 0xFFFFFFFF and long else length
            if length in {0, 0xFFFFFFFF}:
                length = size - place - 8
            yield place + 8, min(place + 8 + length, size)
        place += 8 + length + length % 2


def _mp4(file: BinaryIO, start: int, size: int) -> Iterator[Span]:
    place = start
    while place < size and len(head := _at(file, place, 16)) >= 8:
        length, name, body = int.from_bytes(head[:4], "big"), head[4:8], place + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), place + 16
        elif length == 0:
            length = size - place
        if length < 8:
            return
        if name == b"mdat":
            yield body, min(place + length, size)
        place += length


def _ogg(file: BinaryIO, start: int, size: int) -> Iterator[Span]:
    """The packets of each stream without its second one, the comments (RFC 3533; the same place in Vorbis, Opus and FLAC).

    Pages themselves are left out: longer comments change the numbers and checksums of all pages after them.
    """
    packets: dict[bytes, int] = {}  # how many packets of a stream have ended
    place = start
    while len(head := _at(file, place, 27)) == 27 and head.startswith(b"OggS"):
        serial, lacing = head[14:18], _at(file, place + 27, head[26])
        if head[5] & 2:  # a stream begins, maybe with the number of one that has ended
            packets[serial] = 0
        body = place + 27 + len(lacing)
        place = body + sum(lacing)
        ended = packets.get(serial, 0)
        if ended > 1:
            yield body, min(place, size)
            continue
        for length in lacing:
            # The packet in first place says which codec it is; a file of nothing but headers must not pass for audio.
            if ended > 1:
                yield body, min(body + length, size)
            body += length
            ended += length < 255
        packets[serial] = ended
