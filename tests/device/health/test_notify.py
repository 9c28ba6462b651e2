"""What systemd hears, through a socket such as it opens."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien_device.health import notify


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = str(tmp_path / "notify") if request.param == "file" else f"@mien-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path.replace("@", "\0", 1))
        listener.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield listener


def test_systemd_hears_every_message(systemd: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    for message in (notify.ready, notify.alive, notify.reloading, notify.stopping):
        message()
    ready, alive, reloading, stopping = (systemd.recv(4096) for _ in range(4))
    assert (ready, alive, stopping) == (b"READY=1", b"WATCHDOG=1", b"STOPPING=1")
    # sd_notify(3): without the time systemd would not know which reload is over.
    state, _, stamp = reloading.decode().partition("\nMONOTONIC_USEC=")
    assert state == "RELOADING=1"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000


def test_a_systemd_that_does_not_listen_never_blocks(systemd: socket.socket) -> None:
    for _ in range(5000):
        notify.alive()


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify.ready()
