"""Processor time of the whole daemon with nobody in view, as a share of what it takes with somebody in view and music playing.

    python benchmarks/idle.py [--seconds 30] [--json]

The daemon runs as it is shipped (10 frames a second, music mixed, nothing of it heard) in a process of its own; its camera gives
pictures that were drawn before, so that it costs as little as a camera can. What the start takes is not counted. Both are run in turns,
three times each, and the median counts. On a machine that is too busy to look at ten frames a second there is no figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from mien_device.camera import Frame
from mien_device.camera.scenes import DemoCamera
from mien_device.config import Config
from mien_device.daemon import Daemon
from mien_device.demo.tunes import write_tunes
from mien_device.music.player import CardOutput, StreamingPlayer
from mien_device.music.player.sdl import SoundCard
from mien_device.parts import build_parts
from mien_device.simulate.fakes import BreakingCard
from mien_device.simulate.trace import load_trace
from mien_device.simulate.world import World
from mien_models.labels import Emotion

WARM_UP_S = 5.0
ROUNDS = 3
LEAST_FPS = 7.0
"""Of ten. Fewer looks cost less with somebody in view, so that the ratio is too high rather than too low."""


class Prepared:
    """Gives the same few pictures for ever, ten a second."""

    name = "prepared pictures"

    def __init__(self, somebody: bool) -> None:
        camera = DemoCamera(script=((Emotion.HAPPY if somebody else None, 60.0),))
        self._pictures = [camera.draw(1.0 + 0.1 * number) for number in range(12)]
        self._closed = threading.Event()
        self.number = 0

    def read(self) -> Frame | None:
        if self._closed.wait(0.1):
            return None
        self.number += 1
        return Frame(self._pictures[self.number % len(self._pictures)], time.monotonic(), self.number)

    def close(self) -> None:
        self._closed.set()


def run(somebody: bool, seconds: float) -> float:
    """Processor seconds per second of the daemon in this process."""
    with tempfile.TemporaryDirectory() as folder:
        write_tunes(Path(folder) / "music")
        config = Config.model_validate(
            {"music": {"folder": f"{folder}/music", "choose": "folders"}, "model": {"accelerator": "cpu"}}
        )
        world = World(load_trace("sound-gone"), Path(folder) / "never")
        card = SoundCard("simulated", (), 44_100, 2)
        output = CardOutput(probe=lambda _: card, open_stream=lambda rate_hz, *_: BreakingCard(world, rate_hz))
        parts = build_parts(config, player=StreamingPlayer(output, fade_s=config.music.fade_s))
        camera = Prepared(somebody)
        daemon = Daemon(config, replace(parts, open_camera=lambda: camera), None, Path(folder))
        spent: list[float] = []
        rates: list[float] = []

        def looks() -> int:
            return camera.number - daemon._wiring.frames.dropped

        def watch() -> None:
            time.sleep(WARM_UP_S)
            begun, before, looked = time.monotonic(), time.process_time(), looks()
            time.sleep(seconds)
            lasted = time.monotonic() - begun
            spent.append((time.process_time() - before) / lasted)
            rates.append((looks() - looked) / lasted)
            daemon.stop()

        threading.Thread(target=watch, daemon=True).start()
        daemon.run()
    if rates[0] < LEAST_FPS:
        raise SystemExit(f"this machine is too busy: {rates[0]:.1f} frames a second")
    return spent[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--subject", choices=("busy", "idle"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.subject:
        print(run(arguments.subject == "busy", arguments.seconds))
        return 0
    shares: dict[str, list[float]] = {"busy": [], "idle": []}
    for _ in range(ROUNDS):
        for subject, measured in shares.items():
            command = [sys.executable, __file__, "--subject", subject, "--seconds", str(arguments.seconds)]
            run_ = subprocess.run(command, capture_output=True, text=True, check=False)
            if run_.returncode:
                print(run_.stderr.strip().splitlines()[-1], file=sys.stderr)
                return 1
            measured.append(float(run_.stdout.strip().splitlines()[-1]))
    busy, idle = median(shares["busy"]), median(shares["idle"])
    if arguments.json:
        print(json.dumps({"busy": busy, "idle": idle, "ratio": idle / busy}))
    else:
        print(f"busy {100 * busy:.1f} %, idle {100 * idle:.1f} % of a core: idle is {idle / busy:.2f} of busy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
