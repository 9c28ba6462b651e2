"""The vision thread: newest frame → pipeline → everyone who wants to know of the mood."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from mien_device.camera import Frame
from mien_device.config import MoodConfig
from mien_device.health import notify
from mien_device.home import Publisher
from mien_device.home.messages import Event, MoodMessage, Probabilities, utc_now
from mien_device.latest import Closed, Latest
from mien_device.loops.figures import Figures
from mien_device.mood import MoodState, nobody
from mien_device.pipeline import Observation, Pipeline
from mien_models.labels import Mood

log = logging.getLogger(__name__)

PATIENCE_S = 0.5
"""Without a frame for so long the mood is brought up to date without one."""
STATS_INTERVAL_S = 60.0


class Vision:
    """Looks at frames until the slot is closed."""

    def __init__(
        self,
        slot: Latest[Frame],
        pipeline: Pipeline,
        publisher: Publisher,
        moods: Latest[Mood],
        config: MoodConfig,
        model: str,
        stop: threading.Event,
    ) -> None:
        self._slot = slot
        self._pipeline = pipeline
        self._publisher = publisher
        self._moods = moods
        self._heartbeat_s = config.heartbeat_s
        self._model = model
        self._stop = stop
        self._figures = Figures()
        self._told = -float("inf")
        self._told_stats = time.monotonic()

    def greet(self) -> None:
        """Give the publisher a state to begin with, so that the home finds one as soon as the device is online."""
        now = time.monotonic()
        self._publisher.mood(as_message(nobody(now), self._model, now))

    def run(self) -> None:
        """The loop. Its end is the end of the daemon."""
        try:
            while not self._stop.is_set():
                frame = self._slot.take(PATIENCE_S)
                now = time.monotonic()
                self._tell(self._look(frame) if frame is not None else self._pipeline.idle(now), time.monotonic())
        except Closed:
            pass  # the camera has ended or the daemon stops
        finally:
            self._stop.set()
            log.info("vision ends: %s", self._figures.stats(self._slot.dropped))

    def _look(self, frame: Frame) -> Observation:
        observation = self._pipeline.step(frame)
        self._figures.add(frame.captured_at, time.monotonic(), observation.classify_s, observation.faces_read)
        notify.alive()
        return observation

    def _tell(self, observation: Observation, now: float) -> None:
        state = observation.state
        for kind, count in (("face_arrived", observation.arrived), ("face_left", observation.left)):
            for _ in range(count):
                self._publisher.event(Event(event_type=kind, mood=state.mood, faces=state.faces))
        if observation.changed:
            self._publisher.event(
                Event(event_type="mood_changed", mood=state.mood, previous=observation.previous, faces=state.faces)
            )
            self._moods.put(state.mood)
        if observation.changed or observation.faces_changed or now - self._told >= self._heartbeat_s:
            self._told = now
            self._publisher.mood(as_message(state, self._model, now))
            self._publisher.probabilities(Probabilities(probabilities=dict(state.probabilities), ts=utc_now()))
        if now - self._told_stats >= STATS_INTERVAL_S:
            self._told_stats = now
            self._publisher.stats(self._figures.stats(self._slot.dropped))


def as_message(state: MoodState, model: str, now: float) -> MoodMessage:
    """The state in the home's words; its monotonic `since` becomes a time of day, counted back from `now`."""
    since = datetime.now(UTC) - timedelta(seconds=max(0.0, now - state.since))
    return MoodMessage(
        mood=state.mood,
        confidence=round(100 * state.confidence),
        valence=round(state.valence, 3),
        arousal=round(state.arousal, 3),
        faces=state.faces,
        since=since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        model=model,
    )
