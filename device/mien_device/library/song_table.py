"""Song tables: a row a song with name, audio, cover and mood, as CSV or JSON, read and written."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mien_device.library import CORRECTED_SD, MOOD_SD, Song
from mien_device.library.files import printable
from mien_device.library.moods import WORDS, place_of
from mien_device.library.store import Library
from mien_device.spreadsheet import as_meant, harmless
from mien_models.errors import DataError

COLUMNS = {
    "id": ("id",),
    "name": ("name", "title", "song", "track"),
    "artist": ("artist", "artists"),
    "audio": ("audio", "path", "file", "audio_path"),
    "audio_url": ("audio_url", "url", "link"),
    "cover": ("cover", "cover_art", "cover_url", "cover_art_url", "art", "image", "album_art"),
    "mood": ("mood", "emotion", "label"),
    "valence": ("valence",),
    "arousal": ("arousal",),
    "sd": ("sd",),
    "by": ("by",),
}
"""Our name of each column, and how others call it; spaces, dashes and capitals do not matter."""
OWN_ESTIMATE = "model"
"""In the column `by`: the mood is what mien itself heard, so there is nothing to learn from it."""
Row = dict[str, str]


@dataclass
class Imported:
    """What became of a table."""

    rows: int = 0
    matched: int = 0
    """Rows whose song is in the library."""
    moods: int = 0
    """Songs whose mood was taken over."""
    problems: list[str] = field(default_factory=list)
    """One for each row that could not be used, with its number and the remedy."""


def import_table(library: Library, table: Path) -> Imported:
    """Take over the moods and addresses of a table; a user's own corrections stay.

    Raises:
        DataError: it cannot be read, or lacks the columns.
        MusicError: the library cannot be written.

    """
    report, shelf = Imported(), _Shelf(library, table.parent)
    for number, row in read_table(table):
        report.rows += 1
        try:
            song = shelf.find(row)
            place = _place(row)
        except DataError as error:
            report.problems.append(f"{table}, row {number}: {error}")
            continue
        report.matched += 1
        if row.get("audio_url") or row.get("cover"):
            library.link(song.id, row.get("audio_url", ""), row.get("cover", ""))
        if place and row.get("by") != OWN_ESTIMATE:
            valence, arousal, sd = place
            source = "user" if row.get("by") == "user" else "table"
            report.moods += library.correct(song.id, valence, arousal, sd=sd, source=source)
    return report


def read_table(table: Path) -> list[tuple[int, Row]]:
    """Rows with their numbers, as a spreadsheet counts them: the head of a CSV table is row 1.

    Raises:
        DataError: it cannot be read, or has neither of the columns name, audio and id.

    """
    try:
        content = table.read_bytes()
    except OSError as error:
        raise DataError(f"{table}: {error.strerror}; name a CSV or JSON table") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    rows = _json_rows(table, text) if text.lstrip()[:1] in {"[", "{"} else _csv_rows(table, text)
    if rows and not any({"name", "audio", "audio_url", "id"} & set(row) for _, row in rows):
        raise DataError(
            f"{table}: no column 'name' or 'audio'; the first row must name the columns, such as name,audio,cover,mood"
        )
    return rows


def _csv_rows(table: Path, text: str) -> list[tuple[int, Row]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{table}: no CSV table ({error})") from None
    head = [_column(name) for name in records[0]] if records else []
    return [
        (number, _row(zip(head, map(as_meant, record), strict=False)))
        for number, record in enumerate(records[1:], 2)
        if any(record)
    ]


def _json_rows(table: Path, text: str) -> list[tuple[int, Row]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{table}: no JSON ({error})") from None
    songs = content.get("songs") if isinstance(content, dict) else content
    if not isinstance(songs, list) or not all(isinstance(song, dict) for song in songs):
        raise DataError(
            f"{table}: must be a list of objects with name, audio, cover and mood, or an object with such a list as 'songs'"
        )
    return [
        (number, _row((_column(key), "" if value is None else str(value)) for key, value in song.items()))
        for number, song in enumerate(songs, 1)
    ]


def _column(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    return next((column for column, aliases in COLUMNS.items() if plain in aliases), "")


def _row(cells: Iterator[tuple[str, str]]) -> Row:
    # JSON can spell halves of characters, which no file and no database takes.
    row = {column: cell.strip().encode("utf-8", "replace").decode() for column, cell in cells if column}
    if "://" in row.get("audio", "") and not row["audio"].startswith("file://"):
        row["audio_url"] = row.pop("audio")
    return row


def _place(row: Mapping[str, str]) -> tuple[float, float, float] | None:
    """Valence, arousal and their sd; None if the row says nothing of a mood."""
    if row.get("valence") and row.get("arousal"):
        try:
            valence, arousal, sd = (float(row.get(name) or CORRECTED_SD) for name in ("valence", "arousal", "sd"))
        except ValueError:
            valence = arousal = sd = math.nan
        if not (-1 <= valence <= 1 and -1 <= arousal <= 1 and 0 < sd <= 1):
            raise DataError("valence and arousal must be numbers from -1 to 1, and sd one above 0")
        return valence, arousal, sd
    if not row.get("mood"):
        return None
    if not (place := place_of(row["mood"])):
        raise DataError(f"mood {row['mood']!r} is not known; write one of {', '.join(sorted(WORDS))}")
    return *place, MOOD_SD


class _Shelf:
    """Finds the song that a row means."""

    def __init__(self, library: Library, folder: Path) -> None:
        songs = library.songs(missing=True)
        self._library = library
        self._folder = folder
        self._by_id = {song.id: song for song in songs}
        self._by_name: dict[str, list[Song]] = defaultdict(list)
        for song in songs:
            self._by_name[_plain(song.title)].append(song)
            if song.artist:
                self._by_name[_plain(f"{song.artist} - {song.title}")].append(song)

    def find(self, row: Row) -> Song:
        """By id, else by path, else by name (and artist).

        Raises:
            DataError: there is no such song, or several. Without the row's number.

        """
        if found := self._by_id.get(row.get("id", "")):
            return found
        if row.get("audio"):
            path = self._path(row["audio"])
            if found := self._by_id.get(self._library.song_at(path) or ""):
                return found
            if not row.get("name"):
                remedy = (
                    "run `mien library scan` on its folder first" if path.is_file() else "no such file; mend its path"
                )
                shown = row["audio"] if row["audio"].isprintable() else repr(row["audio"])  # it may hold line breaks
                raise DataError(f"{shown}: {remedy}")
        if not row.get("name"):
            raise DataError("neither audio nor name says which song it is; fill one in")
        named = self._by_name.get(_plain(row["name"]), [])
        if artist := _plain(row.get("artist", "")):
            named = [song for song in named if _plain(song.artist) == artist]
        if len(named) == 1:
            return named[0]
        if named:
            raise DataError(f"{len(named)} songs are called {row['name']!r}; give the file's path as audio")
        where = " (nothing is fetched from addresses)" if row.get("audio_url") else ""
        raise DataError(f"no song called {row['name']!r} in the library; save its file and scan it{where}")

    def _path(self, audio: str) -> Path:
        if audio.startswith("file://"):
            try:
                audio = unquote(urlsplit(audio).path, errors="surrogateescape")
            except ValueError:
                return self._folder
        return Path(os.path.normpath((self._folder / audio).absolute()))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def export_table(library: Library, *, as_json: bool) -> bytes:
    """All songs that are there, as a CSV or JSON table that `import_table` reads."""
    links = library.links()
    rows = [_exported(song, *links.get(song.id, ("", ""))) for song in library.songs()]
    if as_json:
        return json.dumps(rows, indent=2, ensure_ascii=False).encode() + b"\n"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {column: harmless(cell) if isinstance(cell, str) else cell for column, cell in row.items()} for row in rows
    )
    return text.getvalue().encode()


def _exported(song: Song, audio_url: str, cover: str) -> dict[str, str | float]:
    estimate = song.estimate
    return {
        "id": song.id,
        "name": song.title,
        "artist": song.artist,
        "audio": printable(song.path),
        "audio_url": audio_url,
        "cover": cover,
        "mood": song.mood or "",
        "valence": round(estimate.valence, 3) if estimate else "",
        "arousal": round(estimate.arousal, 3) if estimate else "",
        "sd": round(song.correction.sd, 3) if song.correction else "",
        "by": song.correction.source if song.correction else OWN_ESTIMATE if estimate else "",
    }
