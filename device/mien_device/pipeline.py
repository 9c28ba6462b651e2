"""From a frame to the mood: find the faces, follow them, read them, smooth. No threads, no clock but the frame's stamp."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mien_device.camera import Frame
from mien_device.config.schema import FacesConfig, MoodConfig
from mien_device.faces import FaceFinder, Reader
from mien_device.faces.legible import Trouble, trouble_with_box, trouble_with_face
from mien_device.faces.search import PacedSearch
from mien_device.faces.tracks import Sighting, Track, Tracker
from mien_device.faces.views import Views
from mien_device.mood import MoodState
from mien_device.mood.tracker import MoodTracker, Reading
from mien_models.labels import Mood
from mien_models.preprocess import Box, Image, crop_face
from mien_models.runner import LEAST_READABLE, Answer


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face in view."""

    id: int
    box: Box
    answer: Answer | None
    """Of this frame and the one before, see `Views`; None when the face was not read."""
    trouble: Trouble | None = None
    """Why it was not read, where it was seen."""
    crop: Image | None = field(default=None, compare=False)
    """As it lies in the picture, grey (48, 48); the network sees this or its mirror image. None where it came to no crop."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that one frame, or its absence, brought."""

    state: MoodState
    previous: Mood
    """The mood before."""
    faces_before: int
    arrived: int
    left: int
    """How many people came into view and went out of it."""
    faces: tuple[SeenFace, ...]
    find_s: float
    """Time for finding and following."""
    classify_s: float
    """Time for cropping and reading all faces."""

    @property
    def changed(self) -> bool:
        return self.state.mood is not self.previous

    @property
    def faces_changed(self) -> bool:
        """Whether the number of people in view is another than before."""
        return self.state.faces != self.faces_before

    @property
    def faces_read(self) -> int:
        return sum(face.answer is not None for face in self.faces)


class Pipeline:
    """Keeps what is known from frame to frame. Used by one thread."""

    def __init__(self, finder: FaceFinder, classifier: Reader, faces: FacesConfig, mood: MoodConfig) -> None:
        self._search = PacedSearch(finder, faces.search_interval_s)
        self._sure = finder.sure
        self._classifier = classifier
        self._min_height = faces.min_height
        self._mood_config = mood
        self._begin()
        self._before: tuple[Mood, int] = (Mood.NONE, 0)

    def step(self, frame: Frame) -> Observation:
        """Look at a frame."""
        started = time.perf_counter()
        boxes = self._search.find(frame.image, frame.captured_at, self._tracker.expected(frame.captured_at))
        sighting = self._tracker.update(boxes, frame.captured_at)
        found = time.perf_counter()
        faces = tuple(self._look(frame, track) for track in sighting.tracks)
        self._views.keep([face.id for face in faces])
        return self._observe(sighting, faces, frame.captured_at, found - started, time.perf_counter() - found)

    def configure(self, faces: FacesConfig, mood: MoodConfig) -> None:
        """Go on with other settings. From any thread."""
        self._search.interval_s = faces.search_interval_s
        self._mood_config = self._mood.config = mood
        self._tracker.hold_s = mood.absence_s

    def idle(self, now: float) -> Observation:
        """Bring the mood up to date when no frame came: nobody is seen, so in time nobody is there."""
        sighting = self._tracker.wait(now)
        return self._observe(sighting, tuple(SeenFace(t.id, t.box, None) for t in sighting.tracks), now, 0.0, 0.0)

    def forget(self, now: float) -> Observation:
        """Nobody is there from this moment on, without waiting for an absence: the camera was switched off."""
        self._begin()
        return self._observe(Sighting((), (), ()), (), now, 0.0, 0.0)

    def _begin(self) -> None:
        # Who leaves the mood leaves the count of people: one duration for both.
        self._tracker = Tracker(hold_s=self._mood_config.absence_s, sure=self._sure)
        self._mood = MoodTracker(self._mood_config)
        self._views = Views(self._classifier)

    def _look(self, frame: Frame, track: Track) -> SeenFace:
        if track.last_seen != frame.captured_at:
            return SeenFace(track.id, track.box, None)
        trouble = trouble_with_box(track.box, frame.image, self._min_height)
        if trouble is not None:
            return SeenFace(track.id, track.box, None, trouble)
        crop = crop_face(frame.image, track.box)
        trouble = trouble_with_face(crop)
        answer = self._views.read(track.id, crop, frame.captured_at) if trouble is None else None
        return SeenFace(track.id, track.box, answer, trouble, crop)

    def _observe(
        self, sighting: Sighting, faces: tuple[SeenFace, ...], at: float, find_s: float, classify_s: float
    ) -> Observation:
        readings = [
            # Who is near counts more, and so does who can be read well.
            Reading(face.id, face.answer.probabilities, weight=face.box.height * face.answer.readable)
            for face in faces
            if face.answer is not None and face.answer.readable >= LEAST_READABLE
        ]
        state = self._mood.update(readings, at, faces=len(faces))
        (previous, faces_before), self._before = self._before, (state.mood, state.faces)
        return Observation(
            state, previous, faces_before, len(sighting.arrived), len(sighting.left), faces, find_s, classify_s
        )
