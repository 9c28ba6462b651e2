"""The command line of `mien backup`, `mien restore` and `mien support`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mien_device.commands.options import add_config, add_json


def add_upkeep(commands: Any) -> None:
    """Add them to the commands of `mien`."""
    backup = commands.add_parser(
        "backup",
        help="what cannot be made again, in one file",
        description="Save the configuration, what mien remembers, and the library (not the songs) in one file. mien may run "
        "meanwhile. Passwords and keys are left out, also those in addresses.",
    )
    backup.add_argument(
        "--with-credentials",
        action="store_true",
        dest="credentials",
        help="save the broker's password, its keys and the camera's whole address too: then the file is a secret itself",
    )
    restore = commands.add_parser(
        "restore",
        help="put a backup back",
        description="All of the backup or nothing, and never while mien runs: sudo systemctl stop mien mien-library. What "
        "is not in the backup stays as it is.",
    )
    support = commands.add_parser(
        "support",
        help="a bundle for a report of a fault, without secrets and pictures",
        description="Write versions, what `mien check` finds, the settings, the state of the board and mien's journal into "
        "one file, without passwords, keys and pictures. The journal wants root or the group systemd-journal.",
    )
    for command in (backup, restore, support):
        command.add_argument("file", type=Path, metavar="FILE", help="a zip archive")
        add_config(command)
        command.add_argument(
            "--state",
            type=Path,
            metavar="FOLDER",
            help="where mien keeps its state (default: for root /var/lib/mien if it is there, else as `mien run`)",
        )
        add_json(command)
