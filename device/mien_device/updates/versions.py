"""Which of two versions is the newer one."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)


def is_newer(one: str, other: str) -> bool:
    """Whether `one` is newer than `other`: number by number; with something behind the numbers it is older (1.0rc1 < 1.0)."""
    return _key(one) > _key(other)


def _key(version: str) -> tuple[list[int], bool, str]:
    match = _VERSION.fullmatch(version)
    if match is None:
        return [], False, version
    numbers = [int(number) for number in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()  # 1.0 and 1.0.0 are the same
    return numbers, not match[2], match[2]
