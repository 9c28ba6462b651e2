"""Writes the diary down now and then, and forgets what is too old. A disk that fails costs notes, never the daemon."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mien_device import clock
from mien_device.config import HistoryConfig
from mien_device.history import Minute, Play
from mien_device.history.diary import Diary
from mien_device.history.store import History
from mien_models.errors import DataError

log = logging.getLogger(__name__)

WRITE_S = 1200.0
"""A power cut takes so much along at most, and a flash card is spared."""
STEADY_S = 600.0
"""Nothing is forgotten for its age before the clock went on for so long without being set: one that is wrong would forget all."""
SET_S = 5.0
"""A clock that moved against the monotonic one by so much was set."""
PRUNE_S = 6 * 3600.0
DAY_S = 86_400.0


class Keeper:
    """`diary` is for the loops, `history` and `erase` for whoever looks. Its thread runs from `start` to `close`."""

    def __init__(self, folder: Path, config: HistoryConfig, now: Callable[[], float] = clock.now) -> None:
        self.on = config.enabled
        """Whether anything is noted."""
        self.days = config.days
        """What is older is forgotten."""
        self.history = History(folder)
        self.diary = Diary(now)
        self._now = now
        self._ahead: float | None = None
        self._steady_since = self._pruned_at = -math.inf
        self._trouble = ""
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mien-history", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def read(self, since: float, until: float) -> tuple[list[Minute], list[Play], float | None]:
        """The moods of that time, all songs, and when the oldest of all began; what is not written yet is among them.

        Moods are sums of a quarter of an hour, and the minutes that are not written yet. Each oldest first.

        Raises:
            DataError: the file cannot be read.

        """
        with self._writing:  # else what is just being written would be seen twice, or not at all
            noted, heard = self.diary.notes(time.monotonic())
            minutes = self.history.quarters(since, until)
            plays = self.history.plays(0.0, math.inf)
            firsts = (self.history.first, *(each.at for each in noted), *(each.at for each in heard))
        minutes += [each for each in noted if since <= each.at < until]
        return minutes, plays + heard, min((at for at in firsts if at is not None), default=None)

    def write(self) -> None:
        """Write what is noted; what cannot be written is tried again the next time."""
        with self._writing:
            minutes, plays = self.diary.take(time.monotonic())
            if not minutes and not plays:
                return
            try:
                self.history.write(minutes, plays)
            except DataError as error:
                self._say(str(error))
                self.diary.give_back(minutes, plays, time.monotonic())
            else:
                self._trouble = ""

    def erase(self) -> None:
        """Forget everything, on the disk too.

        Raises:
            DataError: the disk did not do it.

        """
        with self._writing:
            self.diary.forget()
            self.history.erase()
            log.info("the history was erased")

    def close(self) -> None:
        """Write what is left. May be called twice."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.diary.end(time.monotonic())
        self.write()
        try:
            self.history.close()
        except DataError as error:
            self._say(str(error))

    def keep_house(self, now: float) -> None:
        """Forget what is too old, if it is time to and the clock can be believed; `now` is a monotonic second."""
        unix = self._now()
        ahead = unix - now
        if self._ahead is None or abs(ahead - self._ahead) > SET_S:
            self._steady_since = now
        self._ahead = ahead
        if now - self._steady_since < STEADY_S or now - self._pruned_at < PRUNE_S:
            return
        self._pruned_at = now
        try:
            self.history.prune(unix - self.days * DAY_S, unix + DAY_S)
        except DataError as error:
            self._say(str(error))

    def _run(self) -> None:
        self.keep_house(time.monotonic())
        while not self._closing.wait(WRITE_S):
            self.write()
            self.keep_house(time.monotonic())

    def _say(self, trouble: str) -> None:
        """Once, until it is another one or gone."""
        if trouble != self._trouble:
            log.warning("history: %s", trouble)
        self._trouble = trouble
