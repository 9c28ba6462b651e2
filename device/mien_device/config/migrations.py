"""How a configuration of an older mien is read by this one. The file itself is never changed: it is the user's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mien_models.errors import ConfigError

log = logging.getLogger(__name__)

Values = dict[str, Any]
MIGRATIONS: tuple[Callable[[Values], str], ...] = ()
"""The one at place n leads from version n + 1 to n + 2, and says in a sentence what it changed. None so far: version 1 is the first."""


def migrate(values: Values, path: Path) -> None:
    """Bring what stands in the file up to date. A file without a version is of the present one.

    Raises:
        ConfigError: it was written for a newer mien.

    """
    newest = len(MIGRATIONS) + 1
    version = values.get("version", newest)
    if type(version) is not int or version < 1:
        return  # a mistake, which is named with all others
    if version > newest:
        raise ConfigError(f"{path}: version {version} of the configuration, this mien knows {newest}; update mien")
    for step in MIGRATIONS[version - 1 :]:
        log.warning("%s: version %d of the configuration: %s", path, version, step(values))
    if version < newest:
        values["version"] = newest
