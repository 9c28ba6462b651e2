"""Killing a piece of work at each of its steps on the disk, as a power cut or `kill -9` would."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

STEPS = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink"}
)
"""Python's audit events of what a program does to files. Each is raised just before it is done."""
KILLED, DONE, FAILED = 137, 0, 1


def killed_at_each_step(work: Callable[[], object], prepare: Callable[[], object]) -> Iterator[int]:
    """Yield after `work` was killed before its 1st, 2nd, 3rd … step, each time after `prepare`; at last after it was done."""
    number = 0
    while True:
        number += 1
        prepare()
        code = _in_a_child(work, number)
        assert code in {KILLED, DONE}, "the work failed by itself"
        yield number
        if code == DONE:
            return


def _in_a_child(work: Callable[[], object], number: int) -> int:
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            _die_at(number)
            work()
            code = DONE
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _only_reads(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)


def _die_at(number: int) -> None:
    left = number

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in STEPS and not (event == "open" and _only_reads(arguments)):
            left -= 1
            if left == 0:
                os._exit(KILLED)

    sys.addaudithook(count)
