"""What `mien run` asks of a device with everything on: memory, start to first mood, and what it writes to the disk.

    python benchmarks/appliance.py [--seconds 1200] [--json]

Beside it stands the least that could do the same (`subjects/minimal.py`: LiteRT, OpenCV and pygame in a process of its own).
Everything on: a library that was listened to, songs of four minutes, a broker, Home Assistant's discovery, snapshots, the page with its
live view allowed (at the end somebody looks at all of it, and stays with the live view), the history, Prometheus' endpoint. The camera is
a clip of a drawn face whose mood changes every few seconds; the sound card is SDL's that plays to nobody. The start counts from the
process' beginning to the arrival of the first settled mood at another MQTT client. What is written is as the kernel counts
(`write_bytes` in /proc): whole pages that go to the disk, SQLite's journals and all; it wants a disk (`--folder`), no memory. The log is
not in it: a service hands it to the journal, so here it goes to memory.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import soundfile
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from brokers import Mosquitto, free_port
from mien_device.camera.scenes import DemoCamera
from mien_device.demo.tunes import write_tunes
from processes import resident_mb, written_mb

HERE = Path(__file__).parent
HOST, ID = "127.0.0.1", "appliance"
STARTS = 3
SONG_S = 240
SETTLED_S = 300.0
"""After so long the first song has ended: what is loaded and written when it is first needed has been."""
WATCHED_S = 60.0
START_S = 60.0
MEMORY = "/dev/shm"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1200.0, help="of which the writing is counted (default: 1200)")
    parser.add_argument("--folder", type=Path, help="where the state lies (default: the usual one for temporary files)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        if not on_a_disk(folder):
            parser.error(f"{folder} lies in memory, where nothing is written to a disk; name another --folder")
        clip = draw(folder / "room.avi")
        compose(folder / "music")
        environment = os.environ | {"MIEN_STATE_DIR": f"{folder}/state", "SDL_AUDIODRIVER": "dummy"}
        environment |= {"MIEN_CACHE_DIR": f"{folder}/cache"}
        least = minimal(clip, folder / "music", environment)
        mien = appliance(clip, folder, environment, arguments.seconds)
    if arguments.json:
        print(json.dumps({"mien": mien, "minimal": least}))
        return 0
    compared = (
        ("start to first answer, s", mien["start_s"], least["start_s"]),
        ("resident memory, MB", mien["resident_mb"], least["resident_mb"]),
        ("with the page looked at, MB", mien["watched_mb"], least["resident_mb"]),
    )
    for words, ours, theirs in compared:
        print(f"{words:<28} mien {ours:7.2f}   minimal {theirs:7.2f}   ratio {ours / theirs:.2f}")
    print(f"{'most memory ever, MB':<28} mien {mien['peak_mb']:7.2f}")
    print(f"{'written, MB an hour':<28} mien {mien['written_mb_h']:7.2f}   over {arguments.seconds:g} s")
    return 0


def on_a_disk(folder: Path) -> bool:
    kind = subprocess.run(["stat", "--file-system", "--format=%T", folder], capture_output=True, text=True, check=True)
    return kind.stdout.strip() not in {"tmpfs", "ramfs"}


def draw(path: Path) -> Path:
    """A minute of the demo's person, 640×480, ten pictures a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    artist = DemoCamera()
    for number in range(600):
        writer.write(artist.draw(2 + number / 10))
    writer.release()
    return path


def compose(folder: Path) -> None:
    """The demo's tunes over and over, as FLAC."""
    write_tunes(folder)
    for tune in folder.glob("*/*.wav"):
        sound, rate_hz = soundfile.read(tune, dtype="int16")
        times = SONG_S * rate_hz // len(sound)
        soundfile.write(tune.with_suffix(".flac"), np.tile(sound, (times, 1)), rate_hz)
        tune.unlink()


def minimal(clip: Path, music: Path, environment: dict[str, str]) -> dict[str, float]:
    song = str(next(iter(sorted(music.glob("*/*.flac")))))
    starts: list[float] = []
    for _ in range(STARTS):
        begun = time.monotonic()
        command = [sys.executable, str(HERE / "subjects" / "minimal.py"), str(clip), song]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            if process.stdout.readline().strip() != b"ready":
                raise SystemExit(f"minimal.py ended with {process.wait()}")
            starts.append(time.monotonic() - begun)
            time.sleep(10)
            memory = resident_mb(process)
            process.kill()
    return {"start_s": median(starts), "resident_mb": memory}


def appliance(clip: Path, folder: Path, environment: dict[str, str], seconds: float) -> dict[str, float]:
    broker, page = Mosquitto(folder), free_port()
    (folder / "mien.toml").write_text(settings(clip, folder, broker.ports[0], page))
    scan = [sys.executable, "-m", "mien_device", "library", "scan", "--config", str(folder / "mien.toml")]
    subprocess.run(scan, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    broker.start()
    try:
        starts = []
        for number in range(STARTS):
            with started(folder, broker.ports[0], environment) as (process, start_s):
                starts.append(start_s)
                if number == STARTS - 1:
                    figures = live(process, page, seconds)
    finally:
        broker.stop()
    return {"start_s": median(starts)} | figures


def settings(clip: Path, folder: Path, broker: int, page: int) -> str:
    return f"""
[camera]
source = "replay:{clip}"
[model]
accelerator = "cpu"
[music]
player = "pygame"
choose = "library"
folder = "{folder}/music"
[mqtt]
host = "{HOST}"
port = {broker}
device_id = "{ID}"
[privacy]
snapshot = true
[page]
port = {page}
live = true
[health]
prometheus_port = {free_port()}
"""


@contextmanager
def started(folder: Path, port: int, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The daemon, and the seconds until its first settled mood arrived."""
    arrived = threading.Event()

    def heard(_client: Client, _data: Any, message: Any) -> None:
        # What the broker kept of the daemon before comes with its flag, and is no news.
        if not message.retain and json.loads(message.payload)["mood"] != "none":
            arrived.set()

    ears = Client(CallbackAPIVersion.VERSION2)
    ears.on_message = heard
    ears.connect(HOST, port)
    ears.subscribe(f"mien/{ID}/mood/state")
    ears.loop_start()
    begun = time.monotonic()
    command = [sys.executable, "-m", "mien_device", "run", "--config", str(folder / "mien.toml")]
    with tempfile.TemporaryFile(dir=MEMORY) as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            if not arrived.wait(START_S):
                log.seek(0)
                raise SystemExit(f"no mood came:\n{log.read().decode()}")
            yield process, time.monotonic() - begun
        finally:
            process.terminate()
            process.wait()
            ears.loop_stop()
            ears.disconnect()


def live(process: subprocess.Popen[bytes], page: int, seconds: float) -> dict[str, float]:
    """What is written while nobody looks at the page, and the memory at the end of that; then the memory with somebody who does."""
    time.sleep(SETTLED_S)
    before, begun = written_mb(process), time.monotonic()
    time.sleep(seconds)
    figures = {
        "written_mb_h": (written_mb(process) - before) * 3600 / (time.monotonic() - begun),
        "resident_mb": resident_mb(process),
    }
    stop = threading.Event()
    broken: list[Exception] = []
    viewer = threading.Thread(target=watch, args=(page, stop, broken))
    viewer.start()
    time.sleep(WATCHED_S)
    figures["watched_mb"] = resident_mb(process)
    stop.set()
    viewer.join()
    if process.poll() is not None:
        raise SystemExit(f"mien ended with {process.returncode}")
    if broken:
        raise SystemExit(f"the page: {broken[0]}")
    return figures | {"peak_mb": peak_mb(process)}


def watch(page: int, stop: threading.Event, broken: list[Exception]) -> None:
    """As a browser does that looked at everything and then stays with the live view; `broken` is told what it was refused."""
    try:
        events = urllib.request.urlopen(f"http://{HOST}:{page}/api/events")
        threading.Thread(target=drain, args=(events,), daemon=True).start()
        for path in ("/api/songs", "/api/history", "/api/setup/framing", "/api/setup/music"):
            look(page, path)
        while not stop.wait(0.2):
            look(page, "/api/live")
    except OSError as error:
        broken.append(error)


def drain(events: Any) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        while events.read1(65_536):
            pass


def look(page: int, path: str) -> None:
    urllib.request.urlopen(f"http://{HOST}:{page}{path}").read()


def peak_mb(process: subprocess.Popen[bytes]) -> float:
    """The most resident memory that it ever had."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main())
