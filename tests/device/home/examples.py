"""One of each message, and a publisher that is closed again."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mien_device.config.schema import MqttConfig
from mien_device.home.announcer import Announcer
from mien_device.home.backoff import Backoff
from mien_device.home.commands import Command
from mien_device.home.messages import Event, Info, MoodMessage, NowPlaying, Probabilities, Stats, Volume
from mien_device.home.mqtt import MqttPublisher
from mien_models.labels import Emotion, Mood
from tests.mosquitto import HOST

INFO = Info(
    version="0",
    model="tiny",
    model_sha256="0" * 64,
    labels=tuple(Emotion),
    runtime="r",
    accelerator="cpu",
    camera="demo",
    finder="haar",
    player="null",
    os="o",
    python="3",
    started_at="2026-01-01T00:00:00.000Z",
)
STATS = Stats(
    fps=10, frames_dropped=0, frame_age_ms_p50=1, frame_age_ms_max=2, inference_ms_p50=3, uptime_s=60, rss_mb=100
)
EVENT = Event(event_type="mood_changed", mood=Mood.HAPPY, previous=Mood.NONE, faces=1)
PROBABILITIES = Probabilities(probabilities=dict.fromkeys(Emotion, 1 / 7), ts="2026-01-01T00:00:00.000Z")
VOLUME = Volume(40)
NOW_PLAYING = NowPlaying(state="playing", title="A song", mood=Mood.HAPPY)


def mood(mood: Mood = Mood.HAPPY, faces: int = 1) -> MoodMessage:
    return MoodMessage(
        mood=mood, confidence=80, valence=0.5, arousal=0.25, faces=faces, since="2026-01-01T00:00:00.000Z", model="tiny"
    )


def mqtt_config(port: int, **settings: Any) -> MqttConfig:
    return MqttConfig(**({"host": HOST, "port": port, "keepalive_s": 5} | settings))


@contextmanager
def publishing(
    config: MqttConfig,
    device_id: str,
    password: str | None = None,
    *,
    start: bool = True,
    announcer: Announcer | None = None,
) -> Iterator[tuple[MqttPublisher, queue.Queue[Command]]]:
    """A publisher that tries again fast, and what it was commanded."""
    commands: queue.Queue[Command] = queue.Queue()
    publisher = MqttPublisher(config, password, device_id, commands.put, announcer, Backoff(first_s=0.1, most_s=0.4))
    if start:
        publisher.start(INFO)
    try:
        yield publisher, commands
    finally:
        publisher.close()
