"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_config(parser: argparse.ArgumentParser) -> None:
    """Which configuration."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="default: $MIEN_CONFIG, ~/.config/mien/mien.toml, /etc/mien/mien.toml, else built-in defaults",
    )


def add_json(parser: argparse.ArgumentParser, words: str = "print JSON") -> None:
    """An answer for programs."""
    parser.add_argument("--json", action="store_true", dest="as_json", help=words)
