"""A library for a device, before it is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.device import Device


def stock(device: Device, songs: Path) -> None:
    """Of all songs below `songs`, heard by the analyser that makes answers up."""
    command = [sys.executable, "-m", "mien_device", "library", "scan", "--analyser", "fake", str(songs)]
    environment = os.environ | {"MIEN_STATE_DIR": str(device.state), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
