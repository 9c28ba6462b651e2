"""`mien support`: a bundle for a report of a fault."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from mien_device.checks import check_all
from mien_device.commands import say
from mien_device.config import Config
from mien_device.config.load import find_config, load_config
from mien_device.folders import state_folder
from mien_device.upkeep import bundle
from mien_device.upkeep.secrets import Scrubber, known_secrets
from mien_models.errors import ConfigError


def run_support(target: Path, named: Path | None, state: Path | None, *, as_json: bool) -> int:
    """Write the bundle; a configuration with mistakes is one of the things that it tells.

    Raises:
        DataError: it cannot be written.

    """
    path = find_config(named)
    texts = {"versions.json": bundle.versions()}
    try:
        config = load_config(path)
        texts["config.toml"] = bundle.settings(config)
    except ConfigError as error:
        config = Config()
        texts["config-error.txt"] = f"{error}\n"
    texts["check.json"] = (
        json.dumps([asdict(finding) for finding in check_all(lambda: load_config(path))], indent=2) + "\n"
    )
    texts["health.json"] = bundle.health(state or state_folder())
    if journal := bundle.journal():
        texts["journal.txt"] = journal
    bundle.write_bundle(target, texts, Scrubber(known_secrets(config, path)))
    if as_json:
        say(json.dumps({"file": str(target), "holds": list(texts)}))
    else:
        say(f"{target}: {', '.join(texts)}")
        say(
            "no password, picture or song is in it; look through it before you send it: the journal names songs that played"
        )
    return 0
