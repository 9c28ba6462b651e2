"""What must not leave a device in a report or a plain backup: found where people put it, and taken out of any text."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mien_device.camera.addresses import stream_host
from mien_device.config import Config
from mien_device.config.load import PASSWORD
from mien_models.files import user_path

HIDDEN = "(hidden)"
_SHORTEST = 3
"""Taking out every "a" would leave no report; a password this short protects nothing."""
_TELLING = re.compile(r"pass|token|secret|credential|(^|_)key|auth|cookie", re.IGNORECASE)
"""Names of settings and variables whose values are secret."""
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://[^\s\"'<>]+")
_SECRET_FILE = re.compile(r"(?:password|client_key|token)_file\s*=\s*[\"']([^\"'\n]+)")
_ASSIGNED = re.compile(
    r"(?i)\b([\w.-]*(?:passw(?:or)?d|token|secret|api[_-]?key|credential)[\w.-]*[\"']?\s*[=:]\s*)"
    r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;\"']+)"
)


class Scrubber:
    """Takes known secrets, and all that looks like one, out of texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets`: see `known_secrets`."""
        spelt = {spelling for secret in secrets for spelling in (secret, unquote(secret)) if len(secret) >= _SHORTEST}
        # The longest first: a part of it would leave the rest.
        words = sorted(spelt, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, words))) if words else None

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = _ADDRESS.sub(lambda found: shortened(found[0]), text)
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return _ASSIGNED.sub(rf"\1{HIDDEN}", text)


def shortened(address: str) -> str:
    """An address without what may be secret: as it is, unless it has a user or a query; then scheme and host only."""
    return stream_host(address) if "@" in address or "?" in address else address


def known_secrets(config: Config, path: Path | None) -> set[str]:
    """Every secret that this device was given: in the environment, in credentials, in the files and the text of its settings.

    The file at `path` is read as text, because a configuration with a mistake is just the one that is reported.
    """
    found = {value for name, value in os.environ.items() if _TELLING.search(name) and not _is_place(value)}
    places = _credentials()
    if path is not None:
        places += [path.with_name(PASSWORD.credential), *_named_files(path)]
        found |= set(_of_settings(path))
    for place in places:
        found |= set(_lines(place))
    found |= {*_of_address(config.camera.source), _behind_host(config.camera.source)}
    found.add(config.mqtt.username)
    return {secret for secret in found if secret}


def _is_place(value: str) -> bool:
    """Whether it is a path, as in CREDENTIALS_DIRECTORY: what lies there is read, its name may be told."""
    return value.startswith("/") and Path(value).exists()


def _credentials() -> list[Path]:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return [path for path in Path(folder).iterdir() if path.is_file()] if folder and Path(folder).is_dir() else []


def _lines(path: Path) -> list[str]:
    """Each line is a secret of its own: a key is copied by lines."""
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return []


def _named_files(path: Path) -> list[Path]:
    """The files of secrets that the settings name, also where they are no good TOML."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [user_path(named) for named in _SECRET_FILE.findall(text)]


def _of_settings(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for address in _ADDRESS.findall(text):  # commented ones too
        yield from _of_address(address)
    for _, value in _ASSIGNED.findall(text):
        yield value.strip("\"'")
    try:
        yield from _telling_values(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return


def _telling_values(table: dict[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _telling_values(value)
        elif isinstance(value, str) and _TELLING.search(name) and not name.endswith("_file"):
            yield value


def _of_address(address: str) -> Iterator[str]:
    """User, password and values of the query of an address; what may be one of them, where it has an at sign too many."""
    for users in (r"\w+://([^/?#]*)@", r"\w+://(.*)@"):
        if match := re.search(users, address):
            yield match[1]
            yield from match[1].split(":", 1)
    for pair in address.partition("?")[2].split("&"):
        yield pair.partition("=")[2]


def _behind_host(address: str) -> str:
    """The path of a camera's address: with some cameras that is the secret."""
    match = re.search(r"\w+://[^/?#]*/(.+)", address)
    return match[1] if match else ""
