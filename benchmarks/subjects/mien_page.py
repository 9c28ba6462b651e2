"""The daemon with its page, on one core: what a frame costs. Answers each line on standard input with one JSON object."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from mien_device.camera import Frame
from mien_device.camera.scenes import DemoCamera
from mien_device.config import Config
from mien_device.daemon import Daemon
from mien_device.parts import build_parts
from mien_device.pipeline import Observation, Pipeline
from mien_device.showing.live import Live
from mien_device.showing.stage import Stage

FPS = 300.0
"""More than one core can look at: the loop goes as fast as it can, and what others take of the core it loses."""
SCENES = 60
"""Drawn ahead, so that drawing them is not measured: two seconds of a face that moves, over and over."""


class Reel:
    """A camera that costs nothing."""

    name = "reel"

    def __init__(self, scenes: list[Frame]) -> None:
        self._scenes = scenes
        self._closed = threading.Event()
        self._number = 0

    def read(self) -> Frame | None:
        if self._closed.wait(1 / FPS):
            return None
        self._number += 1
        return Frame(self._scenes[self._number // 10 % SCENES].image, time.monotonic(), self._number)

    def close(self) -> None:
        self._closed.set()


class Counting(Pipeline):
    """Counts the frames that were looked at."""

    frames = 0

    def step(self, frame: Frame) -> Observation:
        Counting.frames += 1
        return super().step(frame)


spent: dict[str, float] = {}
"""Seconds of processor time in what the vision loop shows to the page: all of it, and the live view's part."""


def time_calls(kind: type, name: str) -> None:
    """Count the time of `kind.see` under `name`."""
    see = kind.see  # type: ignore[attr-defined]

    def timed(self: object, *arguments: object) -> None:
        begun = time.thread_time()
        see(self, *arguments)
        spent[name] = spent.get(name, 0.0) + time.thread_time() - begun

    kind.see = timed  # type: ignore[attr-defined]


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    artist = DemoCamera()
    scenes = [Frame(artist.draw(2 + number / 30), 0.0, number) for number in range(SCENES)]
    config = Config.model_validate(
        {
            "camera": {"source": "demo"},
            "model": {"accelerator": "cpu"},
            "music": {"player": "null", "folder": "/nonexistent"},
            "page": {"port": int(sys.argv[1]), "live": True},
            "log": {"level": "error"},
        }
    )
    time_calls(Stage, "show_s")
    time_calls(Live, "live_s")
    parts = build_parts(config)
    parts.pipeline.__class__ = Counting
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(config, _with_reel(parts, scenes), None, Path(folder))
        threading.Thread(target=answer, args=(daemon,), daemon=True).start()
        daemon.run()


def _with_reel(parts: object, scenes: list[Frame]) -> object:
    from dataclasses import replace

    return replace(parts, open_camera=lambda: Reel(scenes))


def page_s() -> float:
    """Processor time of the page's threads so far, by the kernel (proc(5), schedstat: nanoseconds)."""
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(("mien-page", "AnyIO"))]
    runs = [Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0] for thread in threads]
    return sum(map(int, runs)) / 1e9


def answer(daemon: Daemon) -> None:
    for _ in sys.stdin:
        said = {"frames": Counting.frames, "cpu_s": time.process_time(), "page_s": page_s()} | spent
        print(json.dumps(said), flush=True)
    daemon.stop()


if __name__ == "__main__":
    main()
