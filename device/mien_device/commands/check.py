"""`mien check`: says what was found."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from mien_device.checks import Grade, check_all
from mien_device.config.load import find_config, load_config


def run_check(named: Path | None, *, as_json: bool) -> int:
    """Check everything and print the findings; the exit code is that of the first thing that must be mended, else 0.

    Raises:
        ConfigError: the configuration has mistakes, so nothing else can be checked; in JSON that is a finding.

    """
    path = find_config(named)
    if not as_json:
        load_config(path)
    findings = check_all(lambda: load_config(path))
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        for finding in findings:
            sys.stdout.write(f"{finding.grade:<4}  {finding.subject:<13} {finding.found}\n")
            if finding.remedy:
                sys.stdout.write(f"{'':<19} → {finding.remedy}\n")
    return next((finding.exit_code for finding in findings if finding.grade is Grade.MEND), 0)
