"""Names that strangers wrote."""

from __future__ import annotations

import pytest

from mien_device.names import LONGEST, clean, printable

HARMLESS = ["Café\u00a0del Mar", "می\u200cخواهم", "\U0001f468\u200d\U0001f469", "Ænima", "夜に駆ける", "a\u00adb", ""]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_with_stays(text: str) -> None:
    assert printable(text) == text
    assert clean(text) == text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    "sign", ["\0", "\x1b", "\n", "\r", "\x7f", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066", "\udce9"]
)
def test_what_steers_a_terminal_or_is_no_text_does_not(sign: str) -> None:
    assert printable(f"a{sign}b") == "a?b"
    assert clean(f"{sign}a{sign}{sign}b{sign}") == "a b"
    printable(sign).encode()


def test_no_title_is_longer_than_the_longest() -> None:
    assert clean("x" * (LONGEST + 1)) == "x" * LONGEST
    assert clean(None) == clean("\u200b\u2060") == clean(" \u00ad ") == ""
