"""What the listener likes in which mood, learned from what they did with songs: Beta distributions, Thompson sampling.

Each song has, for each quarter of the plane of moods, a count of welcomes and of refusals. What is known of its artist is
the prior of a song, what is known of nobody that of an artist (Thompson 1933; Chapelle and Li 2011).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mien_device.listeners import Ending, Listener
from mien_device.policy import Liking, Outcome
from mien_device.policy.catalogue import Catalogue, Floats
from mien_models.listening import SongMood

WELCOME = 0.6
"""How likely a song of which nothing is known is welcome."""
ARTIST_STRENGTH, SONG_STRENGTH = 3.0, 6.0
"""So many observations is the prior of an artist and of a song worth."""
OTHER_MOODS = 0.75
"""What was seen in another mood counts so much in this one."""
SAID = 3.0
"""A like or dislike that was said counts as much as so many tracks that were heard through or skipped."""
EARLY_S, EARLY_WEIGHT = 10.0, 0.25
"""A skip so early says little: a quarter of all plays end within seconds, whatever the song (Lamere 2014)."""
NEARLY = 0.8
"""Whoever heard so much of a song has heard it."""

QUARTERS = tuple(SongMood)


def quarter(listener: Listener) -> int:
    """Number in `QUARTERS` of the listener's mood."""
    if listener.valence >= 0:
        return QUARTERS.index(SongMood.HAPPY if listener.arousal >= 0 else SongMood.CALM)
    return QUARTERS.index(SongMood.TENSE if listener.arousal >= 0 else SongMood.SAD)


def evidence(outcome: Outcome) -> tuple[float, float]:
    """How much a play speaks for and against its song."""
    if outcome.ending is Ending.CUT:
        return 0.0, 0.0
    if outcome.ending is Ending.PLAYED or outcome.heard_s >= NEARLY * outcome.length_s > 0:
        return 1.0, 0.0
    return 0.0, EARLY_WEIGHT if outcome.heard_s < EARLY_S else 1.0


class Taste:
    """Of the songs of one catalogue."""

    def __init__(self, catalogue: Catalogue, plays: Iterable[Outcome] = (), likings: Iterable[Liking] = ()) -> None:
        self._catalogue = catalogue
        self._songs = np.zeros((len(QUARTERS), 2, len(catalogue)))
        self._artists = np.zeros((len(QUARTERS), 2, catalogue.artists + 1))
        """The last column stands for nobody and stays empty."""
        for outcome in plays:
            self.learn(outcome)
        for liking in likings:
            self.learn_liking(liking)

    def learn(self, outcome: Outcome) -> None:
        """Take note of a play; of a song that is not in the catalogue nothing is learned."""
        self._learn(outcome.song, outcome.before, evidence(outcome))

    def learn_liking(self, liking: Liking) -> None:
        """Take note of a like or a dislike."""
        self._learn(liking.song, liking.listener, (SAID, 0.0) if liking.liked else (0.0, SAID))

    def _learn(self, song: str, listener: Listener, weights: tuple[float, float]) -> None:
        number = self._catalogue.index.get(song)
        if number is None:
            return
        mood = quarter(listener)
        self._songs[mood, :, number] += weights
        artist = self._catalogue.artist[number]
        if artist >= 0:
            self._artists[mood, :, artist] += weights

    def draw(self, listener: Listener, rng: np.random.Generator) -> Floats:
        """A draw from what is believed of each song's chance to be welcome now, (n,), in (0, 1)."""
        welcomes, refusals = self._posterior(listener)
        drawn: Floats = np.clip(rng.beta(welcomes, refusals), 1e-3, 1.0)
        return drawn

    def expected(self, listener: Listener) -> Floats:
        """The mean of that belief, (n,)."""
        welcomes, refusals = self._posterior(listener)
        mean: Floats = welcomes / (welcomes + refusals)
        return mean

    def heard(self, number: int, listener: Listener) -> tuple[float, float]:
        """What speaks for and against song `number` in the listener's mood alone."""
        welcomes, refusals = self._songs[quarter(listener), :, number]
        return float(welcomes), float(refusals)

    def _posterior(self, listener: Listener) -> tuple[Floats, Floats]:
        mood = quarter(listener)
        songs, artists = _blend(self._songs, mood), _blend(self._artists, mood)
        prior = (artists[0] + ARTIST_STRENGTH * WELCOME) / (artists.sum(axis=0) + ARTIST_STRENGTH)
        prior = prior[self._catalogue.artist]
        return songs[0] + SONG_STRENGTH * prior, songs[1] + SONG_STRENGTH * (1 - prior)


def _blend(counts: npt.NDArray[np.float64], mood: int) -> Floats:
    blended: Floats = counts[mood] + OTHER_MOODS * (counts.sum(axis=0) - counts[mood])
    return blended
