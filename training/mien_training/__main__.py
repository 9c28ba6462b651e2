"""The `mien-train` command."""

from __future__ import annotations

import logging
import signal
import sys

from mien_models.errors import run_command
from mien_training import commands


def main(argv: list[str] | None = None) -> int:
    """Run `mien-train` with `argv`, or the process's own arguments, and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # A service manager's or a scheduler's stop is to end as Ctrl-C does: after the last whole epoch, ready to resume.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = commands.parser().parse_args(argv)
    return run_command("mien-train", lambda: _print(arguments.command(arguments)))


def _print(text: str) -> int:
    """The answer alone on stdout; progress went to stderr."""
    if text:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
