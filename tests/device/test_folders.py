"""Where mien keeps things: its own folders, those of systemd, and the service's for root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien_device import folders
from mien_device.__main__ import main
from mien_device.folders import cache_folder, state_folder
from tests.device.library.audio import write_sound
from tests.needs import give_up


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


def test_root_means_the_service_where_one_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it writes there belongs to the service's user, who could not change it otherwise."""
    if os.geteuid() != 0:
        give_up("only root works for somebody else")
    for name in ("MIEN_STATE_DIR", "STATE_DIRECTORY", "MIEN_CACHE_DIR", "CACHE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "root"))
    service, cache = tmp_path / "service", tmp_path / "cache"
    monkeypatch.setattr(folders, "SERVICE_STATE", service)
    monkeypatch.setattr(folders, "SERVICE_CACHE", cache)
    assert state_folder() == tmp_path / "root" / "mien"
    for folder in (service, cache):
        folder.mkdir()
        os.chown(folder, 12345, 12346)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (service / "link").symlink_to(outside)
    (service / "second name").hardlink_to(outside / "file")
    (service / "lost+found").mkdir()
    write_sound(tmp_path / "music" / "a.wav")
    assert main(["library", "scan", str(tmp_path / "music"), "--analyser", "none"]) == 0
    others = {service / "second name", service / "lost+found"}
    found = {service, *service.rglob("*"), cache, *cache.rglob("*")} - others
    assert service / "library.sqlite3" in found
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in found} == {(12345, 12346)}
    assert {path.stat().st_uid for path in (outside, outside / "file", *others)} == {0}
    assert not (tmp_path / "root").exists()
