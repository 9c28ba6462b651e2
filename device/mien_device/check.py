"""`mien check`: what is here, what is missing, and how to mend it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from mien_device.camera.devices import list_cameras
from mien_device.camera.open import open_camera
from mien_device.config import Config
from mien_device.config.load import read_password
from mien_device.faces.open import open_finder
from mien_device.music.player import probe_sound
from mien_device.music.playlist import Playlists
from mien_device.state import cache_folder, state_folder
from mien_models.errors import MienError, OutcomeError
from mien_models.labels import Emotion
from mien_models.runner import Classifier
from mien_models.runtime import EDGETPU_LIBRARY, Accelerator, find_runtime, probe_edgetpu
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


def run_check(config: Config, *, as_json: bool) -> int:
    """Check everything, print the findings, and say with the exit code whether something must be mended."""
    findings = [finding for name, check in CHECKS for finding in _guarded(name, check, config)]
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        for finding in findings:
            sys.stdout.write(f"{finding.grade:<4}  {finding.subject:<12} {finding.found}\n")
            if finding.remedy:
                sys.stdout.write(f"{'':<18} → {finding.remedy}\n")
    return OutcomeError.exit_code if any(finding.grade is Grade.MEND for finding in findings) else 0


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
        return [
            Finding("camera", Grade.MEND, f"{camera.name} gives no picture ({listed})", "name another camera.source")
        ]
    height, width = frame.image.shape[:2]
    return [Finding("camera", Grade.OK, f"{camera.name}, {width}x{height} ({listed})")]


def check_model(config: Config) -> list[Finding]:
    """Whether the model loads, and what runs it."""
    runtime = find_runtime()
    classifier = Classifier.open(find_model(config.model.emotion), Accelerator.CPU, config.model.threads)
    manifest = classifier.manifest
    return [
        Finding("runtime", Grade.OK, runtime.name),
        Finding(
            "model",
            Grade.OK,
            f"{manifest.name} {manifest.version}, {manifest.file.bytes / 1e3:.0f} kB, as its manifest says",
        ),
        Finding("faces", Grade.OK, open_finder(config.faces).name),
    ]


def check_accelerator(config: Config) -> list[Finding]:
    """Whether a Coral answers, if one is asked for."""
    wanted = config.model.accelerator
    if wanted is Accelerator.CPU:
        return [Finding("accelerator", Grade.OK, "processor, as configured")]
    reason = probe_edgetpu(EDGETPU_LIBRARY)
    if reason is None:
        return [Finding("accelerator", Grade.OK, "Edge TPU answers")]
    remedy = "install libedgetpu and plug the Coral in (another USB port or cable helps), or set model.accelerator"
    grade = Grade.MEND if wanted is Accelerator.EDGETPU else Grade.NOTE
    return [
        Finding(
            "accelerator",
            grade,
            f"no Edge TPU ({reason}); the processor does it",
            remedy if grade is Grade.MEND else "",
        )
    ]


def check_sound(config: Config) -> list[Finding]:
    """Whether a sound card can be opened."""
    if config.music.player == "null":
        return [Finding("sound", Grade.OK, "off, as configured")]
    try:
        card = probe_sound()
    except MienError as error:
        grade = Grade.MEND if config.music.player == "pygame" else Grade.NOTE
        return [
            Finding(
                "sound",
                grade,
                f"{error}; the music only keeps time",
                "plug a sound card in, or name it with AUDIODEV",
            )
        ]
    return [Finding("sound", Grade.OK, f"{card.driver}: {', '.join(card.devices) or 'default output'}")]


def check_music(config: Config) -> list[Finding]:
    """Whether there is music for the moods."""
    playlists = Playlists(config.music)
    counts = {emotion: len(playlists.tracks(emotion)) for emotion in Emotion}
    total = sum(counts.values())
    words = ", ".join(f"{emotion} {count}" for emotion, count in counts.items() if count)
    found = [Finding("music", Grade.OK if total else Grade.NOTE, f"{total} tracks" + (f" ({words})" if words else ""))]
    return found + [Finding("music", Grade.NOTE, problem) for problem in playlists.problems]


def check_broker(config: Config) -> list[Finding]:
    """Whether the broker lets us in."""
    if not config.mqtt.host:
        return [Finding("broker", Grade.NOTE, "none configured: moods go to the log only", "set mqtt.host")]
    from mien_device.home.mqtt import try_connect

    try_connect(config.mqtt, read_password(config.mqtt))
    return [Finding("broker", Grade.OK, f"{config.mqtt.host} accepts us")]


def check_permissions(config: Config) -> list[Finding]:
    """Whether mien can keep what it must keep, and read what it must read."""
    findings = []
    for name, folder in (("state", state_folder()), ("cache", cache_folder())):
        # The nearest folder that exists decides: nothing is made here, a check leaves no trace.
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if existing.is_dir() and os.access(existing, os.W_OK):
            findings.append(Finding(f"{name} folder", Grade.OK, str(folder)))
        else:
            remedy = f"run as a user that owns {existing}, or set MIEN_{name.upper()}_DIR"
            findings.append(Finding(f"{name} folder", Grade.MEND, f"{folder} cannot be written", remedy))
    return findings


CHECKS: tuple[tuple[str, Callable[[Config], list[Finding]]], ...] = (
    ("camera", check_camera),
    ("model", check_model),
    ("accelerator", check_accelerator),
    ("sound", check_sound),
    ("music", check_music),
    ("broker", check_broker),
    ("permissions", check_permissions),
)


def _guarded(name: str, check: Callable[[Config], list[Finding]], config: Config) -> list[Finding]:
    """The check's findings; an error that it raises is one, with its own remedy in its text."""
    try:
        return check(config)
    except MienError as error:
        return [Finding(name, Grade.MEND, str(error))]
