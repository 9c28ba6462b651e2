"""The library as columns: where each song lies among the others, how surely, and how it joins to another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mien_device.policy import Song

Floats = npt.NDArray[np.float64]

SMALL = 20
"""Of so many songs, rank and absolute estimate count alike for a song's place; of fewer the estimate counts more."""
WIDEST = 1.0
"""A song about which nothing is known may lie anywhere: no place is less sure than this."""

_FIFTHS = {
    name: number for number, name in enumerate(("C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "F"))
}
_FIFTHS |= {"Gb": 6, "Db": 7, "Ab": 8, "Eb": 9, "Bb": 10, "Cb": 5, "E#": 11, "B#": 0, "Fb": 4}


class Catalogue:
    """Songs in the order given.

    A song's place is mostly its rank within this library, from −1 (the lowest of all) to 1, because estimates from sound
    are better at telling which of two songs is calmer than at saying how calm they are, and because every library must
    have its own calm. The smaller the library, the more the absolute estimate counts.
    """

    def __init__(self, songs: Sequence[Song]) -> None:
        self.songs = tuple(songs)
        self.index = {song.id: number for number, song in enumerate(self.songs)}
        estimates = [song.estimate for song in self.songs]
        self.absolute = _columns([(e.valence, e.arousal) for e in estimates], 2)
        """(n, 2): valence and arousal as estimated."""
        sd = _columns([(e.valence_sd, e.arousal_sd) for e in estimates], 2)
        self.place, self.sd = _places(self.absolute, sd)
        """(n, 2) each: within the library, −1…1, and the standard deviation of it."""
        self.tempo = np.array([_tempo(song.tempo_bpm) for song in self.songs], float)
        """(n,): beats a minute; nan where there is none."""
        self.loudness = np.array([song.loudness_lufs for song in self.songs], float)
        self.fifths = np.array([_fifths(song.key) for song in self.songs], float)
        """(n,): place on the circle of fifths of the major key with the same notes; nan where there is none."""
        artists: dict[str, int] = {}
        self.artist = np.array(
            [artists.setdefault(_name(s), len(artists)) if s.artist else -1 for s in self.songs], int
        )
        """(n,): a number for each artist; -1 where nobody is named."""
        self.artists = len(artists)

    def __len__(self) -> int:
        return len(self.songs)


def _tempo(bpm: float | None) -> float:
    return bpm if bpm is not None and 0 < bpm < math.inf else math.nan


def _name(song: Song) -> str:
    return song.artist.casefold().strip()


def _columns(rows: list[tuple[float, float]], width: int) -> Floats:
    values = np.array(rows, float).reshape(len(rows), width)
    finite: Floats = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0)
    return finite


def _places(absolute: Floats, sd: Floats) -> tuple[Floats, Floats]:
    count = len(absolute)
    if not count:
        return absolute, sd
    trust = count / (count + SMALL)
    ranks = np.stack([_ranks(column) for column in absolute.T], axis=1)
    place = trust * (2 * ranks - 1) + (1 - trust) * np.clip(absolute, -1, 1)
    # How far a rank moves with the estimate: the steepest slope of 2Φ(x / spread) − 1 is 0.8 / spread.
    spread = np.maximum(absolute.std(axis=0), 0.05)
    slope = trust * 0.8 / spread + (1 - trust)
    return np.clip(place, -1, 1), np.clip(np.abs(sd) * slope, 0.0, WIDEST)


def _ranks(values: Floats) -> Floats:
    """Mid-rank of each value in (0, 1); equal values have equal ranks."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, "left")
    up_to = np.searchsorted(ordered, values, "right")
    ranks: Floats = (below + up_to) / (2 * len(values))
    return ranks


def _fifths(key: str | None) -> float:
    tonic, _, kind = (key or "").partition(" ")
    if tonic not in _FIFTHS:
        return math.nan
    return (_FIFTHS[tonic] - (3 if kind == "minor" else 0)) % 12
