"""A file system of a few megabytes that can be filled to the last byte."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from types import TracebackType

import pytest


class SmallDisk:
    """Mounted in memory for as long as the block lasts; only root may. `folder` is on it."""

    def __init__(self, folder: Path, size: int) -> None:
        if os.geteuid() != 0:
            reason = "only root may mount a small disk"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self.folder = folder
        self._size = size

    def __enter__(self) -> SmallDisk:
        self.folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size}", "mien-test", self.folder], check=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self) -> None:
        """Leave not a byte."""
        with (self.folder / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """Make room again."""
        (self.folder / "ballast").unlink()
