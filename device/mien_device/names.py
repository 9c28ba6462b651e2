"""Names that strangers wrote, as they can be shown and sent."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

LONGEST = 200
"""Characters; a title that is longer is a mistake of whoever wrote it, or an attack."""
_STEERING = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, breaks of lines, what turns the direction of writing, and lone surrogates, which are no text.

Joiners and special spaces are none: Persian, emoji and French are written with them.
"""


def clean(text: str | None) -> str:
    """`text` on one line without what cannot be shown or sent, at most `LONGEST` long; empty for None and for what nobody would see."""
    kept = " ".join(_STEERING.sub(" ", text or "").split())[:LONGEST]
    return kept if any(unicodedata.category(sign) != "Cf" for sign in kept) else ""


def printable(text: str) -> str:
    """`text` with question marks for what is not UTF-8 in a file's name, and for signs that would steer a terminal."""
    return _STEERING.sub("?", text)


def utf8(path: Path) -> str | None:
    """How the file is called, in text that everybody can read; None if its name is no UTF-8."""
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
