"""What the loops work with, opened as configured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from mien_device.camera import Camera
from mien_device.camera.addresses import public_name
from mien_device.camera.open import open_camera
from mien_device.config import Config
from mien_device.faces import FaceFinder
from mien_device.faces.open import open_finder
from mien_device.music import Player
from mien_device.music.jukebox import Jukebox
from mien_device.music.player import open_player
from mien_device.music.playlist import Playlists
from mien_device.pipeline import Pipeline
from mien_device.state import Remembered, models_folder
from mien_models.runner import Classifier
from mien_models.selftest import self_test
from mien_models.shipped import find_model

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What the loops work with; a test or the demo exchanges single ones."""

    open_camera: Callable[[], Camera]
    camera_name: str
    pipeline: Pipeline
    player: Player
    jukebox: Jukebox
    model: str
    finder: FaceFinder
    classifier: Classifier


def build_parts(config: Config, remembered: Remembered = Remembered()) -> Parts:  # noqa: B008 - it is frozen
    """Open everything but camera and network, as configured, and set what was set when it last ran.

    Raises:
        MienError: something that the configuration names is not there or not usable.

    """
    classifier = Classifier.open(find_model(config.model.emotion), config.model.accelerator, config.model.threads)
    log.info("%s: self-test passed, %d faces", classifier.manifest.name, self_test(classifier))
    finder = open_finder(config.faces, models_folder(), config.model.accelerator)
    player = open_player(config.music)
    jukebox = Jukebox(player, Playlists(config.music), config.music)
    if remembered.volume is not None:
        jukebox.set_volume(remembered.volume)
    if remembered.mode is not None:
        jukebox.mode = remembered.mode
    if remembered.paused:
        jukebox.pause()
    return Parts(
        open_camera=lambda: open_camera(config.camera),
        camera_name=public_name(config.camera.source),
        pipeline=Pipeline(finder, classifier, config.faces, config.mood),
        player=player,
        jukebox=jukebox,
        model=f"{classifier.manifest.name} {classifier.manifest.version}",
        finder=finder,
        classifier=classifier,
    )
