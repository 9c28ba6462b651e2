"""The way from where the listener is to where the mode wants to go, a step a track, closed by what the face did."""

from __future__ import annotations

import math

from mien_device.config.schema import MusicMode
from mien_device.listeners import Ending, Listener
from mien_device.policy import Choice, Phase, Target

STEP = 0.25
"""The longest step from one track to the next, on a plane whose axes go from −1 to 1."""
FALL = 0.1
"""Valence that is lower by more than this after a track has fallen."""
PATIENCE = 2
"""So many falls in a row lead back to the listener; so many skips in a row lead a step towards them."""

Place = tuple[float, float]

GOALS: dict[MusicMode, Place] = {
    MusicMode.LIFT: (0.7, 0.4),
    MusicMode.CALM: (0.4, -0.7),
    MusicMode.ENERGISE: (0.4, 0.8),
}
"""Valence and arousal that a mode leads to."""
VENT_LIVELY: Place = (-0.5, 0.7)
VENT_QUIET: Place = (-0.5, -0.5)
"""Where venting goes: discharge for who is agitated, solace for who is not (Saarikallio and Erkkilä 2007)."""
MIDDLE: Place = (0.0, 0.0)


def goal(mode: MusicMode, listener: Listener) -> Place:
    """Where `mode` leads; `follow` leads to the listener."""
    if mode is MusicMode.VENT:
        return VENT_LIVELY if listener.arousal >= 0 else VENT_QUIET
    return GOALS.get(mode, (listener.valence, listener.arousal))


def towards(here: Place, there: Place, step: float = STEP) -> Place:
    """The place at most `step` from `here` on the straight line to `there`."""
    distance = math.dist(here, there)
    if distance <= step:
        return there
    share = step / distance
    return here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])


class Course:
    """Begins at the listener (the iso principle: match, then lead) and is planned again before each track."""

    def __init__(self) -> None:
        self._mode: MusicMode | None = None
        self._place: Place | None = None
        self._valence: float | None = None
        """The listener's when the present track was chosen; None with nobody in view."""
        self._falls = 0
        self._skips = 0

    def next(
        self, mode: MusicMode, listener: Listener, leaving: Ending = Ending.PLAYED, *, anew: bool = False
    ) -> Target:
        """The place for the next track after one that is `leaving`; nothing changes until it is taken.

        With `anew` it is where the listener is.
        """
        if mode is MusicMode.SHUFFLE:
            return Target(*MIDDLE, (0.0, 0.0), Phase.CHANCE)
        here = None if anew or mode is not self._mode else self._place
        place, phase = self._plan(mode, listener, leaving, here)
        is_listeners = mode is MusicMode.FOLLOW or phase in {Phase.MATCH, Phase.BACK}
        sd = (listener.valence_sd, listener.arousal_sd) if is_listeners else (0.0, 0.0)
        return Target(*place, sd, phase, step_from=None if phase in {Phase.MATCH, Phase.BACK} else here)

    def take(self, choice: Choice) -> None:
        """The track of `choice` has begun."""
        target = choice.target
        self._falls, self._skips = self._counts(choice.listener, choice.leaving)
        if target.step_from is None:
            self._falls = self._skips = 0
        self._mode = choice.mode
        self._place = None if target.phase is Phase.CHANCE else (target.valence, target.arousal)
        self._valence = choice.listener.valence if choice.listener.faces else None

    def _counts(self, listener: Listener, leaving: Ending) -> tuple[int, int]:
        """Falls and skips in a row, the track that is leaving included."""
        skips = self._skips + 1 if leaving is Ending.SKIPPED else 0
        if leaving is not Ending.PLAYED or self._valence is None or not listener.faces:
            return self._falls, skips
        fell = listener.valence < self._valence - FALL
        return self._falls + 1 if fell else 0, skips

    def _plan(self, mode: MusicMode, listener: Listener, leaving: Ending, here: Place | None) -> tuple[Place, Phase]:
        listeners = (listener.valence, listener.arousal)
        if here is None:
            return listeners, Phase.MATCH
        falls, skips = self._counts(listener, leaving)
        # Music that vents may well bring out what hurts; nobody who asked for it is to be stopped.
        if falls >= PATIENCE and mode is not MusicMode.VENT:
            return listeners, Phase.BACK
        if skips:
            return towards(here, listeners) if skips >= PATIENCE else here, Phase.HOLD
        there = goal(mode, listener)
        place = towards(here, there)
        return place, Phase.ARRIVED if place == there else Phase.STEP
