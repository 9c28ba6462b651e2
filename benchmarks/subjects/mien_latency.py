"""From the moment a frame was taken to the arrival of its message at another MQTT client. Prints one JSON object or null."""

from __future__ import annotations

import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from mien_device.camera import Frame
from mien_device.config import Config
from mien_device.daemon import Daemon
from mien_device.home.messages import Probabilities
from mien_device.parts import build_parts
from mien_device.pipeline import Observation, Pipeline

SECONDS = 20.0
WARM_UP_S = 2.0


class Stamped(Pipeline):
    """Notes when each frame was taken, in order."""

    taken: list[float]

    def step(self, frame: Frame) -> Observation:
        self.taken.append(frame.captured_at)
        return super().step(frame)


def main() -> None:
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if mosquitto is None:
        print("null")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    broker = subprocess.Popen([mosquitto, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        print(json.dumps(measure(port)))
    finally:
        broker.terminate()


def measure(port: int) -> dict[str, float]:
    arrivals: list[float] = []
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda *_: arrivals.append(time.monotonic())
    client.connect("127.0.0.1", port)
    client.subscribe(f"mien/bench/{Probabilities.topic}")
    client.loop_start()
    config = Config.model_validate(
        {
            "camera": {"source": f"replay:{sys.argv[1]}"},
            # A heart-beat with every frame: each frame causes a message
            "mood": {"heartbeat_s": 1e-6},
            "music": {"player": "null", "folder": "/nonexistent"},
            "mqtt": {"host": "127.0.0.1", "port": port, "device_id": "bench"},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        parts = build_parts(config)
        parts.pipeline.__class__ = Stamped
        assert isinstance(parts.pipeline, Stamped)
        parts.pipeline.taken = []
        daemon = Daemon(config, parts, None, Path(folder))
        threading.Timer(SECONDS, daemon.stop).start()
        daemon.run()
    time.sleep(0.5)
    client.disconnect()
    client.loop_stop()
    # The last messages belong to the last frames; the first frames came before the connection stood.
    pairs = zip(reversed(arrivals), reversed(parts.pipeline.taken), strict=False)
    times = sorted(1000 * (arrived - taken) for arrived, taken in list(pairs)[: int(len(arrivals) * 0.9)])
    return {"p50": statistics.median(times), "p99": times[int(len(times) * 0.99)], "n": len(times)}


if __name__ == "__main__":
    main()
