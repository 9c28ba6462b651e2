"""Numbers on a command line: what is none is told in a line."""

from __future__ import annotations

import argparse

import pytest

from mien_models.options import number_from, random_seed, whole_number


def test_numbers() -> None:
    assert whole_number("12") == 12
    assert [random_seed(text) for text in ("0", "4294967295")] == [0, 2**32 - 1]
    assert [number_from(-1, 1)(text) for text in ("-1", "0.5", "1e0")] == [-1.0, 0.5, 1.0]


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", ""])
def test_no_whole_number(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}' is not a whole number above 0"):
        whole_number(text)


@pytest.mark.parametrize("text", ["1.01", "-2", "nan", "inf", "half", ""])
def test_no_number_between(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number from -1 to 1"):
        number_from(-1, 1)(text)


@pytest.mark.parametrize("text", ["-1", "4294967296", "1.5", ""])
def test_no_seed(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number from 0 to 4294967295"):
        random_seed(text)
