"""Numbers on a command line: types for argparse, shared by the three commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def whole_number(text: str) -> int:
    """A count, 1 or more.

    Raises:
        ArgumentTypeError: it is none; argparse says so with the option's name.

    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def number_from(low: float, high: float) -> Callable[[str], float]:
    """The type of numbers from `low` to `high`, both included. It raises what `whole_number` raises."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return number
