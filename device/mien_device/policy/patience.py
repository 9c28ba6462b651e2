"""When a song may be cut: never for a flicker, only for a change that lasts, and not often; or for somebody's own word."""

from __future__ import annotations

import math

from mien_device.config.schema import MusicMode
from mien_device.listeners import Listener
from mien_device.policy.course import Place, goal

AWAY = 0.6
"""A listener who is so far from where they were expected is somewhere else."""
LASTING_S = 45.0
"""How long they must be there without a break."""
APART_S = 300.0
"""So long there is no second cut."""


class Patience:
    """Watches the listener while a song plays."""

    def __init__(self, lasting_s: float = LASTING_S, apart_s: float = APART_S) -> None:
        self._lasting_s = lasting_s
        self._apart_s = apart_s
        self._away_since: float | None = None
        self._reference: Place | None = None
        self._mode = MusicMode.OFF
        self._cut_at = -math.inf

    def chosen(self, mode: MusicMode, place: Place, listener: Listener) -> None:
        """A song was chosen for `place` and `listener`."""
        self._mode, self._away_since = mode, None
        self._reference = place if mode is MusicMode.FOLLOW else (listener.valence, listener.arousal)

    def watch(self, listener: Listener, at: float) -> bool:
        """Whether the listener has been somewhere else for long enough, without a break, by now; or says so."""
        if not self._is_away(listener):
            self._away_since = None
            return False
        self._away_since = at if self._away_since is None else self._away_since
        return listener.said or at - self._away_since > self._lasting_s

    def may_cut(self, listener: Listener, at: float) -> bool:
        """Whether the last cut is long enough ago. A word waits for nothing: it stays where it is, so it cuts only once."""
        return listener.said or at - self._cut_at >= self._apart_s

    def cut(self, at: float) -> None:
        """A song was cut."""
        self._cut_at = at

    def _is_away(self, listener: Listener) -> bool:
        """For `follow` away from the music; for the modes that lead, further from their goal than at the choice."""
        if self._reference is None or not listener.faces:
            return False
        now = (listener.valence, listener.arousal)
        if self._mode is MusicMode.FOLLOW:
            return math.dist(now, self._reference) > AWAY
        if self._mode in {MusicMode.LIFT, MusicMode.CALM, MusicMode.ENERGISE}:
            there = goal(self._mode, listener)
            return math.dist(now, there) > math.dist(self._reference, there) + AWAY
        return False
