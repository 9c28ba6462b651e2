"""Puts it together: the course says where, taste and joins say which song there, chance explores."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from mien_device.config.schema import MusicMode
from mien_device.listeners import Ending, Listener
from mien_device.policy import Choice, Liking, Outcome, Phase, Shelf, Song, Target
from mien_device.policy.catalogue import Catalogue, Floats
from mien_device.policy.course import Course
from mien_device.policy.joins import ARTIST_SPACING, FLOOR, allowed, join_cost, repeat_cost
from mien_device.policy.patience import LASTING_S, Patience
from mien_device.policy.taste import Taste
from mien_device.policy.words import sentence

NEAR = 0.25
"""A song so far from its target is still at it: the standard deviation of the aim itself."""
TASTE = 3.0
"""Weight of taste against place. This one, those in `taste.py` and the cost of a repeat were set by `benchmarks/policy.py`
on its half of the listeners that no figure is reported of."""
SITTING_S = 7200.0
"""A track that begins so long after the last one is the first of another sitting: the path begins anew."""


class Policy:
    """Chooses songs for one room. Used by one thread.

    The same calls with the same generator make the same choices.
    """

    def __init__(self, shelf: Shelf, rng: np.random.Generator, *, lasting_s: float = LASTING_S) -> None:
        """Take in the songs and their history.

        Args:
            shelf: where they come from.
            rng: chance.
            lasting_s: a song may be cut for a change of mood that lasts longer; 0: never.

        """
        self._shelf = shelf
        self._rng = rng
        self._course = Course()
        self._cuts = lasting_s > 0
        self._started_at = -np.inf
        self._patience = Patience(lasting_s) if self._cuts else Patience()
        self._begun: deque[tuple[float, str]] = deque(maxlen=2 * FLOOR)
        """When which song began; the play log has it only when it has ended, and not where nobody heard it."""
        self.restock()

    def restock(self) -> None:
        """Read songs and history from the shelf again, after a scan or a correction. The course goes on."""
        self._catalogue = Catalogue(self._shelf.songs())
        plays = list(self._shelf.plays())
        self._taste = Taste(self._catalogue, plays, self._shelf.likings())
        self._played_at: Floats = np.full(len(self._catalogue), -np.inf)
        self._barred = np.zeros(len(self._catalogue), bool)
        self._recent: deque[int] = deque(maxlen=2 * FLOOR)
        self._artists: deque[int] = deque(maxlen=ARTIST_SPACING)
        self._last: int | None = None
        for at, song in sorted({(play.at, play.song) for play in plays} | set(self._begun)):
            self._note(song, at)

    def __len__(self) -> int:
        """How many songs it knows."""
        return len(self._catalogue)

    def choose(self, mode: MusicMode, listener: Listener, at: float, leaving: Ending = Ending.PLAYED) -> Choice | None:
        """The song after one that is `leaving`; None with `off`, and where there is no song that plays.

        Nothing follows from it until it has `started`: a choice made ahead may be dropped for another one.
        """
        if self._shelf.changed():
            self.restock()
        if mode is MusicMode.OFF or not len(self._catalogue) or self._barred.all():
            return None
        anew = self._patience.watch(listener, at) or at - self._started_at > SITTING_S
        target = self._course.next(mode, listener, leaving, anew=anew)
        number = self._best(target, listener, at)
        song = self._catalogue.songs[number]
        nearest = np.argmin(np.linalg.norm(self._catalogue.place - (target.valence, target.arousal), axis=1))
        why = sentence(
            mode,
            target,
            listener,
            song,
            self._catalogue.songs[int(nearest)],
            self._taste.heard(number, listener),
            is_new=bool(np.isneginf(self._played_at[number])),
        )
        return Choice(song, mode, target, listener, leaving, at, why)

    def again(self, path: Path, mode: MusicMode, listener: Listener, at: float) -> Choice | None:
        """The choice of the song at `path`, which played before a restart; None if it is not there any more."""
        song = self.song_at(path)
        if song is None or mode is MusicMode.OFF:
            return None
        why = "Goes on where it was before the restart."
        return Choice(song, mode, self._course.next(mode, listener), listener, Ending.PLAYED, at, why)

    def named(self, song: str, mode: MusicMode, listener: Listener, at: float) -> Choice | None:
        """The choice of the song with this id, because somebody asked for it; None if it is not there."""
        if self._shelf.changed():
            self.restock()  # a scan may have found it just now
        found = next((each for each in self._catalogue.songs if each.id == song), None)
        if found is None:
            return None
        return Choice(found, mode, self._course.next(mode, listener), listener, Ending.PLAYED, at, "You asked for it.")

    def song_at(self, path: Path) -> Song | None:
        """The song that it knows by this file, if any."""
        return next((song for song in self._catalogue.songs if song.path == path), None)

    def started(self, choice: Choice) -> None:
        """The song of `choice` has begun."""
        self._course.take(choice)
        self._patience.chosen(choice.mode, (choice.target.valence, choice.target.arousal), choice.listener)
        self._started_at = choice.at
        self._begun.append((choice.at, choice.song.id))
        self._note(choice.song.id, choice.at)

    def wants_change(self, listener: Listener, at: float) -> bool:
        """Whether the song that plays should be cut, because the listener has been elsewhere for long, or says so now.

        To be asked a few times a second; who gets True does cut. Not again within minutes, but for another word.
        """
        lasts = self._patience.watch(listener, at)
        if not (lasts and self._cuts and self._patience.may_cut(listener, at)):
            return False
        self._patience.cut(at)
        return True

    def ended(self, outcome: Outcome) -> None:
        """Learn from how a track ended."""
        self._taste.learn(outcome)

    def liked(self, liking: Liking) -> None:
        """Learn from what somebody said of a song."""
        self._taste.learn_liking(liking)

    def bar(self, song: str) -> None:
        """Leave out the song with this id, which does not play, until the next `restock`."""
        number = self._catalogue.index.get(song)
        if number is not None:
            self._barred[number] = True

    def _note(self, song: str, at: float) -> None:
        number = self._catalogue.index.get(song)
        if number is None:
            return
        self._played_at[number] = max(at, self._played_at[number])
        self._recent.append(number)
        self._artists.append(int(self._catalogue.artist[number]))
        self._last = number

    def _best(self, target: Target, listener: Listener, at: float) -> int:
        may = allowed(self._catalogue, list(self._recent), list(self._artists), self._barred)
        if target.phase is Phase.CHANCE:
            return int(self._rng.choice(np.flatnonzero(may)))
        score = (
            self._fit(target)
            + TASTE * np.log(self._taste.draw(listener, self._rng))
            - join_cost(self._catalogue, self._last)
            - repeat_cost(self._played_at, at)
        )
        return int(np.argmax(np.where(may, score, -np.inf)))

    def _fit(self, target: Target) -> Floats:
        """How well each song lies at the target, (n,): the log of the density there of what is known of its place.

        A sure song beats an unsure one at the target, and an unsure one beats a sure one far from it.
        """
        variance = self._catalogue.sd**2 + np.square(target.sd) + NEAR**2
        away = self._catalogue.place - (target.valence, target.arousal)
        density: Floats = -0.5 * (away**2 / variance + np.log(variance)).sum(axis=1)
        return density
