"""How well a finder finds on real footage, through the code that the device runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mien_models.finder import ModelFinder
from mien_models.matching import Match, match
from mien_models.shipped import find_model
from mien_models.validation import Strict
from mien_training.faces.disturb import DISTURBANCES
from mien_training.faces.footage import read_footage
from mien_training.faces.judge import LEAST, Judged, Look, Point, Sample
from mien_training.faces.report import draw_mistakes

LEAST_HEIGHT = 40.0
"""Faces taller than so many pixels count."""
_SHEET = 48
CAMERA_LIKE = ("asl", "gif", "caltech")
"""Groups of the footage whose faces count in `recall`: clips, previews and Caltech's stills. Negatives are of any group."""


class FootageReport(Strict):
    """What a finder does on footage. Shares in [0, 1], None where there is nothing to share."""

    model: str
    start: float | None
    """The score from which the finder tells of a face, where it has one."""
    n_faces: int
    """Taller than 40 pixels, in clips, previews and Caltech's stills together."""
    n_frames: int
    """Looked at, of every group."""
    recall: float | None
    """Share of those faces that a box covers with an overlap (IoU) of .5."""
    false_faces_per_negative_frame: float | None
    """Boxes that touch (IoU .2) nothing that could be a face, a frame without a face."""
    false_faces_per_positive_frame: float | None
    false_faces_per_clip_frame: float | None
    """The same in the frames of the `asl` clips, with their skull T-shirt."""
    recall_by: dict[str, float | None]
    """The same recall after each disturbance."""
    recall_by_group: dict[str, float | None]
    recall_by_height: dict[str, float | None]
    """Of all groups together, by the face's height in pixels."""
    place_error: float | None
    size_error: float | None
    landmark_error: float | None
    """Medians, in heights of the face."""
    curve: tuple[Point, ...]
    """Precision and recall by threshold, of all groups together."""


def evaluate_finder(name: str, footage: Path, start: float | None = None) -> FootageReport:
    """Measure a shipped finder, or that of a model directory, on a folder of footage; `start` overrides its threshold.

    Raises:
        DataError: the footage cannot be read.
        ModelError: there is no such model, or it is no face finder.

    """
    finder = ModelFinder.open(find_model(name))
    used = finder.manifest.start if start is None else start
    return measure(name, finder.look, used, footage)


def draw_footage_mistakes(path: Path, name: str, footage: Path, start: float | None = None) -> None:
    """A sheet of up to 48 frames with faces that were missed, green, and false ones, red, spread over all such frames.

    Raises:
        DataError, ModelError: as `evaluate_finder`.

    """
    finder = ModelFinder.open(find_model(name))
    mistakes = []
    for _, sample in read_footage(footage, LEAST_HEIGHT):
        found = match(finder.look(sample.image, finder.manifest.start if start is None else start), sample.truth)
        missed = [face for face, hit in zip(sample.truth.faces, found.hits, strict=True) if hit is None]
        if missed or found.false:
            mistakes.append((sample.image, missed, found.false))
    draw_mistakes(path, mistakes[:: -(-len(mistakes) // _SHEET) or 1])


def measure(name: str, look: Look, start: float, footage: Path) -> FootageReport:
    """Measure anything that looks: from a picture and the least score to the faces in it, best first."""
    # What the device would find, and, for the curve alone, what it would find with any other threshold.
    judged, any_score = Judged(), Judged()
    plain, disturbed = _Counted(), {key: _Counted() for key in DISTURBANCES}
    for group, sample in read_footage(footage, LEAST_HEIGHT):
        boxes = look(sample.image, start)
        judged.add(replace(sample, groups=(group,)), boxes)
        any_score.add(sample, look(sample.image, min(start, LEAST)))
        plain.add(group, match(boxes, sample.truth))
        if group in CAMERA_LIKE and sample.truth.faces:
            for key, disturb in DISTURBANCES.items():
                changed: Sample = disturb(sample)
                disturbed[key].add(group, match(look(changed.image, start), changed.truth))
    findings = judged.findings(start)
    return FootageReport(
        model=name,
        start=start,
        n_faces=plain.faces(),
        n_frames=findings.pictures,
        recall=plain.recall(),
        false_faces_per_negative_frame=findings.false_per_empty,
        false_faces_per_positive_frame=findings.false_per_peopled,
        false_faces_per_clip_frame=plain.false_in("asl"),
        recall_by={key: counted.recall() for key, counted in disturbed.items()},
        recall_by_group=findings.recall_by,
        recall_by_height=findings.recall_by_height,
        place_error=findings.place_error,
        size_error=findings.size_error,
        landmark_error=findings.landmark_error,
        curve=any_score.findings(start).curve,
    )


class _Counted:
    """Matches of frames, by group."""

    def __init__(self) -> None:
        self._matches: list[tuple[str, Match]] = []

    def add(self, group: str, found: Match) -> None:
        self._matches.append((group, found))

    def faces(self) -> int:
        return len(self._hits())

    def recall(self) -> float | None:
        hits = self._hits()
        return round(sum(hits) / len(hits), 4) if hits else None

    def false_in(self, group: str) -> float | None:
        counts = [len(m.false) for g, m in self._matches if g == group]
        return round(sum(counts) / len(counts), 4) if counts else None

    def _hits(self) -> list[bool]:
        return [hit is not None for group, m in self._matches if group in CAMERA_LIKE for hit in m.hits]


def describe(report: FootageReport) -> str:
    """The report as lines for a person."""
    lines = [
        f"{report.model}, from score {report.start}, {report.n_frames} frames",
        f"recall {_percent(report.recall)} of {report.n_faces} faces taller than {LEAST_HEIGHT:.0f} px "
        "in clips, previews and Caltech's stills",
        f"false faces: {report.false_faces_per_negative_frame} a frame without faces, "
        f"{report.false_faces_per_positive_frame} a frame with some, {report.false_faces_per_clip_frame} a frame of the clips",
        f"errors in heights: place {report.place_error}, size {report.size_error}, landmarks {report.landmark_error}",
    ]
    for title, shares in (
        ("disturbed", report.recall_by),
        ("by group", report.recall_by_group),
        ("by height", report.recall_by_height),
    ):
        lines.append(f"{title}: {', '.join(f'{key} {_percent(share)}' for key, share in shares.items())}")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
