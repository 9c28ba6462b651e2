"""The library for the page: where each song lies, and what a person says of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from mien_device.library import Song
from mien_device.library.database import FILE
from mien_device.library.store import Library
from mien_device.page import Json, Outcome, Reply
from mien_models.errors import MusicError

log = logging.getLogger(__name__)


class Songs:
    """Used by any thread, one at a time. Nothing is opened before somebody looks, and no empty library is made for that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._library: Library | None = None

    def all(self) -> Reply:
        """Every song that is there, by path."""
        return self._ask(lambda library: {"songs": [as_record(song) for song in library.songs()]}, {"songs": []})

    def one(self, song: str) -> Song | None:
        """The song with exactly this id; None if there is none, or the library cannot be read."""
        try:
            with self._lock:
                library = self._opened()
                found = [] if library is None else library.songs(missing=True)
        except MusicError as error:
            log.warning("library: %s", error)
            return None
        return next((each for each in found if each.id == song), None)

    def place(self, song: str, valence: float, arousal: float) -> Reply:
        """A person says where it lies."""
        return self._change(song, lambda library: library.correct(song, valence, arousal))

    def displace(self, song: str) -> Reply:
        """Back to where mien hears it."""
        return self._change(song, lambda library: library.uncorrect(song))

    def like(self, song: str, *, liked: bool) -> Reply:
        """A person likes it, or does not."""
        return self._change(song, lambda library: library.like(song, liked))

    def close(self) -> None:
        """May be called twice."""
        with self._lock:
            if self._library is not None:
                self._library.close()
            self._library = None

    def _change(self, song: str, change: Callable[[Library], object]) -> Reply:
        def changed(library: Library) -> Mapping[str, Json] | None:
            if all(each.id != song for each in library.songs(missing=True)):
                return None
            change(library)
            return as_record(library.song(song))

        return self._ask(changed, None)

    def _ask(
        self, question: Callable[[Library], Mapping[str, Json] | None], default: Mapping[str, Json] | None
    ) -> Reply:
        try:
            with self._lock:
                library = self._opened()
                answer = default if library is None else question(library)
        except MusicError as error:
            return Reply(Outcome.UNSAVED, {}, str(error))
        return Reply(Outcome.UNKNOWN, {}, "there is no such song") if answer is None else Reply(Outcome.DONE, answer)

    def _opened(self) -> Library | None:
        if self._library is None and (self._folder / FILE).exists():
            self._library = Library.open(self._folder, handed_on=True)
        return self._library


def as_record(song: Song) -> dict[str, Json]:
    """A song for the page. Where its file lies is nobody's business there."""
    estimate = song.estimate
    place = None
    if estimate is not None:
        place = {
            "valence": round(estimate.valence, 3),
            "valence_sd": round(estimate.valence_sd, 3),
            "arousal": round(estimate.arousal, 3),
            "arousal_sd": round(estimate.arousal_sd, 3),
        }
    return {
        "id": song.id,
        "title": song.title,
        "artist": song.artist,
        "album": song.album,
        "duration_s": song.duration_s,
        "mood": song.mood,
        "place": place,
        "corrected": song.correction is not None,
        "liked": song.liked,
    }
