"""Songs for tests of the policy, and a library that keeps its own play log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from mien_device.config import MusicMode
from mien_device.listeners import Ending, Listener
from mien_device.policy import Choice, Liking, Outcome, Song
from mien_device.policy.policy import Policy
from mien_models.listening import Estimate

HAPPY = Listener(0.7, 0.2, 0.5, 0.2, faces=1)
SAD = Listener(-0.6, 0.2, -0.3, 0.2, faces=1)
ANGRY = Listener(-0.5, 0.2, 0.6, 0.2, faces=1)
EVEN = Listener(0.0, 0.2, 0.0, 0.2, faces=1)

DAY_S = 86_400.0


def song(
    name: str,
    valence: float = 0.0,
    arousal: float = 0.0,
    artist: str = "",
    sd: float = 0.1,
    tempo: float | None = None,
    key: str | None = None,
    loudness: float = -18.0,
) -> Song:
    return Song(name, Path(f"{name}.ogg"), name, artist, Estimate(valence, sd, arousal, sd), tempo, key, loudness)


def grid(steps: int = 21, sd: float = 0.05) -> list[Song]:
    """Songs everywhere on the plane, each by another artist."""
    points = np.linspace(-1, 1, steps)
    return [song(f"{v:.2f}/{a:.2f}", float(v), float(a), f"{v:.2f}/{a:.2f}", sd) for v in points for a in points]


def random_songs(count: int, artists: int, seed: int = 0) -> list[Song]:
    rng = np.random.default_rng(seed)
    return [
        song(
            str(number),
            *rng.uniform(-1, 1, 2),
            artist=f"artist {number % artists}" if artists else "",
            sd=float(rng.uniform(0, 0.6)),
            tempo=float(rng.uniform(60, 180)) if number % 5 else None,
            key=("C", "F# minor", "Bb", None)[number % 4],
            loudness=float(rng.uniform(-30, -6)),
        )
        for number in range(count)
    ]


class Shelf:
    """A library in memory."""

    def __init__(self, songs: Iterable[Song]) -> None:
        self.stock = list(songs)
        self.log: list[Outcome] = []
        self.said: list[Liking] = []
        self.is_new = False

    def songs(self) -> Sequence[Song]:
        return self.stock

    def plays(self) -> Iterable[Outcome]:
        return list(self.log)

    def likings(self) -> Iterable[Liking]:
        return list(self.said)

    def changed(self) -> bool:
        before, self.is_new = self.is_new, False
        return before


class Sitting:
    """A policy, a clock that only plays move, and the choices so far."""

    def __init__(self, songs: Iterable[Song], seed: int = 0, lasting_s: float = 45.0) -> None:
        self.shelf = Shelf(songs)
        self.policy = Policy(self.shelf, np.random.default_rng(seed), lasting_s=lasting_s)
        self.now = 1_700_000_000.0
        self.choices: list[Choice] = []
        self.leaving = Ending.PLAYED

    def play(
        self,
        mode: MusicMode,
        before: Listener,
        after: Listener | None = None,
        ending: Ending | Callable[[Choice], Ending] = Ending.PLAYED,
        *,
        heard_s: float = 200.0,
    ) -> Choice:
        choice = self.policy.choose(mode, before, self.now, self.leaving)
        assert choice is not None
        self.policy.started(choice)
        self.choices.append(choice)
        self.leaving = ending if isinstance(ending, Ending) else ending(choice)
        self.now += heard_s
        played = outcome(choice, after or before, self.leaving, heard_s=heard_s)
        self.shelf.log.append(played)
        self.policy.ended(played)
        return choice

    @property
    def heard(self) -> list[str]:
        return [choice.song.id for choice in self.choices]


def outcome(choice: Choice, after: Listener, ending: Ending = Ending.PLAYED, *, heard_s: float = 200.0) -> Outcome:
    return Outcome(choice.song.id, choice.at, choice.mode, ending, heard_s, 200.0, choice.listener, after)
