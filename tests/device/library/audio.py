"""Sound files as real programs write them, with tags by mutagen."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import numpy as np
import soundfile
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, TALB, TIT2, TPE1
from mutagen.mp3 import MP3
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

RATE_HZ = 48_000
SUFFIXES = ("wav", "flac", "ogg", "opus", "mp3")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
JPEG = b"\xff\xd8\xff\xe0" + b"not really, but it begins so" * 10
SUBTYPES = {"ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}


def write_sound(path: Path, seed: int = 0, seconds: float = 0.3, level: float = 0.1) -> Path:
    """Noise that no other seed makes, in the format of the ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(size=round(seconds * RATE_HZ)) * level
    container, subtype = SUBTYPES.get(path.suffix[1:], (None, None))
    soundfile.write(os.fsencode(path), samples.clip(-1, 1), RATE_HZ, format=container, subtype=subtype)
    return path


def write_tags(path: Path, title: str, artist: str = "", album: str = "", cover: bytes = b"") -> Path:
    """Tag it as players do."""
    match path.suffix:
        case ".mp3" | ".wav":
            _write_id3(path, title, artist, album, cover)
        case ".flac":
            flac = FLAC(path)
            flac.update({"title": title, "artist": artist, "album": album})
            if cover:
                flac.add_picture(_picture(cover))
            flac.save()
        case _:
            ogg = OggOpus(path) if path.suffix == ".opus" else OggVorbis(path)
            ogg.update({"title": title, "artist": artist, "album": album})
            if cover:
                ogg["metadata_block_picture"] = [base64.b64encode(_picture(cover).write()).decode()]
            ogg.save()
    return path


def _write_id3(path: Path, title: str, artist: str, album: str, cover: bytes) -> None:
    file = MP3(path) if path.suffix == ".mp3" else WAVE(path)
    if file.tags is None:
        file.add_tags()
    for frame in (TIT2(text=title), TPE1(text=artist), TALB(text=album)):
        file.tags.add(frame)
    if cover:
        file.tags.add(APIC(mime="image/png", type=3, data=cover))
    file.save()


def _picture(content: bytes) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "image/png", content
    return picture
