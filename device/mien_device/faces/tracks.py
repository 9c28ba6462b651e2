"""Which face is which: identities over time, from boxes alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mien_models.preprocess import Box

CONFIRMING_HITS = 2
"""A face counts from its second sighting: most false ones are there for a single frame."""
CONFIRMING_S = 0.3
"""And is forgotten when it is missed for so long before."""
_FARTHEST = 0.6
"""How far a face is at most from where it is expected, in its heights."""
_LARGEST_GROWTH = 1.8
"""Factor by which it grows or shrinks at most."""
_STEADY_S = 0.3
"""Time constant of the average over a face's speed: a box's middle is uncertain by a few pixels."""
_ONWARD_S = 1.0
"""A face that is not seen is expected to slow down, with this time constant."""
_BESIDE = 1.2
"""Two whose middles are nearer, in heights, cover each other: what is left of a face says nothing of its speed."""


@dataclass(frozen=True, slots=True)
class Track:
    """A face that is followed."""

    id: int
    """Counts up; never given twice."""
    box: Box
    """Where it was when last seen."""
    last_seen: float
    """Seconds, by the frames' stamps."""
    hits: int = 1
    speed: tuple[float, float] = (0.0, 0.0)
    """To the right and down, pixels a second."""

    def expected(self, at: float) -> Box:
        """Where it is at a moment after it was last seen, if it goes on as it went."""
        seconds = _ONWARD_S * -math.expm1((self.last_seen - at) / _ONWARD_S)
        x, y = self.box.x + self.speed[0] * seconds, self.box.y + self.speed[1] * seconds
        return Box(x, y, self.box.width, self.box.height, self.box.score)

    def seen(self, box: Box, at: float, *, sure: bool, alone: bool) -> Track:
        """The same face where it is now; a face that is not `alone` keeps its speed."""
        speed = self.speed
        if alone and at > self.last_seen:
            pause = at - self.last_seen
            moved = [(new - old) / pause for new, old in zip(box.centre, self.box.centre, strict=True)]
            share = max(1 / self.hits, -math.expm1(-pause / _STEADY_S))
            speed = (speed[0] + share * (moved[0] - speed[0]), speed[1] + share * (moved[1] - speed[1]))
        return replace(self, box=box, last_seen=at, hits=self.hits + sure, speed=speed)

    @property
    def confirmed(self) -> bool:
        return self.hits >= CONFIRMING_HITS


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one update brought."""

    tracks: tuple[Track, ...]
    """The confirmed faces, also those held for a while though this frame missed them."""
    arrived: tuple[int, ...]
    """Identities confirmed just now."""
    left: tuple[int, ...]
    """Confirmed identities given up just now."""


class Tracker:
    """Gives each face an identity and keeps it over short absences."""

    def __init__(self, hold_s: float = 1.5, sure: float = 0.0) -> None:
        """A face is forgotten when a frame misses it and it was unseen for longer than `hold_s`.

        Boxes with a lower score than `sure` hold a face and count for no sighting of one that is not confirmed yet.
        """
        self.hold_s = hold_s
        self._sure = sure
        self._tracks: list[Track] = []
        self._next_id = 0

    def expected(self, at: float) -> list[Box]:
        """Where to look at a moment for the faces that are followed, the not yet confirmed ones too."""
        return [track.expected(at) for track in self._tracks]

    def update(self, boxes: Sequence[Box], at: float) -> Sighting:
        """Take in the boxes of a frame taken at `at`; with none at all absent faces leave."""
        expected = self.expected(at)
        pairs = _pair(expected, boxes)
        kept: list[Track] = []
        arrived: list[int] = []
        left: list[int] = []
        for index, track in enumerate(self._tracks):
            if index in pairs:
                box = boxes[pairs[index]]
                alone = all(
                    _distance(expected[index], other) > _BESIDE for other in expected if other is not expected[index]
                )
                seen = track.seen(box, at, sure=box.score >= self._sure, alone=alone)
                arrived += [track.id] if seen.confirmed and not track.confirmed else []
                kept.append(seen)
            elif not self._is_gone(track, at):
                kept.append(track)
            elif track.confirmed:
                left.append(track.id)
        for place in sorted(set(range(len(boxes))) - set(pairs.values())):
            if boxes[place].score >= self._sure:
                kept.append(Track(self._next_id, boxes[place], at))
                self._next_id += 1
        self._tracks = kept
        return Sighting(tuple(track for track in kept if track.confirmed), tuple(arrived), tuple(left))

    def wait(self, at: float) -> Sighting:
        """No frame came until `at`: who was unseen for too long leaves. A new face still waits for its second sighting."""
        left = tuple(track.id for track in self._tracks if track.confirmed and self._is_gone(track, at))
        self._tracks = [track for track in self._tracks if track.id not in left]
        return Sighting(tuple(track for track in self._tracks if track.confirmed), (), left)

    def _is_gone(self, track: Track, at: float) -> bool:
        return at - track.last_seen > (self.hold_s if track.confirmed else min(self.hold_s, CONFIRMING_S))


def _pair(expected: Sequence[Box], boxes: Sequence[Box]) -> dict[int, int]:
    """Track index → box index: the closest pair first, then the closest of those that are left."""
    costs = ((_cost(old, new), i, j) for i, old in enumerate(expected) for j, new in enumerate(boxes))
    pairs: dict[int, int] = {}
    for cost, i, j in sorted(costs):
        if cost < math.inf and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _cost(old: Box, new: Box) -> float:
    """How unlikely `new` is the face that is expected at `old`: distance in heights plus growth; infinite when impossible."""
    distance = _distance(old, new)
    growth = abs(math.log(new.height / old.height))
    return math.inf if distance > _FARTHEST or growth > math.log(_LARGEST_GROWTH) else distance + growth


def _distance(one: Box, other: Box) -> float:
    """Between two middles, in heights of the larger."""
    return math.dist(one.centre, other.centre) / max(one.height, other.height)
