"""Every message that mien sends, one record each, with the topic it goes to: the MQTT contract.

Topics lie below `<prefix>/<device id>/`. States are retained with QoS 1; events and figures are not retained, QoS 0.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import ClassVar, Literal

from pydantic import Field

from mien_models.labels import Emotion, Mood
from mien_models.validation import Strict

AVAILABILITY_TOPIC = "availability"
ONLINE, OFFLINE = "online", "offline"

Percent = int


def utc_now() -> str:
    """The time as RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Info(Strict):
    """What this device is. Retained."""

    topic: ClassVar[str] = "info"

    version: str
    model: str
    model_sha256: str
    labels: tuple[str, ...]
    runtime: str
    accelerator: str
    camera: str
    finder: str
    player: str
    os: str
    python: str
    started_at: str
    """RFC 3339, UTC."""


class MoodMessage(Strict):
    """The mood of the people in view. Retained; sent when it changes and every minute."""

    topic: ClassVar[str] = "mood/state"

    mood: Mood
    confidence: Percent = Field(ge=0, le=100)
    """Per cent."""
    valence: float = Field(ge=-1, le=1)
    arousal: float = Field(ge=-1, le=1)
    faces: int = Field(ge=0)
    """People in view."""
    since: str
    """When this mood began, RFC 3339, UTC."""
    model: str


class Probabilities(Strict):
    """The seven probabilities behind the mood, for flows that want more than the label. Not retained."""

    topic: ClassVar[str] = "mood/probabilities"

    probabilities: dict[Emotion, float]
    ts: str


PRESENCE_TOPIC = "presence/state"
ON, OFF = "ON", "OFF"


class NowPlaying(Strict):
    """The track that sounds. Retained."""

    topic: ClassVar[str] = "now_playing/state"

    state: Literal["playing", "paused", "stopped"]
    title: str = ""
    mood: Mood = Mood.NONE
    """The mood it was chosen for."""


VOLUME_TOPIC, PAUSE_TOPIC = "volume/state", "pause/state"


class Settings(Strict):
    """What the home may set; echoed on one topic a setting, `volume/state` and `pause/state`. Retained."""

    volume: Percent = Field(ge=0, le=100)
    paused: bool = False


class Stats(Strict):
    """Figures of the last minute. Not retained."""

    topic: ClassVar[str] = "stats"

    fps: float
    """Frames a second that were looked at."""
    frames_dropped: int
    """Frames that were replaced by a newer one before anyone looked at them, since the start."""
    frame_age_ms_p50: float
    """Age of the frame when its mood was decided."""
    frame_age_ms_max: float
    inference_ms_p50: float
    """Time of one face through the emotion model."""
    uptime_s: int
    rss_mb: float


class Event(Strict):
    """Something that happened. Never retained, never queued, QoS 0."""

    topic: ClassVar[str] = "event"

    event_type: Literal["mood_changed", "face_arrived", "face_left", "track_started", "track_skipped"]
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    ts: str = Field(default_factory=utc_now)
    """RFC 3339, UTC."""
    mood: Mood
    previous: Mood | None = None
    """The mood before, of `mood_changed`."""
    faces: int | None = None
    title: str | None = None
    """The track, of `track_started` and `track_skipped`."""
