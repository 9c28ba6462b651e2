"""Sessions of listening: a simulated listener, whose likings are recorded ones, before a chooser that does not know them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mien_device.config.schema import MusicMode
from mien_device.listeners import Ending, Listener
from mien_device.policy import Liking, Outcome, Song, Target
from mien_device.policy.catalogue import Floats
from mien_device.policy.policy import Policy
from mien_models.listening import Estimate
from policy_listeners import SPREAD, Person, Rows

KNOWN = (0.20, 0.50)
"""Share of the variance of valence and arousal that the estimates explain: what this project's model must reach."""
SKIPS = {1: 0.08, 0: 0.25, -1: 0.70}
"""Chance that a song is skipped, by liking. Assumed; of all plays that makes about the half that Lamere (2014) counted."""
SAYS = {1: 0.10, 0: 0.0, -1: 0.05}
"""Chance that a listener presses like or dislike. Assumed."""
FACE_SD = 0.25
"""Error of the viewer's state on each axis. Assumed."""
FELT_SHARE = 0.15
"""A song moves the listener's mood by so much of the way to what they felt of it. Assumed."""
LENGTH_S, BETWEEN_S = 240.0, 86_400.0
START = 1_700_000_000.0


class SimulatedShelf:
    """A person's songs, with estimates as wrong as the model's; nothing was played yet."""

    def __init__(self, rows: Rows, rng: np.random.Generator) -> None:
        self._songs = tuple(_estimated(rows, number, place, rng) for number, place in enumerate(rows.true))

    def songs(self) -> Sequence[Song]:
        return self._songs

    def plays(self) -> Iterable[Outcome]:
        return ()

    def likings(self) -> Iterable[Liking]:
        return ()

    def changed(self) -> bool:
        return False


def _estimated(rows: Rows, number: int, true: Floats, rng: np.random.Generator) -> Song:
    """A calibrated estimate that explains `KNOWN` of the variance: shrunk towards the mean, with the error it says it has."""
    valence, arousal = (
        known * value + rng.normal(0, SPREAD * math.sqrt(known * (1 - known)))
        for known, value in zip(KNOWN, true, strict=True)
    )
    sd = [SPREAD * math.sqrt(1 - known) for known in KNOWN]
    estimate = Estimate(valence, sd[0], arousal, sd[1])
    return Song(str(number), Path(str(number)), rows.titles[number], rows.artists[number], estimate)


class Method(Protocol):
    """What is compared."""

    def next(self, listener: Listener, at: float) -> str:
        """The id of the song that begins now."""

    def ended(self, outcome: Outcome, liking: Liking | None) -> None:
        """How it ended, and what was said of it."""


class Ours:
    """The shipped policy in one mode."""

    def __init__(self, policy: Policy, mode: MusicMode) -> None:
        self._policy = policy
        self._mode = mode
        self._leaving = Ending.PLAYED

    def next(self, listener: Listener, at: float) -> str:
        choice = self._policy.choose(self._mode, listener, at, self._leaving)
        assert choice is not None
        self._policy.started(choice)
        return choice.song.id

    def ended(self, outcome: Outcome, liking: Liking | None) -> None:
        self._policy.ended(outcome)
        self._leaving = outcome.ending
        if liking is not None:
            self._policy.liked(liking)


class Forgetful(Policy):
    """The policy without its learning: what the path and the joins do alone."""

    def ended(self, outcome: Outcome) -> None:
        """Forgotten at once."""

    def liked(self, liking: Liking) -> None:
        """Forgotten at once."""


class Pathless(Policy):
    """The policy without its path: what the learning does alone."""

    def _fit(self, target: Target) -> Floats:
        return np.zeros(len(self._catalogue))


class Bag:
    """Each song of a list once by chance, then all again."""

    def __init__(self, songs: Sequence[str], rng: np.random.Generator) -> None:
        self._songs = songs
        self._rng = rng
        self._bag: list[str] = []

    def next(self, listener: Listener, at: float) -> str:
        del listener, at
        if not self._bag:
            self._bag = [str(song) for song in self._rng.permutation(self._songs)]
        return self._bag.pop()

    def ended(self, outcome: Outcome, liking: Liking | None) -> None:
        """Nothing is learned."""


def _happiest(shelf: SimulatedShelf) -> list[str]:
    """The third with the highest estimates of valence: the folder "happy" of a system that only cheers up."""
    ranked = sorted(shelf.songs(), key=lambda song: -song.estimate.valence)
    return [song.id for song in ranked[: math.ceil(len(ranked) / 3)]]


Maker = Callable[[SimulatedShelf, np.random.Generator], Method]
METHODS: dict[str, Maker] = {
    "follow": lambda shelf, rng: Ours(Policy(shelf, rng), MusicMode.FOLLOW),
    "lift": lambda shelf, rng: Ours(Policy(shelf, rng), MusicMode.LIFT),
    "cheer-up-only": lambda shelf, rng: Bag(_happiest(shelf), rng),
    "shuffle": lambda shelf, rng: Bag([song.id for song in shelf.songs()], rng),
    "lift without learning": lambda shelf, rng: Ours(Forgetful(shelf, rng), MusicMode.LIFT),
    "learning without path": lambda shelf, rng: Ours(Pathless(shelf, rng), MusicMode.LIFT),
}
"""The last two take the policy apart."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one person's sessions with one method; arrays (sessions, tracks)."""

    liking: Floats
    """1, 0, -1 as recorded."""
    skipped: Floats
    felt: Floats
    """Valence of what was felt, as recorded."""
    jumps: Floats
    """Distance on the plane from one song to the next, by what others felt of both; (sessions, tracks - 1)."""


def listen(rows: Rows, person: Person, method: str, rng: np.random.Generator, sessions: int, tracks: int) -> Heard:
    """One person, one method, a session a day, each in one of the person's own moods."""
    shelf = SimulatedShelf(rows, rng)
    chooser = METHODS[method](shelf, rng)
    heard = np.zeros((sessions, tracks), np.int64)
    songs = np.zeros((sessions, tracks), np.int64)
    skipped = np.zeros((sessions, tracks))
    for session in range(sessions):
        at = START + session * BETWEEN_S
        before = int(rng.choice(person.moods))
        mood = np.array([(before - 3) * 0.3, 0.0])
        for track in range(tracks):
            seen = _look(mood, rng)
            name = chooser.next(seen, at)
            answer = person.answers[before - 1, int(name)]
            liking = int(rows.liking[answer])
            skips = bool(rng.random() < SKIPS[liking])
            mood = mood + FELT_SHARE * (np.clip(rows.felt[answer], -1, 1) - mood)
            after = _look(mood, rng)
            says = bool(rng.random() < SAYS[liking])
            chooser.ended(
                _outcome(name, at, seen, after, rng, skips=skips), Liking(name, liking > 0, after) if says else None
            )
            heard[session, track], songs[session, track], skipped[session, track] = answer, int(name), skips
            at += LENGTH_S
    jumps = np.linalg.norm(np.diff(rows.true[songs], axis=1), axis=2)
    return Heard(rows.liking[heard].astype(float), skipped, rows.felt[heard, 0], jumps)


def _look(mood: Floats, rng: np.random.Generator) -> Listener:
    """What a camera makes of a mood (2,)."""
    valence, arousal = np.clip(mood + rng.normal(0, FACE_SD, 2), -1, 1)
    return Listener(float(valence), FACE_SD, float(arousal), FACE_SD, faces=1)


def _outcome(
    song: str, at: float, before: Listener, after: Listener, rng: np.random.Generator, *, skips: bool
) -> Outcome:
    # Half of all skips come within the first ten seconds (Lamere 2014).
    heard_s = float(np.exp(rng.uniform(math.log(2), math.log(60)))) if skips else LENGTH_S
    ending = Ending.SKIPPED if skips else Ending.PLAYED
    return Outcome(song, at, MusicMode.FOLLOW, ending, heard_s, LENGTH_S, before, after)
