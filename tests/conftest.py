"""What tests of several parts need: the shared data, which are too large for the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.needs import give_up

# How long an example takes says something about the machine, not about the code.
settings.register_profile("mien", deadline=None)
settings.load_profile("mien")

BESIDE = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder that holds `data/` (data sets) and `footage/` (clips and stills): MIEN_DATA, else ../shared."""
    folder = Path(os.environ.get("MIEN_DATA", BESIDE))
    if not folder.is_dir():
        give_up(f"no folder {folder} (set MIEN_DATA)")
    return folder


@pytest.fixture(scope="session")
def footage(shared_data: Path) -> Path:
    """The folder with MANIFEST.csv and the clips and stills that it lists."""
    folder = shared_data / "footage"
    if not (folder / "MANIFEST.csv").is_file():
        give_up(f"no footage/MANIFEST.csv in {shared_data} (set MIEN_DATA)")
    return folder
