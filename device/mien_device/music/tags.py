"""What a file says of itself: title, artist, and its place on an album."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from mien_device.names import clean


@dataclass(frozen=True, slots=True)
class Tags:
    """Empty where the file does not say."""

    title: str = ""
    artist: str = ""
    album: str = ""
    disc: int = 0
    """0 where the file does not say, as is `number`."""
    number: int = 0

    def continues(self, other: Tags) -> bool:
        """Whether this is the track right after `other` on the same album."""
        same = self.album != "" and (self.album, self.disc) == (other.album, other.disc)
        return same and other.number > 0 and self.number == other.number + 1


def read_tags(path: Path) -> Tags:
    """The tags of the file at `path`; empty ones if it has none, is damaged, or cannot be read."""
    from tinytag import TinyTag, TinyTagException

    try:
        tags = TinyTag.get(os.fsencode(path), duration=False)
    except (TinyTagException, OSError, ValueError, ArithmeticError, LookupError, struct.error):
        return Tags()
    return Tags(clean(tags.title), clean(tags.artist), clean(tags.album), tags.disc or 0, tags.track or 0)
