"""Choosing the player: pygame's mixer where there is sound, else one that keeps time in silence."""

from __future__ import annotations

import logging

from mien_device.config import MusicConfig
from mien_device.music import Player
from mien_device.music.player.null import NullPlayer
from mien_device.music.player.probe import SoundCard, probe_sound
from mien_device.music.player.pygame_mixer import PygamePlayer
from mien_models.errors import MissingDependencyError, MusicError

__all__ = ["NullPlayer", "PygamePlayer", "SoundCard", "open_player", "probe_sound"]

log = logging.getLogger(__name__)


def open_player(config: MusicConfig) -> Player:
    """The player that `config.player` names. Never raises for want of sound: the mood is of use without it.

    Without sound the result is a `NullPlayer` whose `reason` says why; the reason is logged here, once: as an error
    where sound was asked for (`pygame`), as a warning where it was only hoped for (`auto`).
    """
    if config.player == "null":
        return NullPlayer()
    try:
        return PygamePlayer(probe_sound(), fade_s=config.fade_s)
    except (MusicError, MissingDependencyError) as error:
        level = logging.ERROR if config.player == "pygame" else logging.WARNING
        log.log(level, "no sound, the music only keeps time: %s", error)
        return NullPlayer(str(error))
