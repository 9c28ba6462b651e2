"""What outlives a restart is written whole or not at all."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mien_device.state import Remembered, cache_folder, load_remembered, save_remembered, state_folder


def test_round_trip(tmp_path: Path) -> None:
    save_remembered(Remembered(volume=31), tmp_path / "new")
    assert load_remembered(tmp_path / "new") == Remembered(volume=31)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.json"]


def test_nothing_kept_yet(tmp_path: Path) -> None:
    assert load_remembered(tmp_path) == Remembered()


@pytest.mark.parametrize("content", [b"", b"{", b'{"volume": 200}', b'{"volum": 3}', b"\xff"])
def test_a_damaged_file_costs_the_memory_not_the_daemon(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert load_remembered(tmp_path) == Remembered()
    assert "state.json" in caplog.text


def test_a_place_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    save_remembered(Remembered(volume=5), tmp_path / "file" / "below")
    assert "not saved" in caplog.text


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
