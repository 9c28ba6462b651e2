"""What a file says of itself: title and artist."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

LONGEST = 200
"""Characters; a title that is longer is a mistake of whoever wrote it, or an attack."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Empty where the file does not say."""

    title: str = ""
    artist: str = ""


def read_tags(path: Path) -> Tags:
    """The tags of the file at `path`; empty ones if it has none, is damaged, or cannot be read."""
    from tinytag import TinyTag, TinyTagException

    try:
        tags = TinyTag.get(os.fsencode(path), duration=False)
    except (TinyTagException, OSError, ValueError, ArithmeticError, LookupError, struct.error):
        return Tags()
    return Tags(_clean(tags.title), _clean(tags.artist))


def _clean(text: str | None) -> str:
    """Without what cannot be shown or sent."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text or "")
    return " ".join(kept.split())[:LONGEST]
