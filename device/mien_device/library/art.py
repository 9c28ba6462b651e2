"""Covers: a picture within the file, or one that lies in its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LARGEST = 16 << 20
"""Bytes; a picture above that is none that a home would want to be sent."""
STEMS = ("cover", "folder", "front", "album", "albumart", "artwork")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it stands in the file; nothing is decoded."""

    mime: str
    content: bytes

    @property
    def hash(self) -> str:
        """32 hex digits (BLAKE2b), the same for the same bytes anywhere."""
        return hashlib.blake2b(self.content, digest_size=16).hexdigest()

    @property
    def suffix(self) -> str:
        """Of a file that holds it."""
        return {"image/jpeg": ".jpg"}.get(self.mime, "." + self.mime.removeprefix("image/"))


def picture(content: bytes) -> Picture | None:
    """`content` as a picture; None if its first bytes are of no kind that is shown everywhere, or it is too large."""
    if len(content) > LARGEST:
        return None
    for magic, mime in MAGIC:
        if content.startswith(magic):
            return Picture(mime, content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Picture("image/webp", content)
    return None


def rank(name: str) -> int | None:
    """How likely a file of this name is its folder's cover: the lower the likelier; None if it is none."""
    stem, dot, suffix = name.lower().rpartition(".")
    if stem not in STEMS or dot + suffix not in SUFFIXES:
        return None
    return STEMS.index(stem) * len(SUFFIXES) + SUFFIXES.index(dot + suffix)


def best_cover(names: Iterable[str]) -> str | None:
    """The likeliest cover among the files of a folder."""
    ranked = [(place, name) for name in names if (place := rank(name)) is not None]
    return min(ranked)[1] if ranked else None


def read_picture(path: Path) -> Picture | None:
    """The picture in a file of its own; None if it is none, or cannot be read."""
    try:
        with path.open("rb") as file:
            return picture(file.read(LARGEST + 1))
    except OSError:
        return None
