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


def random_seed(text: str) -> int:
    """A seed of chance, from 0 to 2³²−1: what every library takes. It raises what `whole_number` raises."""
    if not text.isdecimal() or int(text) >= 1 << 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {(1 << 32) - 1}")
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
