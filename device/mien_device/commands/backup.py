"""`mien backup` and `mien restore`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mien_device.commands import say
from mien_device.config.load import default_paths, find_config
from mien_device.folders import state_folder
from mien_device.upkeep.backup import Place, make_backup
from mien_device.upkeep.restore import restore


def run_backup(target: Path, config: Path | None, state: Path | None, *, credentials: bool, as_json: bool) -> int:
    """Write the backup and say what is in it.

    Raises:
        ConfigError, DataError: it cannot be made.

    """
    place = Place(find_config(config), state or state_folder())
    listing = make_backup(place, target, credentials=credentials)
    if as_json:
        say(json.dumps({"file": str(target), **listing.model_dump(mode="json")}))
        return 0
    size = target.stat().st_size / 1e6
    say(f"{target}: {', '.join(saved.name for saved in listing.files) or 'nothing'}; {size:.1f} MB")
    if credentials:
        say("it holds passwords and keys: keep it where nobody else reads it")
    else:
        say("without passwords and keys; --with-credentials takes them along")
    if listing.shortened:
        say("the camera's address is in it without what may be a password")
    return 0


def run_restore(archive: Path, config: Path | None, state: Path | None, *, as_json: bool) -> int:
    """Put the backup back and say what is left to do.

    Raises:
        MienError: it was not, and nothing has changed.

    """
    os.umask(0o077)
    target = find_config(config) or _new_config()
    done = restore(archive, target, state or state_folder())
    if as_json:
        files = [str(path) for path in done.files]
        say(json.dumps({"file": str(archive), "restored": files, "notes": done.notes}, ensure_ascii=False))
        return 0
    say(
        f"restored, from mien {done.listing.mien} of {done.listing.made_at}: {', '.join(map(str, done.files)) or 'nothing'}"
    )
    for note in done.notes:
        say(f"→ {note}")
    return 0


def _new_config() -> Path:
    """Where a configuration goes where there is none: the service's place, if this is its machine and we are root."""
    own, system = default_paths()
    return system if os.geteuid() == 0 and system.parent.is_dir() else own
