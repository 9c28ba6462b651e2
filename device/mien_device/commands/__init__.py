"""The sub-commands of `mien`, a file each. They are imported when they run, so that --help comes at once."""

from __future__ import annotations

import sys


def say(text: str, end: str = "\n") -> None:
    """Print an answer on stdout; everything else goes to stderr."""
    sys.stdout.write(text + end)
