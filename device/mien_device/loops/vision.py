"""The vision thread: newest frame → pipeline → everyone who wants to know of the mood."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mien_device import clock
from mien_device.camera import Frame
from mien_device.config import MoodConfig
from mien_device.health import notify
from mien_device.home import Publisher
from mien_device.home.discovery import STATS_INTERVAL_S
from mien_device.home.messages import Event, MoodMessage, Presence, Probabilities, Stats, switch, utc_now
from mien_device.latest import Closed, Latest
from mien_device.loops.figures import Figures
from mien_device.loops.snapshot import Snapshots
from mien_device.mood import MoodState, nobody
from mien_device.pipeline import Observation, Pipeline
from mien_models.labels import Mood

log = logging.getLogger(__name__)

PATIENCE_S = 0.5
"""Without a frame for so long the mood is brought up to date without one."""
FIRST_STATS_S = 5.0
"""The first figures are sent so soon, that nobody has to wait a minute for a temperature."""

CLOCK_WAS_SET = timedelta(seconds=2)
"""Two clocks do not drift apart by so much within a mood; if they do, somebody set one of them."""


class Vision:
    """Looks at frames until the slot is closed."""

    def __init__(
        self,
        slot: Latest[Frame],
        pipeline: Pipeline,
        publisher: Publisher,
        moods: Latest[MoodState],
        config: MoodConfig,
        model: str,
        stop: threading.Event,
        camera_on: Callable[[], bool] = lambda: True,
        snapshots: Snapshots | None = None,
        camera_failing: Callable[[], bool] = lambda: False,
        stride: Callable[[], int] = lambda: 1,
        show: Callable[[Observation, Frame | None, float], None] | None = None,
    ) -> None:
        """Prepare it.

        Args:
            slot: where the frames come from.
            pipeline: looks at them.
            publisher: told of moods, events and figures.
            moods: where every state goes.
            config: how often the mood is sent again.
            model: its name and version.
            stop: ends the loop, and is set by its end.
            camera_on: while it says no, no frame is looked at and nobody is there.
            snapshots: None: no picture is ever sent.
            camera_failing: whether somebody is at work to get the camera back: then its silence is no hang of ours.
            stride: of so many frames one is looked at.
            show: told of every turn, with the frame, where one was looked at.

        """
        self._slot = slot
        self._pipeline = pipeline
        self._publisher = publisher
        self._moods = moods
        self._heartbeat_s = config.heartbeat_s
        self.model = model
        """As the home is told it."""
        self._stop = stop
        self._camera_on = camera_on
        self._resting = False
        """Whether everybody was forgotten already, because the camera is switched off."""
        self._snapshots = snapshots
        self._show = show
        self._camera_failing = camera_failing
        self._stride = stride
        self._passed = 0
        """Frames since the last that was looked at."""
        self._figures = Figures()
        self._calendar = Calendar()
        self._told = -float("inf")
        self._stats_due = time.monotonic() + FIRST_STATS_S

    def greet(self) -> None:
        """Give the publisher a state to begin with, so that the home finds one as soon as the device is online."""
        now = time.monotonic()
        self._tell_state(nobody(now), now)

    def stats(self) -> Stats:
        """The figures of this moment."""
        return self._figures.stats(self._slot.dropped)

    def run(self) -> None:
        """The loop. Its end is the end of the daemon."""
        try:
            while not self._stop.is_set():
                frame = self._slot.take(PATIENCE_S)
                if frame is not None and self._camera_on() and self._lets_pass():
                    notify.alive()
                    continue
                observation, now = self._turn(frame), time.monotonic()
                self._tell(observation, now)
                if self._show is not None:
                    self._show(observation, None if self._resting else frame, now)
        except Closed:
            pass  # the camera has ended or the daemon stops
        finally:
            self._stop.set()
            log.info("vision ends: %s", self._figures.stats(self._slot.dropped))

    def _turn(self, frame: Frame | None) -> Observation:
        if self._camera_on():
            self._resting = False
            observation = self._look(frame) if frame is not None else self._wait()
            if self._camera_on():
                return observation
        # Also a frame that was being looked at when the camera was switched off was looked at in vain.
        return self._rest()

    def _lets_pass(self) -> bool:
        """Whether the next frame is one of those that are left out, to spare a board that is hot."""
        self._passed += 1
        if self._passed < self._stride():
            return True
        self._passed = 0
        return False

    def _wait(self) -> Observation:
        """No frame came for a while."""
        if self._camera_failing():
            notify.alive()
        observation = self._pipeline.idle(time.monotonic())
        if observation.changed and self._snapshots is not None:
            self._snapshots.ask()  # the first frame that comes shows it
        return observation

    def _rest(self) -> Observation:
        """The camera is switched off: nobody is there, and the loop is alive all the same."""
        notify.alive()
        if self._snapshots is not None:
            self._snapshots.forget()
        if self._resting:
            return self._pipeline.idle(time.monotonic())
        self._resting = True
        return self._pipeline.forget(time.monotonic())

    def _look(self, frame: Frame) -> Observation:
        observation = self._pipeline.step(frame)
        self._figures.add(frame.captured_at, time.monotonic(), observation.classify_s, observation.faces_read)
        notify.alive()
        if self._snapshots is not None and self._camera_on():
            self._snapshots.look(frame, changed=observation.changed)
        return observation

    def _tell(self, observation: Observation, now: float) -> None:
        state = observation.state
        self._moods.put(state)
        # The state goes first: an automation that an event starts must not find the mood of before.
        if observation.changed or observation.faces_changed or now - self._told >= self._heartbeat_s:
            self._tell_state(state, now)
        for kind, count in (("face_arrived", observation.arrived), ("face_left", observation.left)):
            for _ in range(count):
                self._publisher.publish(Event(event_type=kind, mood=state.mood, faces=state.faces))
        if observation.changed:
            self._publisher.publish(
                Event(event_type="mood_changed", mood=state.mood, previous=observation.previous, faces=state.faces)
            )
        if now >= self._stats_due:
            self._stats_due = now + STATS_INTERVAL_S
            self._publisher.publish(self.stats())

    def _tell_state(self, state: MoodState, now: float) -> None:
        self._told = now
        # With a mood but no face the absence is not yet settled; with a face but no mood its mood is not.
        present = state.faces > 0 or state.mood is not Mood.NONE
        since = self._calendar.time_of_day(state.since, now)
        self._publisher.publish(as_message(state, self.model, since))
        self._publisher.publish(Presence(switch(present)))
        self._publisher.publish(Probabilities(probabilities=dict(state.probabilities), ts=utc_now()))


class Calendar:
    """Tells the time of day of the last moment that it was asked for, the same at every time.

    Each look at the two clocks gives it a millisecond sooner or later, and a home would store it as a change. Only when
    the clock is set, as a Pi's is some time after its start, the time of day is told anew.
    """

    def __init__(self) -> None:
        self._moment = -math.inf
        self._told = datetime.min.replace(tzinfo=UTC)

    def time_of_day(self, moment: float, now: float) -> datetime:
        """Of `moment` in monotonic seconds, counted back from `now`."""
        told = clock.utc() - timedelta(seconds=max(0.0, now - moment))
        if moment != self._moment or abs(told - self._told) >= CLOCK_WAS_SET:
            self._moment, self._told = moment, told
        return self._told


def as_message(state: MoodState, model: str, since: datetime) -> MoodMessage:
    """The state in the home's words. `since`: of its mood, in UTC."""
    return MoodMessage(
        mood=state.mood,
        confidence=round(100 * state.confidence),
        valence=round(state.valence, 3),
        arousal=round(state.arousal, 3),
        faces=state.faces,
        since=since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        model=model,
    )
