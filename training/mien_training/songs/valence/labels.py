"""How pleasant each clip is: from a table with that column, or from what listeners of Emotify felt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien_models.errors import DataError
from mien_training.music.gems import PLACES
from mien_training.songs.tables import Row, read_rows

_CLIP_COLUMNS = ("clip", "file", "track_id", "track id", "id")


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a clip beside its sound."""

    valence: float
    artist: str | None
    """None where nobody says."""


def clip_key(name: str) -> str:
    """What a file and a table's row have in common: the name without folder and ending, without leading zeros."""
    stem = Path(name.strip()).stem if Path(name.strip()).suffix.lower() in SUFFIXES else name.strip()
    return stem.lstrip("0") or "0" if stem.isdecimal() else stem


SUFFIXES = (".npz", ".pkl", ".wav", ".flac", ".ogg", ".opus", ".mp3")
"""How files of clips end."""


def read_labels(path: Path, artists: Path | None = None) -> dict[str, Label]:
    """The label of each clip, by `clip_key`.

    The table has a row a clip with a column `valence`, or a row a listening with the nine columns of Emotify; the first of `clip`,
    `file`, `track_id`, `track id` and `id` names the clip. `artist` is read from `artists`, another table, or else from this one.

    Raises:
        DataError: a table cannot be read, lacks a column, or names a clip twice.

    """
    rows = read_rows(path)
    column = _clip_column(rows[0])
    if "valence" in rows[0].values:
        valence = _unique(rows, column, "valence")
    elif set(PLACES) <= set(rows[0].values):
        valence = _felt(rows, column)
    else:
        raise DataError(
            f"{path}: column 'valence' is missing; give it, or the nine columns of Emotify: {', '.join(PLACES)}"
        )
    by = read_rows(artists, ("artist",)) if artists else rows
    names = {}
    if "artist" in by[0].values:
        named_by = _clip_column(by[0])
        names = {clip_key(row.text(named_by)): row.text("artist") for row in by}
    return {clip: Label(value, names.get(clip)) for clip, value in valence.items()}


def _clip_column(row: Row) -> str:
    for name in _CLIP_COLUMNS:
        if name in row.values:
            return name
    raise DataError(f"{row.path}: no column names the clips; call it 'clip'")


def _unique(rows: list[Row], column: str, field: str) -> dict[str, float]:
    result: dict[str, float] = {}
    for row in rows:
        clip = clip_key(row.text(column))
        if clip in result:
            raise DataError(f"{row.path}, line {row.line}: '{column}' {clip} is there twice; take one out")
        result[clip] = row.number(field)
    return result


def _felt(rows: list[Row], column: str) -> dict[str, float]:
    """The mean valence of the words that a clip's listeners chose, all choices together; who chose none does not count."""
    chosen = defaultdict(list)
    for row in rows:
        for word, (valence, _) in PLACES.items():
            mark = row.text(word)
            if mark not in ("0", "1"):
                raise DataError(f"{row.path}, line {row.line}: '{word}' is {mark!r:.20}, not 0 or 1; mend it")
            if mark == "1":
                chosen[clip_key(row.text(column))].append(valence)
    return {clip: float(np.mean(values)) for clip, values in chosen.items()}
