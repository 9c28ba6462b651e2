"""A disk that is really full: the library is read, and what could not be kept is kept when there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien_device.__main__ import main
from mien_device.library.database import FILE, MEMORY, NoRoomError
from mien_device.library.scan import scan
from mien_device.library.store import Library
from mien_device.policy import Liking, Listener
from mien_device.shelf import LibraryShelf
from mien_models.labels import Mood
from tests.device.library.audio import write_sound
from tests.disks import SmallDisk

SAD = Listener(-0.6, 0.2, -0.3, 0.2, faces=1)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk", 4 << 20) as disk:
        yield disk


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for number in range(3):
        write_sound(tmp_path / "music" / f"{number}.wav", number)
    return tmp_path / "music"


def fill_library(folder: Path, music: Path, *, crash: bool) -> None:
    """In a process of its own, which leaves the log behind if it crashes."""
    end = "os._exit(0)" if crash else "library.close()"
    code = (
        "import os, sys; from pathlib import Path; from mien_device.library.store import Library;"
        "from mien_device.library.scan import scan; library = Library.open(Path(sys.argv[1]));"
        f"scan(library, [Path(sys.argv[2])]); {end}"
    )
    subprocess.run(
        [sys.executable, "-c", code, folder, music],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("crash", [False, True])
def test_all_of_it_is_read(disk: SmallDisk, music: Path, crash: bool) -> None:
    fill_library(disk.folder, music, crash=crash)
    log = disk.folder / f"{FILE}-wal"
    assert log.exists() is crash, "after a crash the songs are in the log only"
    disk.fill()
    before = set(MEMORY.iterdir())
    with Library.open(disk.folder, or_read=True) as library:
        assert library.read_only
        assert len(library.songs()) == 3
        with pytest.raises(NoRoomError):
            library.like(library.songs()[0].id, True)
        assert set(MEMORY.iterdir()) == before, "nobody finds the copy"
    disk.free()
    with Library.open(disk.folder, or_read=True) as library:
        assert not library.read_only
        assert len(library.songs()) == 3


def test_the_commands_that_only_read_do_so(
    disk: SmallDisk, music: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_library(disk.folder, music, crash=True)
    disk.fill()
    monkeypatch.setenv("MIEN_STATE_DIR", str(disk.folder))
    assert main(["library", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["library", "stats"]) == main(["library", "show", "2.wav"]) == main(["library", "why"]) == 0
    capsys.readouterr()
    assert main(["library", "like", "2.wav"]) == 8
    (line,) = capsys.readouterr().err.splitlines()
    assert "the disk is full; free some space" in line


def test_without_a_library_an_empty_one_waits_for_room(disk: SmallDisk) -> None:
    disk.fill()
    with closing(LibraryShelf.open(disk.folder)) as shelf:
        assert shelf.empty
        assert shelf.trouble is not None
        disk.free()
        shelf.changed()
        assert shelf.trouble is None


@pytest.mark.parametrize("open_when_full", [False, True])
def test_what_waited_is_kept_when_there_is_room(disk: SmallDisk, music: Path, open_when_full: bool) -> None:
    with Library.open(disk.folder) as library:
        scan(library, [music])
        song = library.songs()[0].id
    if open_when_full:
        disk.fill()
    with closing(LibraryShelf.open(disk.folder)) as shelf:
        if not open_when_full:
            disk.fill()
        shelf.keep_liking(Liking(song, True, SAD), Mood.SAD)
        shelf.keep_liking(Liking(song, False, SAD), Mood.SAD)
        assert shelf.trouble is not None
        assert "full" in shelf.trouble
        disk.free()
        shelf.changed()
        assert shelf.trouble is None
    with Library.open(disk.folder) as library:
        assert [like.liked for like in library.likes()] == [True, False]
