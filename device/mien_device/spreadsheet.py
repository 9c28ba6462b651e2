"""Words in a table that somebody opens with a spreadsheet."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A text that begins so is carried out by programs that show tables, the wide signs in East Asian ones; with an apostrophe before it,
it is shown (OWASP, CSV Injection)."""


def harmless(text: str) -> str:
    """`text` as no formula: nobody who opens the table is harmed by a title that somebody else made up."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def as_meant(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text
