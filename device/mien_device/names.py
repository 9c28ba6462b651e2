"""Names that strangers wrote, as they can be shown and sent."""

from __future__ import annotations

LONGEST = 200
"""Characters; a title that is longer is a mistake of whoever wrote it, or an attack."""


def clean(text: str | None) -> str:
    """`text` on one line without what cannot be shown or sent, and not longer than `LONGEST`; empty for None."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text or "")
    return " ".join(kept.split())[:LONGEST]
