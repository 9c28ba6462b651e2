"""The errors of mien, and the one place where they become exit codes.

Every error that a user can cause or mend is a `MienError`; its text is one line that names the file or setting, what is
wrong with it, and the remedy. Anything else that reaches the top is a defect and keeps its traceback.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable


class MienError(Exception):
    """Base of all errors that mien raises on purpose."""

    exit_code = 1


class ConfigError(MienError, ValueError):
    """The configuration is wrong."""

    exit_code = 3


class ModelError(MienError, RuntimeError):
    """A model cannot be loaded, or does not do what its manifest says."""

    exit_code = 4


class ManifestError(ModelError, ValueError):
    """A model's manifest is missing, malformed, or does not match its files."""


class SignatureError(ModelError, ValueError):
    """A model is signed by nobody who is trusted."""


class DataError(MienError, ValueError):
    """A data set, picture or video cannot be read."""

    exit_code = 5


class CameraError(MienError, OSError):
    """The camera or its stand-in gives no frames."""

    exit_code = 6


class BrokerError(MienError, OSError):
    """The MQTT broker cannot be used."""

    exit_code = 7


class MusicError(MienError, RuntimeError):
    """Sound or music cannot be used."""

    exit_code = 8


class MissingDependencyError(MienError, ImportError):
    """A package that this command needs is not installed."""

    exit_code = 9


class OutcomeError(MienError, RuntimeError):
    """The command ran, but its result is not the one it must show (a failed check, a demo without a mood event)."""

    exit_code = 10


class InUseError(MienError, RuntimeError):
    """Another mien uses what only one may."""

    exit_code = 11


class RestartError(MienError, RuntimeError):
    """Not a fault: the home asked for a restart, and whoever supervises the daemon starts it again for this exit code."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again


def one_line(text: str) -> str:
    """`text` with escapes for what would begin another line or steer a terminal; the name of a file may hold anything."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def run_command(program: str, command: Callable[[], int]) -> int:
    """Run `command` and return its exit code, or that of the error it raised (table in docs/exit-codes.md).

    A `MienError` is printed as one line, and so is a file's name that is longer than the system takes; other exceptions pass
    through with their traceback (Python exits with 1).
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr does: a song's name need not fit the terminal
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()  # here, where a reader that went away is still our error and not the interpreter's
    except MienError as error:
        print(f"{program}: error: {one_line(str(error))}", file=sys.stderr)  # noqa: T201 - the user's one line
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`mien … | head`); Python would print a second error while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # which the first look at any file that a user names may raise
            raise
        name = one_line(str(error.filename))
        print(f"{program}: error: {name[:40]}…: {error.strerror}; give a shorter one", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
