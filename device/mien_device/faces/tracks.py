"""Which face is which: ids that stay with a person from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mien_models.preprocess import Box

REACH = 0.6
"""A face may move by this share of its height between two sightings and still be the same."""
CONFIRM_S = 1.0
"""A face counts when it is seen twice within so many seconds: single false finds never do."""
HOLD_S = 1.0
"""A face that is not found (a hand before it, a turned head) is still held to be there for so long."""


@dataclass(slots=True)
class Track:
    """A person in view."""

    id: int
    box: Box
    first_seen: float
    last_seen: float
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Sightings:
    """The outcome of one frame."""

    seen: tuple[Track, ...]
    """Confirmed people whose face was found in this frame."""
    present: tuple[Track, ...]
    """Confirmed people in view, those just hidden included."""
    arrived: int
    left: int


class Tracker:
    """Pure: time is an argument, in seconds of the clock that stamps the frames."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._next_id = 1

    def update(self, boxes: list[Box], at: float) -> Sightings:
        """Match the boxes of one frame to the people known so far."""
        seen, arrived = [], 0
        unmatched = list(boxes)
        for distance, track, box in sorted(self._candidates(boxes), key=lambda candidate: candidate[0]):
            if any(track is other for other in seen) or not any(box is other for other in unmatched):
                continue
            unmatched = [other for other in unmatched if other is not box]
            if not track.confirmed and distance < math.inf:
                track.confirmed = True
                arrived += 1
            track.box, track.last_seen = box, at
            seen.append(track)
        left = self._drop(at)
        for box in unmatched:
            self._tracks.append(Track(self._next_id, box, at, at))
            self._next_id += 1
        return Sightings(
            seen=tuple(track for track in seen if track.confirmed),
            present=tuple(track for track in self._tracks if track.confirmed),
            arrived=arrived,
            left=left,
        )

    def _candidates(self, boxes: list[Box]) -> list[tuple[float, Track, Box]]:
        """Pairs that may be the same face, with how far apart they are in units of the face's height."""
        pairs = []
        for track in self._tracks:
            for box in boxes:
                size = max(track.box.height, box.height)
                distance = math.dist(track.box.centre, box.centre) / size
                if distance < REACH and 0.6 < box.height / track.box.height < 1.67:
                    pairs.append((distance, track, box))
        return pairs

    def _drop(self, at: float) -> int:
        """Forget who was not seen for too long; the number of confirmed people among them."""
        kept, left = [], 0
        for track in self._tracks:
            limit = HOLD_S if track.confirmed else CONFIRM_S
            if at - track.last_seen <= limit:
                kept.append(track)
            else:
                left += track.confirmed
        self._tracks = kept
        return left
