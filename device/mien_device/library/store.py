"""The library as the rest of mien sees it: songs with all that is known of them, plays, likes and corrections."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_device import clock
from mien_device.library import CORRECTED_SD, Broken, Correction, Like, Play, Song, quarter
from mien_device.library.database import Database
from mien_device.listeners import Ending, Listener
from mien_device.names import clean
from mien_models.errors import MusicError
from mien_models.listening import Analysis, Estimate, SongMood

_SONGS = """
SELECT track.hash, file.path, file.gone IS NOT NULL AS missing, file.title, file.artist, file.album,
    file.duration_s AS header_s, file.art, analysis.*,
    (SELECT liked FROM liking WHERE liking.track = track.id ORDER BY liking.id DESC LIMIT 1) AS liked,
    correction.valence AS own_valence, correction.arousal AS own_arousal, correction.sd AS own_sd, correction.mood AS own_mood,
    correction.source AS own_source
FROM track
JOIN file ON file.id = (
    SELECT id FROM file WHERE file.track = track.id ORDER BY gone IS NOT NULL, gone DESC, path LIMIT 1
)
LEFT JOIN analysis ON analysis.track = track.id
LEFT JOIN correction ON correction.track = track.id
ORDER BY file.path
"""


class Library(Database):
    """All songs. For one thread; every thread and process may open its own."""

    _songs: tuple[Song, ...] = ()
    _songs_are_of: tuple[int, int] | None = None
    _plays = 0

    def songs(self, *, missing: bool = False) -> list[Song]:
        """The songs that can be played, by path; with `missing` also those whose files are not there now.

        They are read again only if something but a play was added or changed, by any process: asking often costs little.
        """
        state = (self.version, self.changes - self._plays)
        if state != self._songs_are_of:
            self._songs, self._songs_are_of = tuple(self._read_songs()), state
        return [song for song in self._songs if missing or not song.missing]

    @property
    def stocked(self) -> bool:
        """Whether there is any song whose place on the plane is known."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM file WHERE gone IS NULL AND "
            "track IN (SELECT track FROM analysis UNION ALL SELECT track FROM correction)) AS any"
        )
        return bool(self.rows(sql)[0]["any"])

    def has(self, song: str) -> bool:
        """Whether there is a song with exactly this `Song.id` whose file is there and whose place on the plane is known."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM file JOIN track ON track.id = file.track WHERE hash = ? AND gone IS NULL AND "
            "track.id IN (SELECT track FROM analysis UNION ALL SELECT track FROM correction)) AS any"
        )
        return bool(self.rows(sql, song)[0]["any"])

    def _read_songs(self) -> list[Song]:
        covers = {row["folder"]: row["art"] for row in self.rows("SELECT folder, art FROM cover")}
        rows = self.rows(_SONGS)
        places = [_place(row) for row in rows]
        valence, arousal = (percentiles([place[axis] for place in places]).tolist() for axis in (0, 1))
        return [_song(row, covers, v, a) for row, v, a in zip(rows, valence, arousal, strict=True)]

    def song(self, song: str) -> Song:
        """The one with this `Song.id`, or with the only one that begins so.

        Raises:
            MusicError: there is none, or more than one.

        """
        found = [each for each in self.songs(missing=True) if each.id.startswith(song)]
        if len(found) != 1:
            raise MusicError(f"{song}: {len(found) or 'no'} songs of that id; see `mien library list`")
        return found[0]

    def files(self, song: str) -> list[tuple[Path, bool]]:
        """All files of a song, with whether each is there."""
        sql = "SELECT path, gone FROM file WHERE track = ? ORDER BY gone IS NOT NULL, path"
        return [(as_path(row["path"]), row["gone"] is None) for row in self.rows(sql, self._track(song))]

    def song_at(self, path: Path) -> str | None:
        """The `Song.id` of the file there, or of the one that was; None if it was never seen."""
        sql = (
            "SELECT hash FROM file JOIN track ON track.id = file.track WHERE path = ? "
            "ORDER BY gone IS NOT NULL, gone DESC LIMIT 1"
        )
        found = self.rows(sql, os.fsencode(path))
        return str(found[0]["hash"]) if found else None

    def played(self, play: Play) -> None:
        """Keep that a song was played.

        Raises:
            MusicError: there is no such song, or the library cannot be written.

        """
        self.execute(
            "INSERT INTO play (track, started, mood, mode, position_s, length_s, ending, why, valence, valence_sd, arousal, "
            "arousal_sd, faces, after_valence, after_valence_sd, after_arousal, after_arousal_sd, after_faces) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._track(play.song), play.started, play.mood, play.mode, play.position_s, play.length_s, play.ending,
            play.why, *_columns(play.before), *_columns(play.after),
        )  # fmt: skip
        self._plays += 1

    def plays(self, *, since: float = 0.0, song: str | None = None) -> list[Play]:
        """Those that began at `since` (seconds since 1970) or later, oldest first; of one song, if one is named."""
        sql = (
            "SELECT hash, play.* FROM play JOIN track ON track.id = play.track WHERE started >= ? AND hash LIKE ? "
            "ORDER BY started, play.id"
        )
        return [
            Play(
                row["hash"], row["started"], row["mood"], row["mode"], row["position_s"], row["length_s"],
                Ending(row["ending"]), row["why"], _viewer(row), _viewer(row, "after_"),
            )
            for row in self.rows(sql, since, song or "%")
        ]  # fmt: skip

    def like(
        self, song: str, liked: bool, *, mood: str = "", viewer: Listener | None = None, at: float | None = None
    ) -> None:
        """Keep that a song was liked, or disliked, and the viewer's state."""
        self.execute(
            "INSERT INTO liking (track, at, liked, mood, valence, valence_sd, arousal, arousal_sd, faces) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._track(song), clock.now() if at is None else at, liked, mood, *_columns(viewer),
        )  # fmt: skip

    def likes(self) -> list[Like]:
        """All of them, oldest first; a later one of the same song is another opinion, not a replacement."""
        sql = "SELECT hash, liking.* FROM liking JOIN track ON track.id = liking.track ORDER BY at, liking.id"
        return [Like(row["hash"], row["at"], bool(row["liked"]), row["mood"], _viewer(row)) for row in self.rows(sql)]

    def correct(
        self, song: str, valence: float, arousal: float, *, sd: float = CORRECTED_SD, source: str = "user"
    ) -> bool:
        """Keep where a person places a song, and whether that was done: a table never replaces a user's word.

        Raises:
            MusicError: there is no such song, or a value is not within -1…1.

        """
        if not (-1 <= valence <= 1 and -1 <= arousal <= 1):
            raise MusicError(f"valence {valence} and arousal {arousal}: both must be from -1 to 1")
        track = self._track(song)
        with self.transaction():
            held = self.rows("SELECT source FROM correction WHERE track = ?", track)
            if held and held[0]["source"] == "user" != source:
                return False
            self.execute(
                "INSERT OR REPLACE INTO correction (track, valence, arousal, sd, mood, source, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                track, valence, arousal, sd, quarter(valence, arousal), source, clock.now(),
            )  # fmt: skip
        return True

    def uncorrect(self, song: str) -> None:
        """Go back to what the model hears."""
        self.execute("DELETE FROM correction WHERE track = ?", self._track(song))

    def broken(self) -> list[Broken]:
        """Files that are no music that can be read, and those that could not be listened to."""
        unread = [(row["path"], row["reason"]) for row in self.rows("SELECT path, reason FROM broken")]
        sql = "SELECT path, reason FROM unheard JOIN file USING (track) WHERE gone IS NULL"
        unheard = [(row["path"], row["reason"]) for row in self.rows(sql)]
        return [Broken(as_path(path), reason) for path, reason in sorted(unread + unheard)]

    def links(self) -> dict[str, tuple[str, str]]:
        """Addresses of audio and cover that a song table gave, by `Song.id`."""
        sql = "SELECT hash, audio, cover FROM link JOIN track ON track.id = link.track"
        return {row["hash"]: (row["audio"], row["cover"]) for row in self.rows(sql)}

    def link(self, song: str, audio: str, cover: str) -> None:
        """Keep the addresses that a song table gave; nothing is ever fetched from them."""
        self.execute(
            "INSERT OR REPLACE INTO link (track, audio, cover) VALUES (?, ?, ?)", self._track(song), audio, cover
        )

    def _track(self, song: str) -> int:
        found = self.rows("SELECT id FROM track WHERE hash = ?", song)
        if not found:
            raise MusicError(f"{song}: no song of that id; see `mien library list`")
        return int(found[0]["id"])


def as_path(path: bytes) -> Path:
    """A path as the file system spells it, which need not be UTF-8."""
    return Path(os.fsdecode(path))


def percentiles(values: list[float | None]) -> npt.NDArray[np.float64]:
    """Share of the values below each, 0…1, with ties counting half; NaN for None."""
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    known = np.sort(numbers[~np.isnan(numbers)])
    below, up_to = np.searchsorted(known, numbers, "left"), np.searchsorted(known, numbers, "right")
    return np.where(np.isnan(numbers), np.nan, (below + up_to) / (2 * max(len(known), 1)))


VIEWER = ("valence", "valence_sd", "arousal", "arousal_sd", "faces")


def _columns(viewer: Listener | None) -> tuple[float | None, ...]:
    return tuple(None if viewer is None else getattr(viewer, name) for name in VIEWER)


def _viewer(row: sqlite3.Row, prefix: str = "") -> Listener | None:
    return None if row[f"{prefix}faces"] is None else Listener(*(row[prefix + name] for name in VIEWER))


def _place(row: sqlite3.Row) -> tuple[float | None, float | None]:
    """Valence and arousal; None while nothing is known or the song is missing: it takes no part in the library's own scale."""
    if row["missing"]:
        return None, None
    if row["own_valence"] is not None:
        return row["own_valence"], row["own_arousal"]
    return row["valence"], row["arousal"]


def _song(row: sqlite3.Row, covers: dict[bytes, str], valence: float, arousal: float) -> Song:
    path = as_path(row["path"])
    correction = None
    if row["own_valence"] is not None:
        correction = Correction(
            row["own_valence"], row["own_arousal"], row["own_sd"], SongMood(row["own_mood"]), row["own_source"]
        )
    analysis = _analysis(row) if row["version"] is not None else None
    return Song(
        id=row["hash"],
        path=path,
        missing=bool(row["missing"]),
        title=row["title"] or clean(os.fsencode(path.stem).decode("utf-8", "replace")),
        artist=row["artist"],
        album=row["album"],
        duration_s=analysis.duration_s if analysis else row["header_s"],
        art=row["art"] or covers.get(os.path.dirname(row["path"])),  # noqa: PTH120 - bytes
        liked=None if row["liked"] is None else bool(row["liked"]),
        analysis=analysis,
        correction=correction,
        valence_percentile=None if np.isnan(valence) else valence,
        arousal_percentile=None if np.isnan(arousal) else arousal,
    )


def _analysis(row: sqlite3.Row) -> Analysis:
    return Analysis(
        duration_s=row["duration_s"],
        loudness_lufs=row["loudness_lufs"],
        true_peak_dbtp=row["true_peak_dbtp"],
        cue_in_s=row["cue_in_s"],
        cue_out_s=row["cue_out_s"],
        tempo_bpm=row["tempo_bpm"],
        key=row["key"],
        estimate=Estimate(row["valence"], row["valence_sd"], row["arousal"], row["arousal_sd"]),
        mood=SongMood(row["mood"]),
        features=np.frombuffer(row["features"], "<f4"),
    )
