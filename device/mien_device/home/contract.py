"""The MQTT contract: an example of every message, and the JSON Schemas, as they follow from the records that write and read them.

`make docs` writes them down, and docs/mqtt.md with them; a test keeps all equal.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mien_device.config.schema import MusicMode
from mien_device.home.commands import THINGS, Thing
from mien_device.home.inbox import LARGEST_TRANSACTION as MOST
from mien_device.home.inbox import LONGEST_TRANSACTION
from mien_device.home.messages import (
    Availability,
    CameraAvailability,
    CameraSwitch,
    Event,
    Feeling,
    Health,
    Info,
    Message,
    Mode,
    ModelUpdate,
    MoodMessage,
    NowPlaying,
    Paused,
    Presence,
    Probabilities,
    Response,
    ScreenMessage,
    Snapshot,
    Stats,
    Volume,
)
from mien_models.labels import Emotion, Mood

SCHEMAS = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WHEN = "2026-01-01T12:00:00.000Z"

EXAMPLES: tuple[Message, ...] = (
    Availability("online"),
    Info(
        version="0.1.0",
        model="emotion 0.1.0",
        model_sha256="aa27…2615",
        labels=tuple(Emotion),
        runtime="ai-edge-litert",
        accelerator="cpu",
        camera="picamera2",
        finder="Haar cascade (OpenCV)",
        player="pygame (alsa: Headphones)",
        os="Linux-6.12-aarch64",
        python="3.13.5",
        started_at=_WHEN,
    ),
    CameraSwitch("ON"),
    CameraAvailability("online"),
    Health(state="degraded", reasons={"camera": "webcam 0 has gone; check its plug or its network"}),
    MoodMessage(
        mood=Mood.HAPPY,
        confidence=86,
        valence=0.69,
        arousal=0.45,
        faces=1,
        since=_WHEN,
        model="emotion 0.1.0",
    ),
    Presence("ON"),
    Probabilities(probabilities=dict(zip(Emotion, (0.01, 0.0, 0.01, 0.86, 0.02, 0.02, 0.08), strict=True)), ts=_WHEN),
    Event(event_type="mood_changed", id="0" * 32, ts=_WHEN, mood=Mood.HAPPY, previous=Mood.NONE, faces=1),
    NowPlaying(
        state="playing",
        title="Sunny steps",
        artist="The Demos",
        mood=Mood.HAPPY,
        why="Follow: from the happy music, for a face that looks happy.",
        duration_s=213.4,
        position_at=_WHEN,
    ),
    Volume(60),
    Paused("OFF"),
    Mode(MusicMode.FOLLOW),
    Feeling(feeling=Mood.SAD, since=_WHEN, lasts_s=900),
    ScreenMessage(text="Dinner is ready", ts=_WHEN),
    ModelUpdate(
        installed_version="0.1.0",
        latest_version="0.2.0",
        title="emotion",
        release_summary="in the shadow: 94 % of 620 faces read as the model that answers reads them",
        in_progress=True,
        update_percentage=31,
        phase="shadow",
        agreement=94,
        faces=620,
    ),
    Stats(
        fps=9.9,
        frames_dropped=3,
        frame_age_ms_p50=38.5,
        frame_age_ms_max=219.7,
        inference_ms_p50=0.9,
        uptime_s=3600,
        rss_mb=127.8,
        cpu_temp_c=48.3,
        throttled=False,
    ),
    Response(status="error", error="'300' is not a whole number from 0 to 100", transaction=8),
    Snapshot(b""),
)
"""One of each message, in the order of the document."""


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas by file name: one a message that is text or JSON, and one a request."""
    described = {file_of(type(message).topic): _of_message(type(message)) for message in EXAMPLES}
    described.pop(file_of(Snapshot.topic))
    return described | {f"request.{thing.name}.json": _of_request(thing) for thing in THINGS.values()}


def file_of(topic: str) -> str:
    """Where the schema of what goes to `topic` stands."""
    return topic.replace("/", ".").replace(".<verb>", "") + ".json"


def _of_message(kind: type[Message]) -> dict[str, Any]:
    assert issubclass(kind, BaseModel)  # noqa: S101 - every message is one
    schema = kind.model_json_schema(mode="serialization")
    # What mien sends may grow by a key; who reads it must not stumble over that.
    schema.pop("additionalProperties", None)
    note = "" if kind.media_type == "application/json" else " As plain text, without quotation marks."
    words = " ".join(f"{kind.__doc__}{note}".split())
    return {"$schema": DIALECT, **schema, "title": kind.topic, "description": words}


def _of_request(thing: Thing) -> dict[str, Any]:
    needs_value = "const" not in thing.payload.schema
    return {
        "$schema": DIALECT,
        "title": f"request/{thing.name}",
        "description": thing.does,
        "type": "object",
        "properties": {
            "value": thing.payload.schema,
            "transaction": {
                "anyOf": [
                    {"type": "integer", "exclusiveMinimum": -MOST, "exclusiveMaximum": MOST},
                    {"type": "string", "maxLength": LONGEST_TRANSACTION},
                    {"type": "null"},
                ]
            },
        },
        "required": ["value"] if needs_value else [],
        "additionalProperties": False,
    }


def as_text(schema: dict[str, Any]) -> str:
    """As it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
