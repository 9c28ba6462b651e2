"""Native libraries' chatter, kept away from the user."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from mien_models.errors import MienError

_DESCRIPTORS = (1, 2)
_LONGEST = 300


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what native libraries write to the process's output away from the user.

    They write to the file descriptors, past `sys.stdout` and every logging setting. If the block fails with an error
    that is not our own, the output is shown after all: it may be the only explanation.
    """
    saved = [os.dup(descriptor) for descriptor in _DESCRIPTORS]
    with tempfile.TemporaryFile() as sink:
        try:
            _redirect([sink.fileno()] * 2)
            yield
        except MienError:
            raise
        except Exception:
            _redirect(saved)
            sink.seek(0)
            sys.stderr.write(sink.read().decode(errors="replace"))
            raise
        finally:
            _redirect(saved)
            for descriptor in saved:
                os.close(descriptor)


def _redirect(targets: list[int]) -> None:
    """Let standard output and standard error write where `targets` do."""
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor, target in zip(_DESCRIPTORS, targets, strict=True):
        os.dup2(target, descriptor)


def first_line(error: BaseException) -> str:
    """The first line of an error's text, and not all of a long one; native libraries add whole pages."""
    line = str(error).strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
