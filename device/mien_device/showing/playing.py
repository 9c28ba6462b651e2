"""What the music thread plays, for the page: how far it has come, and its cover."""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from hashlib import blake2b
from pathlib import Path

from mien_device.library.cover import find_cover
from mien_device.music.jukebox import Jukebox
from mien_device.page import Cover
from mien_device.page.feed import Feed
from mien_device.page.sleeve import sleeve
from mien_device.showing.records import Progress

DRIFT_S = 0.7
"""What the page reckons and where the music is may differ by so much; a seek or a hiccup is more."""
COVERS = 4
"""So many are held in memory."""
TRACKS = 64
"""So many that played last have a cover that can be asked for."""


class Playing:
    """`hear` is for the music thread, `cover` for any."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._told = Progress(cover=None, position_s=0.0, duration_s=None, runs=False)
        self._told_at = -math.inf
        self._path: Path | None = None
        self._lock = threading.Lock()
        self._tracks: OrderedDict[str, tuple[Path, str]] = OrderedDict()
        self._covers: OrderedDict[str, Cover] = OrderedDict()

    def hear(self, jukebox: Jukebox, now: float) -> None:
        """Tell of what plays, where that is not what the page reckons."""
        track = jukebox.playing
        if track is None:
            self._path = None
            self._tell(Progress(cover=None, position_s=0.0, duration_s=None, runs=False), now)
            return
        key = self._told.cover
        if track.path != self._path or key is None:
            self._path, key = track.path, key_of(track.path)
            with self._lock:
                self._tracks[key] = (track.path, track.title)
                while len(self._tracks) > TRACKS:
                    self._tracks.popitem(last=False)
        self._tell(
            Progress(
                cover=key,
                position_s=round(jukebox.position_s, 1),
                duration_s=None if jukebox.duration_s is None else round(jukebox.duration_s, 1),
                runs=not jukebox.paused,
            ),
            now,
        )

    def _tell(self, progress: Progress, now: float) -> None:
        told = self._told
        reckoned = told.position_s + (now - self._told_at if told.runs else 0.0)
        same = (progress.cover, progress.duration_s, progress.runs) == (told.cover, told.duration_s, told.runs)
        if same and (progress.cover is None or abs(progress.position_s - reckoned) < DRIFT_S):
            return
        self._told, self._told_at = progress, now
        self._feed.put(Progress.topic, progress.model_dump(mode="json"))

    def cover(self, key: str) -> Cover | None:
        """Of a track that played lately."""
        with self._lock:
            track, cover = self._tracks.get(key), self._covers.get(key)
        if track is None or cover is not None:
            return cover
        cover = cover_of(*track)
        with self._lock:
            self._covers[key] = cover
            while len(self._covers) > COVERS:
                self._covers.popitem(last=False)
        return cover


def key_of(path: Path) -> str:
    """Names a file without telling where it lies."""
    return blake2b(os.fsencode(path), digest_size=8).hexdigest()


def cover_of(path: Path, title: str) -> Cover:
    """The song's own picture or its folder's; a drawn one where there is none."""
    picture = find_cover(path)
    return sleeve(title) if picture is None else Cover(picture.mime, picture.content)
