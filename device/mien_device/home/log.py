"""The publisher without a broker: what happens goes to the log."""

from __future__ import annotations

import logging

from mien_device.home.messages import Event, Info, MoodMessage, NowPlaying, Probabilities, Settings, Stats
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

    def mood(self, message: MoodMessage) -> None:
        """One line for a mood that changed."""
        if message.mood != self._mood:
            self._mood = message.mood
            log.info("mood: %s (%d %%, people in view: %d)", message.mood, message.confidence, message.faces)

    def probabilities(self, message: Probabilities) -> None:
        """Nothing at the usual level: they say what the mood says, with more digits."""
        log.debug("%s", message)

    def now_playing(self, message: NowPlaying) -> None:
        """One line for a track that changed."""
        if (message.state, message.title) != self._playing:
            self._playing = (message.state, message.title)
            log.info("music: %s %s", message.state, message.title)

    def settings(self, message: Settings) -> None:
        """The volume and pause."""
        log.debug("%s", message)

    def stats(self, message: Stats) -> None:
        """Figures of the last minute."""
        log.debug("%s", message)

    def event(self, message: Event) -> None:
        """What happened; the mood's own line says the most of it already."""
        log.debug("%s", message)

    def close(self) -> None:
        """Nothing is open."""
