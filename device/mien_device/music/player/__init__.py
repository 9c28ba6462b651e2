"""Choosing where the music goes: a sound card, a WAV file, or nowhere."""

from __future__ import annotations

import logging
import sys

from mien_device.config import MusicConfig
from mien_device.music import Player
from mien_device.music.player.card import CardOutput
from mien_device.music.player.output import Output, SilentOutput, WavOutput
from mien_device.music.player.probe import probe_sound
from mien_device.music.player.sdl import SoundCard
from mien_device.music.player.streaming import StreamingPlayer
from mien_models.errors import MissingDependencyError, MusicError
from mien_models.files import user_path

__all__ = ["CardOutput", "SilentOutput", "SoundCard", "StreamingPlayer", "WavOutput", "open_player", "probe_sound"]

SWITCH_S = 0.001
"""A thread that computes may keep the interpreter from the others for so long; Python's own 5 ms add up."""

log = logging.getLogger(__name__)


def open_player(config: MusicConfig) -> Player:
    """A player with the output that `config.player` names. Never raises for want of sound: the mood is of use without it.

    Where nothing can be heard, the reason is logged here, once: as an error where sound was asked for (`pygame`, `wav`),
    as a warning where it was only hoped for (`auto`).
    """
    # The music's thread gives the interpreter away a dozen times a block and must get it back in time.
    sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
    return StreamingPlayer(_open_output(config), fade_s=config.fade_s)


def _open_output(config: MusicConfig) -> Output:
    level = logging.WARNING if config.player == "auto" else logging.ERROR
    try:
        match config.player:
            case "null":
                return SilentOutput()
            case "wav":
                return WavOutput(user_path(config.device))
        card = CardOutput(config.device)
    except (MusicError, MissingDependencyError) as error:
        log.log(level, "no sound, the music only keeps time: %s", error)
        return SilentOutput(str(error))
    if card.reason is not None:
        log.log(level, "no sound, the music only keeps time: %s", card.reason)
    return card
