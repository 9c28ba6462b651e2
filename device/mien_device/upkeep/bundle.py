"""The bundle for a report of a fault: texts only, each scrubbed of secrets before it is written."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from mien_device.config import Config
from mien_device.config.template import effective
from mien_device.folders import cache_folder
from mien_device.health import board
from mien_device.home.messages import utc_now
from mien_device.library.database import FILE as LIBRARY
from mien_device.upkeep.inuse import is_in_use
from mien_device.upkeep.secrets import HIDDEN, Scrubber
from mien_models import __version__
from mien_models.errors import DataError, MissingDependencyError
from mien_models.runtime import find_runtime
from mien_models.shipped import shipped_models

PACKAGES = (
    *("numpy", "pydantic", "ai-edge-litert", "tflite-runtime", "opencv-python-headless", "pygame", "soundfile", "soxr"),
    *("paho-mqtt", "tinytag", "mutagen", "watchfiles", "av", "picamera2", "pynacl"),
)
JOURNAL_LINES = 2000
JOURNAL_S = 20.0
UNITS = ("mien.service", "mien-library.service", "mien-kiosk.service")
_PROPERTIES = "Id,ActiveState,SubState,Result,NRestarts,ExecMainStatus,ActiveEnterTimestamp,MemoryCurrent"


def write_bundle(target: Path, texts: Mapping[str, str], scrub: Scrubber) -> None:
    """Write the texts, without any secret that `scrub` knows, whole or not at all; readable for its owner alone.

    Raises:
        DataError: it cannot be written.

    """
    temporary = target.with_name(f".{target.name}.new")
    try:
        handle = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w+b") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(name, scrub(text))
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataError(f"{target}: {error.strerror}; name a place that can be written and has room") from None


def versions() -> str:
    """Of mien, Python, the system, and every package that mien uses where it is installed."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    try:
        runtime = find_runtime().name
    except MissingDependencyError as error:
        runtime = str(error)
    return _json(
        {
            "made_at": utc_now(),
            "mien": __version__,
            "python": platform.python_version(),
            "os": platform.platform(),
            "distribution": _read(Path("/etc/os-release")).partition("\n")[0],
            "board": _read(Path("/proc/device-tree/model")).rstrip("\0"),
            "runtime": runtime,
            "packages": installed,
            "models": shipped_models(),
            "variables": sorted(name for name in os.environ if name.startswith(("MIEN_", "SDL_", "AUDIODEV"))),
        }
    )


def settings(config: Config) -> str:
    """The settings in force, without comments; who logs in, and the camera's address behind its host, are left out."""
    from mien_device.camera.addresses import without_secrets

    camera = config.camera.model_copy(update={"source": without_secrets(config.camera.source)})
    mqtt = config.mqtt.model_copy(update={"username": HIDDEN if config.mqtt.username else ""})
    return effective(config.model_copy(update={"camera": camera, "mqtt": mqtt}))


def health(state: Path) -> str:
    """How the board does, and what lies in the two folders that mien writes."""
    return _json(
        {
            "running": is_in_use(state),
            "cpu_temp_c": board.temperature_c(),
            "throttled": board.throttled(),
            "load": os.getloadavg(),
            "uptime_s": _read(Path("/proc/uptime")).partition(" ")[0],
            "memory": [
                line for line in _read(Path("/proc/meminfo")).splitlines() if line.startswith(("MemT", "MemA", "Swap"))
            ],
            "folders": {name: _folder(path) for name, path in (("state", state), ("cache", cache_folder()))},
            "library_bytes": (state / LIBRARY).stat().st_size if (state / LIBRARY).exists() else None,
            "devices": sorted(
                str(path) for pattern in ("video*", "snd/*", "apex*") for path in Path("/dev").glob(pattern)
            ),
            "units": _run("systemctl", "show", "--property", _PROPERTIES, *UNITS),
        }
    )


def journal() -> str:
    """The last lines of mien's units; "" where there is no journal, or none that may be read."""
    units = [option for unit in UNITS for option in ("--unit", unit)]
    return _run("journalctl", "--no-pager", "--quiet", "--output", "short-iso", "--lines", str(JOURNAL_LINES), *units)


def _folder(path: Path) -> dict[str, Any]:
    """Names and sizes of what lies in it, and the room on its disk."""
    if not path.is_dir():
        return {"path": str(path), "there": False}
    return {
        "path": str(path),
        "writable": os.access(path, os.W_OK),
        "free_mb": shutil.disk_usage(path).free >> 20,
        "files": {entry.name: entry.stat(follow_symlinks=False).st_size for entry in os.scandir(path)},
    }


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=JOURNAL_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
