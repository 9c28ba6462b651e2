"""What the loops work with, opened as configured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mien_device.camera import Camera
from mien_device.camera.addresses import public_name
from mien_device.camera.open import open_camera
from mien_device.choosing import PolicyChooser
from mien_device.config import Config, MusicConfig, MusicMode
from mien_device.faces import FaceFinder
from mien_device.faces.open import open_finder
from mien_device.features import updates_wanted
from mien_device.folders import models_folder, state_folder
from mien_device.health import board
from mien_device.mood import MoodState
from mien_device.music import Player
from mien_device.music.choosers import Chooser
from mien_device.music.choosers.first import FirstChooser
from mien_device.music.choosers.folders import FolderChooser
from mien_device.music.jukebox import Jukebox
from mien_device.music.player import open_player
from mien_device.music.playlist import Playlists
from mien_device.pipeline import Pipeline
from mien_device.policy.policy import Policy
from mien_device.shelf import LibraryShelf, has_song
from mien_device.state import Remembered
from mien_device.updates.reader import ExchangeableReader
from mien_device.updates.store import Store
from mien_device.updates.trial import Open
from mien_models.coral import Tpu
from mien_models.errors import ModelError, MusicError
from mien_models.ladder import Ladder
from mien_models.runner import Classifier
from mien_models.selftest import self_test
from mien_models.shipped import find_model

log = logging.getLogger(__name__)
See = Callable[[MoodState, float], None]
"""Takes in a state and its monotonic second."""


@dataclass(frozen=True)
class Parts:
    """What the loops work with; a test or the demo exchanges single ones."""

    open_camera: Callable[[], Camera]
    camera_name: str
    pipeline: Pipeline
    player: Player
    jukebox: Jukebox
    see: See
    """To be told of every state of the room: what chooses the songs may want more than the mood's name."""
    model: str
    finder: FaceFinder
    reader: ExchangeableReader
    """The emotion network that answers."""
    updates: Store | None
    """New models for it; None: none may come."""
    open_model: Open
    """Opens an emotion model as this one was opened."""
    ladder: Ladder
    """Keeps the networks running where an Edge TPU fails."""
    temperature: Callable[[], float | None] = board.temperature_c
    """Of the processor, °C."""
    power_trouble: Callable[[], str | None] = board.power_trouble
    """What the home is told of the power supply."""
    has_song: Callable[[str], bool] = lambda song: True
    """Whether the library has a song with an id. For any thread."""
    library_trouble: Callable[[], str | None] = lambda: None
    """What the home is told of the library; None while nothing is wrong, or none is used."""
    music_trouble: Callable[[], str | None] = lambda: None
    """Why there is nothing to play; None while there is, or nothing is to play."""


def build_parts(
    config: Config,
    remembered: Remembered = Remembered(),  # noqa: B008 - it is frozen
    tpu: Tpu | None = None,
    player: Player | None = None,
) -> Parts:
    """Open everything but camera and network, as configured, and set what was set when it last ran.

    Args:
        config: the settings.
        remembered: what was set.
        tpu: instead of the Coral.
        player: instead of the one that is configured.

    Raises:
        MienError: something that the configuration names is not there or not usable.

    """
    ladder = Ladder(tpu, mark=state_folder() / "edgetpu-in-use")
    updates = Store(models_folder(), config.updates.keys) if updates_wanted(config) else None
    open_model = partial(_open_model, config, ladder)
    classifier = open_emotion(config, updates, open_model)
    reader = ExchangeableReader(classifier)
    finder = open_finder(config.faces, models_folder(), config.model.accelerator, ladder)
    player = player or open_player(config.music)
    choosing = open_chooser(config.music, state_folder())
    jukebox = Jukebox(player, choosing.chooser, config.music)
    if remembered.volume is not None:
        jukebox.set_volume(remembered.volume)
    if remembered.mode is not None:
        jukebox.mode = remembered.mode
    if remembered.paused:
        jukebox.pause()
    if config.music.resume and remembered.place:
        jukebox.go_on_with(Path(remembered.place), remembered.place_s or 0.0)
    return Parts(
        open_camera=lambda: open_camera(config.camera),
        camera_name=public_name(config.camera.source),
        pipeline=Pipeline(finder, reader, config.faces, config.mood),
        player=player,
        jukebox=jukebox,
        see=choosing.see,
        model=f"{classifier.manifest.name} {classifier.manifest.version}",
        finder=finder,
        reader=reader,
        updates=updates,
        open_model=open_model,
        ladder=ladder,
        has_song=(lambda song: False) if config.music.choose == "folders" else partial(has_song, state_folder()),
        library_trouble=choosing.library_trouble,
        music_trouble=lambda: None if jukebox.mode is MusicMode.OFF else choosing.music_trouble(),
    )


def _open_model(config: Config, ladder: Ladder, directory: Path) -> Classifier:
    return Classifier.open(directory, config.model.accelerator, config.model.threads, ladder)


def open_emotion(config: Config, updates: Store | None, open_model: Open) -> Classifier:
    """The emotion model, tested; one that came as an update and does not work is taken back.

    Raises:
        ModelError: the one that is left does not work either.

    """
    directory = updates.begin() if updates is not None else find_model(config.model.emotion)
    while True:
        try:
            classifier = open_model(directory)
            log.info("%s: self-test passed, %d faces", classifier.manifest.name, self_test(classifier))
        except ModelError as error:
            if updates is None or not updates.record.current:
                raise
            updates.give_up(str(error))
            directory = updates.path(updates.record.current)
        else:
            return classifier


class Choosing(NamedTuple):
    """What chooses the songs, who is to see the mood for it, what is wrong with the library, and why there is no music."""

    chooser: Chooser
    see: See
    library_trouble: Callable[[], str | None]
    music_trouble: Callable[[], str | None]


def open_chooser(config: MusicConfig, folder: Path) -> Choosing:
    """As `config.choose` says. The library lies in `folder`; without one music is played by folder."""
    if config.choose == "folders":
        return _by_folder(Playlists(config), lambda: None)
    try:
        shelf = LibraryShelf.open(folder)
    except MusicError as error:
        level = logging.ERROR if config.choose == "library" else logging.WARNING
        reason = f"songs are chosen by folder only: {error}"
        log.log(level, "%s", reason)
        return _by_folder(Playlists(config), lambda: reason)

    def open_policy() -> Policy:
        policy = Policy(shelf, np.random.default_rng(), lasting_s=config.cut_after_s)
        log.info("songs are chosen from the library: %d", len(policy))
        return policy

    chooser = PolicyChooser(open_policy, shelf.keep, shelf.keep_liking, shelf.analysis, shelf.close)

    def see(state: MoodState, at: float) -> None:
        chooser.see(state, at)
        shelf.write_due()

    if config.choose == "library":
        remedy = "no song in the library was listened to; `mien library scan FOLDER` listens to those in a folder"
        return Choosing(chooser, see, lambda: shelf.trouble, lambda: remedy if shelf.empty else None)
    playlists = Playlists(config, may_be_empty=not shelf.empty)
    if playlists.stocked:
        log.info("songs are chosen from the folders of the moods")
    folders = FolderChooser(playlists)

    def see_both(state: MoodState, at: float) -> None:
        folders.see(state, at)
        see(state, at)

    first = FirstChooser(folders, chooser)
    return Choosing(first, see_both, lambda: shelf.trouble, lambda: playlists.trouble if shelf.empty else None)


def _by_folder(playlists: Playlists, library_trouble: Callable[[], str | None]) -> Choosing:
    folders = FolderChooser(playlists)
    return Choosing(folders, folders.see, library_trouble, lambda: playlists.trouble)
