"""What is here, what is missing, and how to mend it: for `mien check`, and for the page of a mien that runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from mien_device.camera import Frame
from mien_device.camera.devices import list_cameras
from mien_device.camera.open import open_camera
from mien_device.config import Config
from mien_device.config.load import read_password
from mien_device.faces.open import open_finder
from mien_device.faces.rotation import upright_turn
from mien_device.features import updates_wanted
from mien_device.folders import cache_folder, models_folder, state_folder
from mien_device.library.database import FILE as LIBRARY_FILE
from mien_device.library.store import Library
from mien_device.music.player import probe_sound
from mien_device.music.playlist import Playlists
from mien_device.updates.store import Store
from mien_models.errors import CameraError, ConfigError, MienError, ModelError, MusicError, OutcomeError
from mien_models.labels import Emotion
from mien_models.runner import Classifier
from mien_models.runtime import EDGETPU_LIBRARY, Accelerator, find_runtime, probe_edgetpu
from mien_models.selftest import self_test
from mien_models.shipped import find_model


class Grade(StrEnum):
    """How a finding bears on running mien."""

    OK = "ok"
    NOTE = "note"
    """It runs without."""
    MEND = "mend"
    """It will not run as configured."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    grade: Grade
    found: str
    remedy: str = ""
    exit_code: int = 0
    """That of the error, where something must be mended."""


Check = Callable[[Config], list["Finding"]]


def check_all(load: Callable[[], Config], instead: Mapping[str, Check] = MappingProxyType({})) -> list[Finding]:
    """What the configuration that `load` reads lets us find; mistakes in it are the one finding then.

    `instead` has checks to take in place of those of the same name in `CHECKS`: a running mien has its camera itself.
    """
    try:
        config = load()
        return [finding for name, check in CHECKS for finding in _guarded(name, instead.get(name, check), config)]
    except ConfigError as error:
        return [to_mend("configuration", str(error), code=error.exit_code)]


def to_mend(subject: str, found: str, remedy: str = "", code: int = OutcomeError.exit_code) -> Finding:
    """Something without which mien will not run as configured."""
    return Finding(subject, Grade.MEND, found, remedy, code)


def check_camera(config: Config) -> list[Finding]:
    """Whether the configured camera gives a picture."""
    found = list_cameras()
    listed = f"found: {', '.join(found)}" if found else "no camera found"
    camera = open_camera(config.camera)
    try:
        frame = camera.read()
    finally:
        camera.close()
    if frame is None:
        found_none = f"{camera.name} gives no picture ({listed})"
        return [to_mend("camera", found_none, "name another camera.source", CameraError.exit_code)]
    height, width = frame.image.shape[:2]
    return [Finding("camera", Grade.OK, f"{camera.name}, {width}x{height} ({listed})"), *check_upright(config, frame)]


def check_upright(config: Config, frame: Frame) -> list[Finding]:
    """Whether somebody before the camera stands on their head, which means that the camera does."""
    turn = upright_turn(open_finder(config.faces, models_folder()), frame.image)
    if not turn:
        return []
    rotate = (config.camera.rotate + turn) % 360
    found = f"a face is there only when the picture is turned by {turn}°"
    return [Finding("camera", Grade.NOTE, found, f"set camera.rotate = {rotate}")]


def check_model(config: Config) -> list[Finding]:
    """Whether the model loads, and what runs it."""
    runtime = find_runtime()
    classifier = Classifier.open(_emotion_directory(config), Accelerator.CPU, config.model.threads)
    manifest, tested = classifier.manifest, self_test(classifier)
    return [
        Finding("runtime", Grade.OK, runtime.name),
        Finding(
            "model",
            Grade.OK,
            f"{manifest.name} {manifest.version}, {manifest.file.bytes / 1e3:.0f} kB, as its manifest says; "
            f"self-test: {tested} faces read right",
        ),
        Finding("faces", Grade.OK, open_finder(config.faces, models_folder()).name),
    ]


def _emotion_directory(config: Config) -> Path:
    if not updates_wanted(config):
        return find_model(config.model.emotion)
    updates = Store(models_folder(), config.updates.keys)
    return updates.path(updates.record.current)


def check_accelerator(config: Config) -> list[Finding]:
    """Whether a Coral answers, if one is asked for."""
    wanted = config.model.accelerator
    if wanted is Accelerator.CPU:
        return [Finding("accelerator", Grade.OK, "processor, as configured")]
    reason = probe_edgetpu(EDGETPU_LIBRARY)
    if reason is None:
        return [Finding("accelerator", Grade.OK, "Edge TPU answers")]
    found = f"no Edge TPU ({reason})"
    if wanted is Accelerator.AUTO:
        return [Finding("accelerator", Grade.NOTE, f"{found}: the processor does it")]
    remedy = "install libedgetpu and plug the Coral in (another USB port or cable helps), or set model.accelerator"
    return [to_mend("accelerator", found, remedy, ModelError.exit_code)]


def check_sound(config: Config) -> list[Finding]:
    """Whether a sound card can be opened."""
    if config.music.player == "null":
        return [Finding("sound", Grade.OK, "off, as configured")]
    if config.music.player == "wav":
        return [Finding("sound", Grade.OK, f"recorded to {config.music.device}, as configured")]
    try:
        card = probe_sound(config.music.device)
    except MienError as error:
        remedy = "plug a sound card in, or name another as music.device; without one the music only keeps time"
        if config.music.player == "pygame":
            return [to_mend("sound", str(error), remedy, MusicError.exit_code)]
        return [Finding("sound", Grade.NOTE, str(error), remedy)]
    return [Finding("sound", Grade.OK, f"{card.driver}: {', '.join(card.devices) or 'default output'}")]


def check_music(config: Config) -> list[Finding]:
    """Whether there is music: in the folders of the moods, and in the library."""
    heard, found = 0, []
    if config.music.choose != "folders" and (state_folder() / LIBRARY_FILE).exists():
        try:
            with Library.open(state_folder()) as library:
                songs = library.songs()
        except MusicError as error:
            found.append(to_mend("library", str(error), "see docs/library.md", MusicError.exit_code))
        else:
            heard = sum(song.estimate is not None for song in songs)
            found.append(Finding("library", Grade.OK, f"{len(songs)} songs, {heard} of them listened to"))
    playlists = Playlists(config.music, may_be_empty=heard > 0 or config.music.choose == "library")
    counts = {emotion: len(playlists.tracks(emotion)) for emotion in Emotion}
    total = sum(counts.values())
    words = ", ".join(f"{emotion} {count}" for emotion, count in counts.items() if count)
    folders = Finding(
        "music", Grade.OK if total or heard else Grade.NOTE, f"{total} tracks" + (f" ({words})" if words else "")
    )
    return [folders, *found, *(Finding("music", Grade.NOTE, problem) for problem in playlists.problems)]


def check_broker(config: Config) -> list[Finding]:
    """Whether the broker lets us in."""
    if not config.mqtt.host:
        return [Finding("broker", Grade.NOTE, "none configured: moods go to the log only", "set mqtt.host")]
    from mien_device.home.once import try_connect

    try_connect(config.mqtt, read_password(config.mqtt))
    return [Finding("broker", Grade.OK, f"{config.mqtt.host} accepts us")]


def check_permissions(config: Config) -> list[Finding]:
    """Whether mien can keep what it must keep, and open the devices that are there."""
    findings = []
    for name, folder in (("state", state_folder()), ("cache", cache_folder())):
        # The nearest folder that exists decides: nothing is made here, a check leaves no trace.
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if existing.is_dir() and os.access(existing, os.W_OK):
            findings.append(Finding(f"{name} folder", Grade.OK, str(folder)))
        else:
            remedy = f"run as a user that owns {existing}, or set MIEN_{name.upper()}_DIR"
            findings.append(to_mend(f"{name} folder", f"{folder} cannot be written", remedy))
    for group, pattern in DEVICES:
        closed = [str(path) for path in sorted(Path("/dev").glob(pattern)) if not os.access(path, os.R_OK | os.W_OK)]
        if closed:
            remedy = f"sudo usermod -aG {group} $USER, then log in again (the systemd unit has the group already)"
            findings.append(to_mend("devices", f"{', '.join(closed)} may not be opened", remedy))
    return findings


DEVICES = (("video", "video*"), ("video", "dma_heap/*"), ("audio", "snd/pcm*"), ("plugdev", "apex_*"))
"""Device files by the group that may open them on Debian and Raspberry Pi OS."""

CHECKS: tuple[tuple[str, Check], ...] = (
    ("camera", check_camera),
    ("model", check_model),
    ("accelerator", check_accelerator),
    ("sound", check_sound),
    ("music", check_music),
    ("broker", check_broker),
    ("permissions", check_permissions),
)


def _guarded(name: str, check: Check, config: Config) -> list[Finding]:
    """The check's findings; an error that it raises is one, with its own remedy in its text."""
    try:
        return check(config)
    except MienError as error:
        return [to_mend(name, str(error), code=error.exit_code)]
