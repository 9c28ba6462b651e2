"""What processes use, and on what machine: from /proc, for those that a benchmark started."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def written_mb(process: subprocess.Popen[bytes]) -> float:
    """What it caused to be written to disks so far (proc(5), /proc/pid/io)."""
    lines = Path(f"/proc/{process.pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"]) / 1e6


def machine() -> str:
    """This one, for a report."""
    kernel = platform.release().partition("-")[0]
    return f"{platform.machine()}, Linux {kernel}, {os.cpu_count()} shared cores, Python {platform.python_version()}"
