"""The publisher without a broker: what happens goes to the log."""

from __future__ import annotations

import logging

from mien_device.home.messages import Info, Message, MoodMessage, NowPlaying, Snapshot
from mien_models.labels import Mood

log = logging.getLogger(__name__)


class LogPublisher:
    """Writes changes of the mood and of the track; repeated states and figures are for the debug level."""

    def __init__(self) -> None:
        self._mood: Mood | None = None
        self._playing: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """What it is."""
        return "the log (no broker configured)"

    def start(self, info: Info) -> None:
        """Say once what runs."""
        log.info("mien %s, model %s on %s, camera %s", info.version, info.model, info.accelerator, info.camera)

    def publish(self, message: Message) -> None:
        """One line for a mood or track that changed."""
        match message:
            case MoodMessage():
                if message.mood != self._mood:
                    self._mood = message.mood
                    log.info("mood: %s (%d %%, people in view: %d)", message.mood, message.confidence, message.faces)
            case NowPlaying():
                if (message.state, message.title) != self._playing:
                    self._playing = (message.state, message.title)
                    log.info("music: %s %s", message.state, message.title)
            case Snapshot():
                pass  # a picture is for those who asked for it, not for a log
            case _:
                log.debug("%s", message)

    def close(self, reason: str = "stopped") -> None:
        """Nothing is open."""
