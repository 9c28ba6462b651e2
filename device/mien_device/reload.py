"""Reading the configuration again while mien runs (SIGHUP): what can change at once does, what cannot is named."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from pydantic import BaseModel

from mien_device.config import Config, MoodConfig
from mien_device.home.commands import SetMode, SetVolume
from mien_device.loops.music import Music
from mien_device.music.jukebox import Jukebox
from mien_device.pipeline import Pipeline
from mien_models.errors import ConfigError

log = logging.getLogger(__name__)

Apply = Callable[[Config], None]


def live_settings(pipeline: Pipeline, jukebox: Jukebox, music: Music) -> dict[str, Apply]:
    """What can change while mien runs, by setting."""

    def looks(config: Config) -> None:
        pipeline.configure(config.faces, config.mood)

    def sounds(config: Config) -> None:
        jukebox.configure(config.music)

    return {
        # Home Assistant was told at the start how long to wait for the next mood, so the heartbeat is not among them.
        **{f"mood.{name}": looks for name in MoodConfig.model_fields if name != "heartbeat_s"},
        "faces.search_interval_s": looks,
        "music.fade_s": sounds,
        "music.linger_s": sounds,
        "music.volume": lambda config: music.command(SetVolume(config.music.volume)),
        "music.mode": lambda config: music.command(SetMode(config.music.mode)),
        "log.level": lambda config: logging.getLogger().setLevel(config.log.level.upper()),
    }


def differences(one: Config, other: Config) -> set[str]:
    """The settings that differ, as `section.setting`."""
    found = set()
    for section, values in one:
        if isinstance(values, BaseModel):
            others = getattr(other, section)
            found |= {f"{section}.{name}" for name, value in values if value != getattr(others, name)}
    return found


class Reloader:
    """Knows what is in force. May be asked by any thread, and by several at once."""

    def __init__(self, config: Config, load: Callable[[], Config], live: Mapping[str, Apply]) -> None:
        """Prepare it.

        Args:
            config: what is in force.
            load: reads the file, or raises ConfigError.
            live: by setting, what puts it in force. What is not here wants a restart.

        """
        self._in_force = config
        self._started_with = config
        self._load = load
        self._live = live
        self._lock = threading.Lock()
        self.restart_required: tuple[str, ...] = ()
        """What the file says otherwise than this process does, and will until it is started anew."""

    def reload(self) -> None:
        """Read the file; a bad one changes nothing. One line in the log says what came of it."""
        with self._lock:
            try:
                config = self._load()
            except ConfigError as error:
                log.error("configuration read again: nothing is changed: %s", error)
                return
            changed = differences(self._in_force, config) & self._live.keys()
            self._in_force = config
            self.restart_required = tuple(sorted(differences(self._started_with, config) - self._live.keys()))
            # Said before it is done: the level of the log may be among it.
            log.info("configuration read again: %s", self._words(sorted(changed)))
            # Several settings may be put in force by one and the same function.
            for apply in {id(self._live[name]): self._live[name] for name in sorted(changed)}.values():
                apply(config)

    def _words(self, changed: list[str]) -> str:
        now = f"in force now: {', '.join(changed)}" if changed else "nothing that can change at once"
        later = f"; after a restart: {', '.join(self.restart_required)}" if self.restart_required else ""
        return now + later
