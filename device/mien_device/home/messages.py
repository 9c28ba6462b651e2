"""Every message that mien sends, one record each, with the topic it goes to: the MQTT contract.

Topics lie below `<prefix>/<device id>/`. What is retained is a state and has QoS 1; what is not is momentary, has QoS 0,
and is delivered now or never. `docs/mqtt.md` and the JSON Schemas in `schemas/` are written from these records.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import ConfigDict, Field, RootModel

from mien_device import clock
from mien_device.config.schema import MusicMode
from mien_models.labels import Emotion, Mood
from mien_models.validation import Strict

ONLINE, OFFLINE = "online", "offline"
ON, OFF = "ON", "OFF"

Percent = int
T = TypeVar("T")


def utc_now() -> str:
    """The time as RFC 3339 in UTC with milliseconds."""
    return clock.utc().isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Message:
    """What goes to one topic."""

    topic: ClassVar[str]
    retained: ClassVar[bool] = True
    """A retained message is a state: kept, and sent again on every connect."""
    media_type: ClassVar[str] = "application/json"

    def payload(self) -> str | bytes:
        """What is sent."""
        raise NotImplementedError


class Json(Strict, Message):
    """A message in JSON."""

    def payload(self) -> str:
        return self.model_dump_json()


class Plain(RootModel[T], Message, Generic[T]):
    """A message of one word or number, as plain text."""

    model_config = ConfigDict(frozen=True)
    media_type: ClassVar[str] = "text/plain"

    def payload(self) -> str:
        return str(self.root)


class Availability(Plain[Literal["online", "offline"]]):
    """Whether this device is there. `offline` is also its last will; `online` is the last thing sent on a connect, so
    that whoever sees it finds all states in place.
    """

    topic: ClassVar[str] = "availability"


class CameraAvailability(Plain[Literal["online", "offline"]]):
    """Whether the camera works. It stays `online` while the camera is switched off: that is no fault."""

    topic: ClassVar[str] = "camera/availability"


PartName = Literal["camera", "accelerator", "sound", "disk", "library", "music", "heat", "power"]


class Health(Json):
    """Whether every part does what it should. What is wrong is mended as far as it can be, and until then the rest goes on."""

    topic: ClassVar[str] = "health/state"

    state: Literal["ok", "degraded"]
    reasons: dict[PartName, str] = Field(default_factory=dict)
    """Of each part that does less than it should: why, and the remedy, in a sentence."""


class Info(Json):
    """What this device is."""

    topic: ClassVar[str] = "info"

    version: str
    """Of mien."""
    model: str
    """The emotion model's name and version."""
    model_sha256: str
    labels: tuple[str, ...]
    """What the model tells apart."""
    runtime: str
    """What runs the model."""
    accelerator: str
    """`cpu` or `edgetpu`."""
    camera: str
    """As configured, without what could be a password."""
    finder: str
    """What finds faces."""
    player: str
    """What plays, and on which sound card."""
    os: str
    python: str
    started_at: str
    """RFC 3339, UTC."""
    stopped: str | None = None
    """Why it stopped, where it could still say so: sent just before `offline`. After a crash it is null."""
    restart_required: tuple[str, ...] = ()
    """Settings that were changed in the file and read again, and that want a restart to count."""


class MoodMessage(Json):
    """The mood of the people in view. Sent when it or the number of people changes, and again every `mood.heartbeat_s`."""

    topic: ClassVar[str] = "mood/state"

    mood: Mood
    """`none`: nobody is there, or somebody is, whose mood is not settled yet or cannot be read: see `faces`."""
    confidence: Percent = Field(ge=0, le=100)
    """Per cent."""
    valence: float = Field(ge=-1, le=1)
    """Unpleasant −1 … pleasant 1."""
    arousal: float = Field(ge=-1, le=1)
    """Calm −1 … excited 1."""
    faces: int = Field(ge=0)
    """People in view."""
    since: str
    """When this mood began, RFC 3339, UTC."""
    model: str
    """As in `info`."""


class Presence(Plain[Literal["ON", "OFF"]]):
    """Whether somebody is in view. `OFF` also while the camera is switched off."""

    topic: ClassVar[str] = "presence/state"


class Probabilities(Json):
    """The seven probabilities behind the mood, for flows that want more than the label. Empty with nobody in view."""

    topic: ClassVar[str] = "mood/probabilities"
    retained: ClassVar[bool] = False

    probabilities: dict[Emotion, float]
    """By mood, smoothed; they add up to one."""
    ts: str
    """RFC 3339, UTC."""


class NowPlaying(Json):
    """The track that sounds."""

    topic: ClassVar[str] = "now_playing/state"

    state: Literal["playing", "paused", "stopped"]
    title: str = ""
    """From the file's tags, else its name."""
    artist: str = ""
    """From the file's tags."""
    mood: Mood = Mood.NONE
    """The mood it was chosen for."""
    why: str = ""
    """Why it was chosen, in one sentence."""
    duration_s: float | None = None
    """Its length in seconds; null where its file does not say, or nothing plays."""
    position_s: float = 0.0
    """How far it had come at `position_at`, in seconds; it runs on from there while `state` is `playing`."""
    position_at: str = ""
    """RFC 3339, UTC; empty while nothing plays."""


class CameraSwitch(Plain[Literal["ON", "OFF"]]):
    """The privacy switch. `OFF`: the camera is closed, not merely unread."""

    topic: ClassVar[str] = "camera/state"


class Volume(Plain[int]):
    """Per cent, 0 … 100."""

    topic: ClassVar[str] = "volume/state"

    root: int = Field(ge=0, le=100)


class Paused(Plain[Literal["ON", "OFF"]]):
    """Whether the music is held. Neither a new mood nor an empty room ends a pause."""

    topic: ClassVar[str] = "pause/state"


class Mode(Plain[MusicMode]):
    """What the music does about the mood."""

    topic: ClassVar[str] = "mode/state"


class Feeling(Json):
    """What somebody said that they feel, on the page or from the home. While it counts, music is chosen for it and not for what
    their face looks like; `mood/state` goes on telling of the face. It ends by itself, and when everybody has left.
    """

    topic: ClassVar[str] = "feeling/state"

    feeling: Mood
    """`none`: nothing is said that counts now."""
    since: str = ""
    """When it was said, RFC 3339, UTC; empty with `none`."""
    lasts_s: int = Field(0, ge=0)
    """For so long from then on, at most."""


class ScreenMessage(Json):
    """The last words that the home had for a screen. mien shows them on its local page."""

    topic: ClassVar[str] = "message/state"

    text: str
    """Empty: none came since the start."""
    ts: str
    """When they came, RFC 3339, UTC; empty as `text` is."""


class ModelUpdate(Json):
    """Where the emotion model stands, and a new one; only where `updates.keys` is set. Home Assistant's update entity."""

    topic: ClassVar[str] = "update/state"

    installed_version: str
    """Of the model that answers."""
    latest_version: str
    """Of the model that is offered, or tried; else the same."""
    title: str
    """The model's name."""
    release_summary: str = Field("", max_length=255)
    """How far a trial is, or how the last one ended."""
    in_progress: bool = False
    update_percentage: int | None = Field(None, ge=0, le=100)
    """Of the trial; null where nothing is under way."""
    phase: Literal["idle", "fetching", "shadow", "probation"] = "idle"
    """`shadow`: the new model runs beside the old one; `probation`: it answers, and the old one runs beside it."""
    agreement: int | None = Field(None, ge=0, le=100)
    """Per cent of the faces that both read alike, in this phase; null before the first."""
    faces: int = Field(0, ge=0)
    """That both have read."""


class Stats(Json):
    """Figures of the last minute."""

    topic: ClassVar[str] = "stats"
    retained: ClassVar[bool] = False

    fps: float
    """Frames a second that were looked at."""
    frames_dropped: int
    """Frames that were replaced by a newer one before anyone looked at them, since the start."""
    frame_age_ms_p50: float | None = None
    """Age of the frame when its mood was decided; null if none was looked at."""
    frame_age_ms_max: float | None = None
    """The oldest of them."""
    inference_ms_p50: float | None = None
    """Time of one face through the emotion model; null if none was read."""
    uptime_s: int
    """Since the daemon was started."""
    rss_mb: float
    """Memory of the daemon."""
    cpu_temp_c: float | None = None
    """Of the processor, °C; null where the board does not tell."""
    throttled: bool | None = None
    """Whether the board is slowed down, too hot, or short of voltage now; null where it does not tell."""


class Event(Json):
    """Something that happened just now."""

    topic: ClassVar[str] = "event"
    retained: ClassVar[bool] = False

    event_type: Literal[
        "mood_changed", "face_arrived", "face_left", "track_started", "track_skipped", "track_liked", "track_disliked"
    ]
    """What happened. When the camera is switched off nobody is seen to leave: there is no `face_left` then, only a
    `mood_changed` to `none` if there was a mood, and `presence/state` is `OFF`."""
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    """Another for every event."""
    ts: str = Field(default_factory=utc_now)
    """RFC 3339, UTC."""
    mood: Mood
    """The mood after it; of a track the mood it was chosen for."""
    previous: Mood | None = None
    """The mood before, of `mood_changed`."""
    faces: int | None = None
    """People in view after it."""
    title: str | None = None
    """The track, of an event whose name begins with `track`."""
    why: str | None = None
    """Why it was chosen, of `track_started`."""

    def payload(self) -> str:
        """What does not belong to this kind of event is left out."""
        return self.model_dump_json(exclude_none=True)


class Response(Json):
    """The answer to `request/<verb>`, and to a payload on `<thing>/set` that means nothing."""

    topic: ClassVar[str] = "response/<verb>"
    retained: ClassVar[bool] = False

    status: Literal["ok", "error"]
    """Whether it was understood and is on its way."""
    data: dict[str, Any] = Field(default_factory=dict)
    """With ok: what was taken. A state that follows from it comes on its own topic."""
    error: str | None = None
    """With error: why, in one sentence."""
    transaction: str | int | None = None
    """As in the request."""

    def payload(self) -> str:
        return json.dumps(self.model_dump(mode="json", exclude_none=True), ensure_ascii=False)


class Snapshot(Plain[bytes]):
    """The camera's picture when the mood changed or the home asked for it; only with `privacy.snapshot = true`."""

    topic: ClassVar[str] = "snapshot"
    retained: ClassVar[bool] = False
    media_type: ClassVar[str] = "image/jpeg"

    def payload(self) -> bytes:  # type: ignore[override]
        return self.root


def switch(on: bool) -> Literal["ON", "OFF"]:
    """The word for it."""
    return "ON" if on else "OFF"
