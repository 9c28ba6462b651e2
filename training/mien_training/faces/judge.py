"""How well faces are found: recall by height and disturbance, false faces, precision and recall, distances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mien_models.matching import Match, Truth, match
from mien_models.preprocess import Box, Image
from mien_models.validation import Strict

Look = Callable[[Image, float], list[Box]]
"""From a picture and the least score to the faces in it, best first."""

HEIGHTS = ((0, 12), (12, 20), (20, 40), (40, 80), (80, 10_000))
"""Pixels of the picture that is looked at."""
LEAST = 0.05
"""Score from which found faces are kept for the curve."""
WHOLE = "whole"
"""The group of pictures that nothing was laid into."""
ALLOWED_FALSE = 0.02
"""False faces a picture without faces that the threshold is set for."""
_LOWEST_START, _HIGHEST_START = 0.3, 0.9
_CURVE = tuple(round(0.05 * step, 2) for step in range(1, 20))


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture with its truth."""

    image: Image
    truth: Truth
    groups: tuple[str, ...] = ()
    """What it is an example of, such as "dark"."""
    landmarks: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Of each face of the truth, where they are known."""


class Point(Strict):
    """What a threshold brings."""

    score: float
    precision: float | None
    recall: float | None
    false_per_empty: float | None


class Findings(Strict):
    """Figures of one finder on some samples. Shares in [0, 1]; None where there is nothing to share."""

    start: float
    """The score from which something counts as a face in all that follows."""
    faces: int
    pictures: int
    recall: float | None
    false_per_empty: float | None
    """False faces a picture that has none."""
    false_per_peopled: float | None
    """And a picture that has some."""
    recall_by_height: dict[str, float | None]
    recall_by: dict[str, float | None]
    """By the samples' groups."""
    place_error: float | None
    """Median distance of a found box's middle from the face's, in its heights."""
    size_error: float | None
    """Median |found height / true height − 1|."""
    landmark_error: float | None
    """Median over faces of the mean distance of their landmarks, in heights."""
    curve: tuple[Point, ...]


@dataclass(eq=False)
class Judged:
    """Samples with what was found in them."""

    samples: list[Sample] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)

    def add(self, sample: Sample, boxes: Sequence[Box]) -> None:
        """Take in what was found in a sample, best first, from score `LEAST` on."""
        self.samples.append(Sample(sample.image[:0], sample.truth, sample.groups, sample.landmarks))
        self.matches.append(match(boxes, sample.truth))

    def start(self) -> float:
        """The lowest score, within reason, with at most `ALLOWED_FALSE` false faces a whole picture without.

        Composed scenes do not count: they are full of what finders fall for, as no room is.
        """
        pairs = zip(self.samples, self.matches, strict=True)
        empty = [m for s, m in pairs if WHOLE in s.groups and not s.truth.faces]
        false = sorted((box.score for m in empty for box in m.false), reverse=True)
        allowed = int(ALLOWED_FALSE * len(empty))
        wanted = false[allowed] + 1e-3 if len(false) > allowed else 0.0
        return round(min(_HIGHEST_START, max(_LOWEST_START, wanted)), 3)

    def findings(self, start: float) -> Findings:
        """The figures at the threshold `start`."""
        pairs = [pair for s, m in zip(self.samples, self.matches, strict=True) for pair in _pairs(s, m, start)]
        found = [(face, hit, landmarks) for face, hit, landmarks, _ in pairs if hit is not None]
        places = [np.hypot(*np.subtract(hit.centre, face.centre)) / face.height for face, hit, _ in found]
        apart = [_apart(hit, landmarks) / face.height for face, hit, landmarks in found if landmarks and hit.landmarks]
        groups = sorted({group for sample in self.samples for group in sample.groups})
        return Findings(
            start=start,
            faces=len(pairs),
            pictures=len(self.samples),
            recall=_share([hit is not None for _, hit, _, _ in pairs]),
            false_per_empty=_mean([_count(m, start) for m in self._empty()]),
            false_per_peopled=_mean([_count(m, start) for m in self._peopled()]),
            recall_by_height={
                f"{low}-{high}": _share([hit is not None for face, hit, _, _ in pairs if low <= face.height < high])
                for low, high in HEIGHTS
            },
            recall_by={g: _share([hit is not None for _, hit, _, groups in pairs if g in groups]) for g in groups},
            place_error=_median(places),
            size_error=_median([abs(hit.height / face.height - 1) for face, hit, _ in found]),
            landmark_error=_median(apart),
            curve=tuple(self._point(score) for score in _CURVE),
        )

    def _point(self, score: float) -> Point:
        hits = [hit is not None and hit.score >= score for m in self.matches for hit in m.hits]
        false = sum(_count(m, score) for m in self.matches)
        return Point(
            score=score,
            precision=sum(hits) / (sum(hits) + false) if sum(hits) + false else None,
            recall=_share(hits),
            false_per_empty=_mean([_count(m, score) for m in self._empty()]),
        )

    def _empty(self) -> list[Match]:
        return [m for s, m in zip(self.samples, self.matches, strict=True) if not s.truth.faces]

    def _peopled(self) -> list[Match]:
        return [m for s, m in zip(self.samples, self.matches, strict=True) if s.truth.faces]


def judge(look: Look, samples: Iterable[Sample]) -> Judged:
    """Look at every sample."""
    judged = Judged()
    for sample in samples:
        judged.add(sample, look(sample.image, LEAST))
    return judged


Pair = tuple[Box, Box | None, tuple[tuple[float, float], ...], tuple[str, ...]]


def _pairs(sample: Sample, found: Match, start: float) -> list[Pair]:
    landmarks = sample.landmarks or ((),) * len(found.hits)
    return [
        (face, hit if hit is not None and hit.score >= start else None, points, sample.groups)
        for face, hit, points in zip(sample.truth.faces, found.hits, landmarks, strict=True)
    ]


def _apart(hit: Box, landmarks: tuple[tuple[float, float], ...]) -> float:
    return float(np.hypot(*(np.array(hit.landmarks) - np.array(landmarks)).T).mean())


def _count(found: Match, score: float) -> int:
    return sum(box.score >= score for box in found.false)


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None
