"""`mien demo`: nothing attached, and yet moods come back over MQTT."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_device.__main__ import main


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MIEN_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")


def test_moods_come_back_and_nothing_is_left(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    threads = set(threading.enumerate())
    assert main(["demo", "--seconds", "6", "--json"]) == 0
    assert set(threading.enumerate()) == threads
    messages = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    moods = [m["payload"]["mood"] for m in messages if m["payload"].get("event_type") == "mood_changed"]
    assert moods
    assert moods[0] != "none"
    assert not (tmp_path / "state").exists(), "a demo leaves the state of the real device alone"
    assert {path.suffix for path in (tmp_path / "cache").rglob("*") if path.is_file()} == {".wav"}


def test_no_mood_is_a_failure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((480, 640), 128, np.uint8))
    assert main(["demo", "--seconds", "3", "--camera", f"replay:{tmp_path / 'wall.png'}"]) == 10
    assert "no mood event" in capfd.readouterr().err


def test_a_port_that_is_taken(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["demo", "--port", str(port), "--seconds", "3"]) == 7
    assert f"port {port}" in capfd.readouterr().err


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "mien_device", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "  mood  " in line:
                break
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(60) == 0
    assert "came back over MQTT" in rest


def test_a_reader_that_goes_away_ends_it(tmp_path: Path) -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m mien_device demo --seconds 30 --json | head -1; exit ${{PIPESTATUS[0]}}"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MIEN_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 141, run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stdout.splitlines()) == 1
