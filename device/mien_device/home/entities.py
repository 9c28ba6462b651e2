"""What Home Assistant shows of this device: one line of `ENTITIES` each. `discovery.py` puts them into a message.

Names, units, classes and categories follow Home Assistant's MQTT documentation; a key of `extra` is in its short form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import get_args

from mien_device.home.commands import THINGS
from mien_device.home.messages import (
    CameraSwitch,
    Event,
    Feeling,
    Health,
    Message,
    Mode,
    ModelUpdate,
    MoodMessage,
    NowPlaying,
    Paused,
    Presence,
    Snapshot,
    Stats,
    Volume,
)
from mien_device.home.payloads import Choice, WholeNumber
from mien_models.labels import Emotion, Mood


class Feature(StrEnum):
    """What not every device can do; entities that need it are left out elsewhere."""

    TEMPERATURE = "temperature"
    """The board tells how hot it is."""
    THROTTLED = "throttled"
    """The board tells whether it is slowed down."""
    RESTART = "restart"
    """Something starts the daemon again when it ends."""
    SNAPSHOT = "snapshot"
    """The user allowed pictures to be sent."""
    UPDATE = "update"
    """The user said whose models may come."""


class Expiry(StrEnum):
    """How long a value is believed without being sent again."""

    NEVER = "never"
    HEARTBEAT = "heartbeat"
    """Three heartbeats of the mood."""
    STATS = "stats"
    """Three times the interval of the figures."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity, or one device trigger."""

    key: str
    """Its part of the unique id. Neither it nor the platform is ever changed, or Home Assistant takes it for another
    entity and keeps the old one as a ghost: take it out, and give the new one another key."""
    platform: str
    name: str
    state: type[Message] | None = None
    template: str = ""
    """Takes the value out of the state's JSON."""
    thing: str = ""
    """What it commands, see `commands.THINGS`."""
    sees: bool = False
    """Whether it is unavailable while the camera is out of order."""
    needs: Feature | None = None
    expires: Expiry = Expiry.NEVER
    object_id: str = ""
    """In the entity's id, where that is another than `key`."""
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, object]:
        """What follows from the command's payload, and `extra`."""
        payload = THINGS[self.thing].payload if self.thing else None
        derived: dict[str, object] = {}
        if self.platform == "number" and isinstance(payload, WholeNumber):
            derived = {"min": payload.least, "max": payload.most, "step": 1, "unit_of_meas": payload.unit}
        elif self.platform == "select" and isinstance(payload, Choice):
            derived = {"ops": list(payload.options)}
        elif self.platform == "button" and payload is not None:
            derived = {"pl_prs": payload.example}
        return derived | dict(self.extra)


def _of_mood(key: str, name: str, template: str, object_id: str = "", **rest: object) -> Entity:
    return Entity(
        key,
        "sensor",
        name,
        MoodMessage,
        f"{{{{ value_json.{template} }}}}",
        sees=True,
        expires=Expiry.HEARTBEAT,
        object_id=object_id,
        extra={"stat_cla": "measurement", **rest},
    )


def _figure(
    key: str, name: str, template: str, object_id: str = "", *, needs: Feature | None = None, **rest: object
) -> Entity:
    return Entity(
        key,
        "sensor",
        name,
        Stats,
        f"{{{{ value_json.{template} }}}}",
        needs=needs,
        expires=Expiry.STATS,
        object_id=object_id,
        extra={"stat_cla": "measurement", "ent_cat": "diagnostic", **rest},
    )


def _trigger(kind: str, subtype: str, template: str) -> Entity:
    """A device trigger; Home Assistant's user picks it from a list when writing an automation."""
    extra = {"automation_type": "trigger", "type": kind, "subtype": subtype, "payload": subtype}
    return Entity(f"trigger_{kind}_{subtype}", "device_automation", "", Event, template, extra=extra)


_MOOD_CHANGED = "{{ value_json.mood if value_json.event_type == 'mood_changed' else '' }}"
_MOOD_ATTRIBUTES = "{{ {'since': value_json.since, 'faces': value_json.faces, 'model': value_json.model} | tojson }}"
_PLAYING_ATTRIBUTES = (
    "{{ {'artist': value_json.artist, 'title': value_json.title, 'playback': value_json.state,"
    " 'mood': value_json.mood, 'why': value_json.why, 'duration': value_json.duration_s,"
    " 'position': value_json.position_s, 'position_updated_at': value_json.position_at} | tojson }}"
)

_UPDATE = (
    # Home Assistant takes these keys and no others.
    "{{ {'installed_version': value_json.installed_version, 'latest_version': value_json.latest_version,"
    " 'title': value_json.title, 'release_summary': value_json.release_summary, 'in_progress': value_json.in_progress,"
    " 'update_percentage': value_json.update_percentage} | tojson }}"
)
_UPDATE_ATTRIBUTES = "{{ {'phase': value_json.phase, 'agreement': value_json.agreement} | tojson }}"

ENTITIES: tuple[Entity, ...] = (
    Entity(
        "mood",
        "sensor",
        "Mood",
        MoodMessage,
        "{{ value_json.mood }}",
        sees=True,
        expires=Expiry.HEARTBEAT,
        extra={
            "dev_cla": "enum",
            "ops": [mood.value for mood in Mood],
            "json_attr_t": MoodMessage.topic,
            "json_attr_tpl": _MOOD_ATTRIBUTES,
            "ic": "mdi:emoticon-outline",
        },
    ),
    _of_mood(
        "confidence",
        "Mood confidence",
        "confidence",
        "mood_confidence",
        unit_of_meas="%",
        sug_dsp_prc=0,
        ic="mdi:gauge",
    ),
    _of_mood("valence", "Valence", "valence", sug_dsp_prc=2, ic="mdi:emoticon-happy-outline"),
    _of_mood("arousal", "Arousal", "arousal", sug_dsp_prc=2, ic="mdi:lightning-bolt-outline"),
    _of_mood("people", "People in view", "faces", sug_dsp_prc=0, ic="mdi:account-group"),
    Entity(
        "presence",
        "binary_sensor",
        "Face present",
        Presence,
        sees=True,
        expires=Expiry.HEARTBEAT,
        object_id="face",
        extra={"dev_cla": "occupancy"},
    ),
    Entity(
        "mood_event",
        "event",
        "Mood event",
        Event,
        extra={"event_types": list(get_args(Event.model_fields["event_type"].annotation)), "ic": "mdi:emoticon-wink"},
    ),
    *(_trigger("mood_changed", emotion, _MOOD_CHANGED) for emotion in Emotion),
    _trigger("mood_changed", "none", _MOOD_CHANGED),
    *(
        _trigger("presence", kind, f"{{{{ value_json.event_type if value_json.event_type == '{kind}' else '' }}}}")
        for kind in ("face_arrived", "face_left")
    ),
    Entity("camera", "switch", "Camera", CameraSwitch, thing="camera", extra={"ic": "mdi:camera"}),
    Entity(
        "volume",
        "number",
        "Volume",
        Volume,
        thing="volume",
        extra={"mode": "slider", "ent_cat": "config", "ic": "mdi:volume-high"},
    ),
    Entity(
        "mode", "select", "Music mode", Mode, thing="mode", extra={"ent_cat": "config", "ic": "mdi:music-box-multiple"}
    ),
    Entity("pause", "switch", "Pause", Paused, thing="pause", extra={"ic": "mdi:pause"}),
    Entity("next", "button", "Next track", thing="next", extra={"ic": "mdi:skip-next"}),
    Entity("like", "button", "Like this song", thing="like", extra={"ic": "mdi:thumb-up"}),
    Entity("dislike", "button", "Dislike this song", thing="dislike", extra={"ic": "mdi:thumb-down"}),
    Entity(
        "now_playing",
        "sensor",
        "Now playing",
        NowPlaying,
        "{{ (value_json.title or value_json.state)[:255] }}",
        extra={"json_attr_t": NowPlaying.topic, "json_attr_tpl": _PLAYING_ATTRIBUTES, "ic": "mdi:music-note"},
    ),
    Entity(
        "feeling",
        "select",
        "What you feel",
        Feeling,
        "{{ 'unsaid' if value_json.feeling == 'none' else value_json.feeling }}",
        thing="feeling",
        extra={
            # To Home Assistant's select "none" is no option but that nothing is known.
            "ops": [*Emotion, "unsaid"],
            "cmd_tpl": "{{ 'none' if value == 'unsaid' else value }}",
            "json_attr_t": Feeling.topic,
            "json_attr_tpl": "{{ {'since': value_json.since, 'lasts_s': value_json.lasts_s} | tojson }}",
            "ic": "mdi:message-text-outline",
        },
    ),
    Entity("message", "notify", "Screen message", thing="message", object_id="screen"),
    _figure(
        "cpu_temp",
        "CPU temperature",
        "cpu_temp_c",
        "cpu_temperature",
        needs=Feature.TEMPERATURE,
        dev_cla="temperature",
        unit_of_meas="°C",
        sug_dsp_prc=0,
    ),
    _figure(
        "inference",
        "Inference time",
        "inference_ms_p50",
        "inference_time",
        dev_cla="duration",
        unit_of_meas="ms",
        sug_dsp_prc=1,
    ),
    _figure("fps", "Frames per second", "fps", unit_of_meas="fps", sug_dsp_prc=1, ic="mdi:speedometer"),
    Entity(
        "throttled",
        "binary_sensor",
        "Throttled or under-voltage",
        Stats,
        "{{ 'ON' if value_json.throttled else 'OFF' }}",
        needs=Feature.THROTTLED,
        expires=Expiry.STATS,
        extra={"dev_cla": "problem", "ent_cat": "diagnostic"},
    ),
    Entity(
        "degraded",
        "binary_sensor",
        "Degraded",
        Health,
        "{{ 'ON' if value_json.state == 'degraded' else 'OFF' }}",
        extra={
            "dev_cla": "problem",
            "ent_cat": "diagnostic",
            "json_attr_t": Health.topic,
            "json_attr_tpl": "{{ value_json.reasons | tojson }}",
        },
    ),
    Entity(
        "restart",
        "button",
        "Restart",
        thing="restart",
        needs=Feature.RESTART,
        # Shown only to those who turn it on. Home Assistant never takes such an entity back while it is turned off, not
        # even at our word; so this is for what a device has for good.
        extra={"dev_cla": "restart", "ent_cat": "diagnostic", "en": False},
    ),
    Entity(
        "update",
        "update",
        "Emotion model",
        ModelUpdate,
        _UPDATE,
        thing="update",
        needs=Feature.UPDATE,
        object_id="model",
        extra={
            "pl_inst": "install",
            "json_attr_t": ModelUpdate.topic,
            "json_attr_tpl": _UPDATE_ATTRIBUTES,
            "ent_cat": "config",
            "ic": "mdi:brain",
        },
    ),
    Entity(
        "update_check",
        "button",
        "Look for a new model",
        thing="update",
        needs=Feature.UPDATE,
        object_id="check_model",
        extra={"pl_prs": "check", "ent_cat": "diagnostic", "ic": "mdi:cloud-search-outline"},
    ),
    Entity(
        "snapshot",
        "image",
        "Snapshot",
        Snapshot,
        sees=True,
        needs=Feature.SNAPSHOT,
        extra={"content_type": Snapshot.media_type},
    ),
    Entity(
        "take_snapshot",
        "button",
        "Take a snapshot",
        thing="snapshot",
        needs=Feature.SNAPSHOT,
        extra={"ic": "mdi:camera-iris"},
    ),
)
