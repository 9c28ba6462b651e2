"""The history for the page: what is on the disk, and what is not written yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from mien_device import clock
from mien_device.config import HistoryConfig
from mien_device.history import EARLIEST, export, summary
from mien_device.history.keeper import Keeper
from mien_device.mood import MoodState
from mien_device.music.jukebox import Jukebox
from mien_device.page import Outcome, Reply
from mien_models.errors import DataError

MOST_SHOWN = 200
"""Songs in the list; all are in the table that can be saved."""


class Past:
    """`see` is for the vision thread, `hear` for the music thread, the rest for any."""

    def __init__(self, folder: Path, config: HistoryConfig) -> None:
        """The file lies in `folder`; nothing is opened before it is needed."""
        self._keeper = Keeper(folder, config)

    def start(self) -> None:
        """Begin to write now and then."""
        self._keeper.start()

    def close(self) -> None:
        """Write what is left. May be called twice."""
        self._keeper.close()

    def see(self, state: MoodState, now: float) -> None:
        """A look at the room."""
        if self._keeper.on:
            self._keeper.diary.see(state, now)

    def hear(self, jukebox: Jukebox, now: float) -> None:
        """What plays at this moment."""
        if self._keeper.on:
            self._keeper.diary.hear(jukebox.playing, jukebox.mode, now, runs=not jukebox.paused)

    def show(self, days: int, until: date | None) -> Reply:
        """So many days, the last of which is `until`, or today."""
        return self._ask(lambda: self._shown(days, until))

    def _shown(self, days: int, until: date | None) -> Reply:
        is_set = clock.now() >= EARLIEST
        today = summary.local(clock.now()).date()
        until = until or today
        since, end = summary.span(until, days)
        minutes, plays, first = self._keeper.read(since, end)
        within = [play for play in plays if since <= play.at < end]
        data = {
            "on": self._keeper.on,
            "keeps_days": self._keeper.days,
            "today": today.isoformat() if is_set else None,
            "first": None if first is None else summary.local(first).date().isoformat(),
            "from": summary.local(since).date().isoformat(),
            "until": until.isoformat(),
            "slot_minutes": summary.SLOT_MINUTES[days],
            "slots": summary.slots(minutes, summary.SLOT_MINUTES[days]),
            "total": summary.total(minutes),
            "played": summary.played(within[-MOST_SHOWN:]),
            "songs": len(within),
            "helped": summary.helped(plays),
        }
        return Reply(Outcome.DONE, data)

    def table(self, kind: str) -> Iterator[str]:
        """`moods` or `songs` as CSV, with what was not written yet.

        Raises:
            DataError: the file cannot be read.

        """
        self._keeper.write()
        history = self._keeper.history
        if kind == "moods":
            yield from export.moods(history.all_minutes())
        else:
            yield from export.songs(history.plays(0, float("inf")))

    def erase(self) -> Reply:
        """Forget everything."""

        def erased() -> Reply:
            self._keeper.erase()
            return Reply(Outcome.DONE, {})

        return self._ask(erased)

    def _ask(self, question: Callable[[], Reply]) -> Reply:
        try:
            return question()
        except DataError as error:
            return Reply(Outcome.UNSAVED, {}, str(error))
