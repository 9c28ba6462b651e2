"""The id under which the home knows this device: the same after every restart, and not the machine's own."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from pathlib import Path

from mien_models.files import write_atomically

log = logging.getLogger(__name__)

MACHINE_ID = Path("/etc/machine-id")
_DIGITS = 8
# machine-id(5) asks programs never to show the id itself, only a hash of it that is their own.
_SALT = b"mien device id\0"


def device_id(configured: str, state_folder: Path, machine_id: Path = MACHINE_ID) -> str:
    """`configured` if it is set, else eight hex digits of this machine, else of chance, kept in `state_folder`."""
    return configured or _of_machine(machine_id) or _of_chance(state_folder / "device-id")


def _of_machine(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not re.fullmatch("[0-9a-f]{32}", text):
        return None  # "uninitialized" while a system boots for the first time; empty in containers
    return hashlib.sha256(_SALT + text.encode("ascii")).hexdigest()[:_DIGITS]


def _of_chance(path: Path) -> str:
    try:
        kept = path.read_text(encoding="ascii").strip()
        if re.fullmatch(f"[0-9a-f]{{{_DIGITS}}}", kept):
            return kept
    except (OSError, UnicodeDecodeError):
        pass  # missing or damaged: a new one takes its place
    new = secrets.token_hex(_DIGITS // 2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"{new}\n".encode("ascii"))
    except OSError as error:
        log.warning(
            "%s: not saved (%s); the device id changes at every start, set mqtt.device_id", path, error.strerror
        )
    return new
