"""What a file says of itself: title, artist, album, length, and the cover that it carries."""

from __future__ import annotations

import base64
import binascii
import importlib
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from mien_device.library.art import Picture, picture
from mien_device.library.audio_hash import Container, size_apart_from_audio
from mien_device.names import clean

LARGEST = 64 << 20
"""Bytes of tags and covers that are read: mutagen takes four times as much memory, in a process that may have little."""
FRONT_COVER = 3
"""ID3v2's number for it (id3.org, APIC), which FLAC and Ogg took over."""
NAMES = {
    "title": ("TIT2", "title", "\xa9nam"),
    "artist": ("TPE1", "artist", "\xa9ART"),
    "album": ("TALB", "album", "\xa9alb"),
}
"""How ID3v2, Vorbis comments and MP4 call them."""

READERS = {
    Container.MP3: ("mp3", "MP3"),
    Container.FLAC: ("flac", "FLAC"),
    Container.WAV: ("wave", "WAVE"),
    Container.MP4: ("mp4", "MP4"),
}
"""Module and class of mutagen, imported when first needed."""
OGG_READERS = (
    (b"OpusHead", ("oggopus", "OggOpus")),
    (b"\x7fFLAC", ("oggflac", "OggFLAC")),
    (b"\x01vorbis", ("oggvorbis", "OggVorbis")),
)
"""By how the first packet begins."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Empty where the file does not say."""

    title: str = ""
    artist: str = ""
    album: str = ""
    duration_s: float | None = None
    """By its headers; None where they are not understood."""
    cover: Picture | None = None


def read_tags(file: BinaryIO, container: Container) -> Tags:
    """The tags of `file`; empty ones if it has none, damaged ones, or more than `LARGEST`. Never raises for what stands in it."""
    from mutagen import MutagenError

    if file.seek(0, 2) > LARGEST and size_apart_from_audio(file) > LARGEST:
        return Tags()
    file.seek(0)
    try:
        found = _open(file, container)
        words = {field: clean(_first(found.tags, names)) for field, names in NAMES.items()}
        length = getattr(found.info, "length", None)
        return Tags(**words, duration_s=length if length and length > 0 else None, cover=_cover(found))
    except (
        MutagenError,
        ValueError,
        LookupError,
        ArithmeticError,
        AttributeError,
        TypeError,
        struct.error,
        MemoryError,
    ):
        # mutagen promises its own error only, and keeps the promise for most of what a damaged file can say.
        return Tags()


def _open(file: BinaryIO, container: Container) -> Any:
    """By what the file is: mutagen alone would go by its ending as well."""
    if container is not Container.OGG:
        module, name = READERS[container]
    else:
        head = file.read(4096)
        file.seek(0)
        module, name = next((each for magic, each in OGG_READERS if magic in head), OGG_READERS[-1][1])
    return getattr(importlib.import_module(f"mutagen.{module}"), name)(file)


def _first(tags: Any, names: tuple[str, ...]) -> str:
    """The first of the values that stand under one of `names`."""
    for name in names if tags is not None else ():
        try:
            value = tags.get(name)
        except ValueError:  # a name that this kind of tag cannot hold
            continue
        if value:
            return str(value[0])
    return ""


def _cover(found: Any) -> Picture | None:
    """The front cover, else the first picture of any kind."""
    pictures = sorted(_pictures(found), key=lambda kind_and_bytes: kind_and_bytes[0] != FRONT_COVER)
    return next((known for _, content in pictures if (known := picture(content))), None)


def _pictures(found: Any) -> list[tuple[int, bytes]]:
    """Kind by ID3v2's numbers, and content."""
    tags = found.tags
    if hasattr(found, "pictures"):  # FLAC
        return [(each.type, each.data) for each in found.pictures]
    if tags is None:
        return []
    if hasattr(tags, "getall"):  # ID3v2
        return [(each.type, each.data) for each in tags.getall("APIC")]
    if "covr" in tags:
        return [(FRONT_COVER, bytes(each)) for each in tags["covr"]]
    return [_flac_picture(text) for text in tags.get("metadata_block_picture", [])]


def _flac_picture(text: str) -> tuple[int, bytes]:
    """A picture within a Vorbis comment: FLAC's block in base64."""
    from mutagen import MutagenError

    flac: Any = importlib.import_module("mutagen.flac")
    try:
        block = flac.Picture(base64.b64decode(text))
    except (binascii.Error, ValueError, MutagenError, struct.error):
        return 0, b""  # a damaged cover costs neither the others nor the title
    return block.type, block.data
