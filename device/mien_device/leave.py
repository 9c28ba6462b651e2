"""The end of the process, also where a driver holds a thread of ours that nobody can call back."""

from __future__ import annotations

import logging
import os
import sys
import threading

OURS = "mien-"
"""What the names of the daemon's threads begin with."""

log = logging.getLogger(__name__)


def leave(code: int) -> int:
    """`code`; but with a thread of ours that did not end, the process ends here, with that code.

    Python's own end would stop such a thread in the middle of a library written in C++, which takes that for a crash and
    aborts: systemd would see SIGABRT where somebody asked for a stop.
    """
    stuck = [thread.name for thread in threading.enumerate() if thread.name.startswith(OURS) and thread.daemon]
    if not stuck:
        return code
    log.warning("left behind: %s", ", ".join(stuck))
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)
