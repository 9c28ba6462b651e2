"""What outlives a restart is written whole or not at all."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mien_device.config import MusicMode
from mien_device.state import Memory, Remembered, cache_folder, state_folder


def test_round_trip(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "new")
    memory.keep(volume=31)
    memory.keep(camera=False, paused=True)
    memory.keep(mode=MusicMode.OFF)
    kept = Remembered(camera=False, volume=31, paused=True, mode=MusicMode.OFF)
    assert memory.remembered == Memory(tmp_path / "new").remembered == kept
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.json"]


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    """An SD card wears out, and this is asked for at every command."""
    memory = Memory(tmp_path)
    memory.keep(volume=31)
    before = (tmp_path / "state.json").stat().st_ino
    memory.keep(volume=31)
    assert (tmp_path / "state.json").stat().st_ino == before


def test_nothing_kept_yet(tmp_path: Path) -> None:
    assert Memory(tmp_path).remembered == Remembered()


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", Remembered(camera=False)),
        (b"{", Remembered(camera=False)),
        (b"[]", Remembered(camera=False)),
        (b"\xff", Remembered(camera=False)),
        (b'{"camera": "perhaps", "volume": 3}', Remembered(camera=False, volume=3)),
        (b'{"camera": false, "brightness": 5}', Remembered(camera=False)),
        (b'{"camera": true, "volume": 200, "mode": "off"}', Remembered(camera=True, mode=MusicMode.OFF)),
        (b'{"volum": 3}', Remembered()),
    ],
)
def test_a_damaged_file_costs_what_is_damaged_and_never_opens_the_camera(
    tmp_path: Path, content: bytes, kept: Remembered, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert Memory(tmp_path).remembered == kept
    assert "state.json" in caplog.text
    assert ("the camera stays switched off; switch it on from the home, or delete" in caplog.text) == (
        kept.camera is False and b"false" not in content
    )


def test_a_place_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file")
    assert not memory.keep(volume=5)
    assert "not saved" in caplog.text
    assert not memory.keep(volume=5)  # asked again, it is tried again


def test_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIEN_STATE_DIR", "STATE_DIRECTORY", "MIEN_CACHE_DIR", "CACHE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/me/state")
    assert state_folder() == Path("/home/me/state/mien")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/mien:/other")
    assert state_folder() == Path("/var/lib/mien")
    monkeypatch.setenv("MIEN_STATE_DIR", "/mine")
    assert state_folder() == Path("/mine")
    monkeypatch.setenv("MIEN_CACHE_DIR", "/cache")
    assert cache_folder() == Path("/cache")
