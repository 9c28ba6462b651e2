"""What tests of several parts need: the shared data, which are too large for the repository."""

from __future__ import annotations

import os

# Before numpy comes: OpenBLAS' threads wait for each other busily, and beside other processes take twenty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.needs import give_up

# How long an example takes says something about the machine, not about the code.
settings.register_profile("mien", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mien")

BESIDE = Path(__file__).parents[2] / "shared"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Spell out what is no UTF-8 in captured output (names of files, in some tests): it must travel between processes."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trainings first: they are few and take long, and what begins last should be short when processes share the tests."""
    items.sort(key=lambda item: Path(__file__).parent / "training" not in item.path.parents)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test keeps is seen by no other one, nor by the person at this machine. Processes that it starts inherit it."""
    own = tmp_path_factory.mktemp("own")
    for kind in ("STATE", "CACHE"):
        monkeypatch.setenv(f"MIEN_{kind}_DIR", str(own / kind.lower()))


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


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder where nothing waits for a disk, where there is one: a process that is killed needs none."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)
