"""The daemon of soak.py: as it is shipped, with a camera and a sound card that break in every round of ten minutes.

    python mien_soak.py CONFIG

Its clocks run as fast as `fast_clock.c` lets them; nothing here knows of it.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien_device.__main__ import log_to_stderr
from mien_device.camera import Frame, leash
from mien_device.camera.scenes import DemoCamera
from mien_device.config.load import load_config
from mien_device.daemon import Daemon
from mien_device.folders import state_folder
from mien_device.heaps import share_heaps
from mien_device.leave import leave
from mien_device.music.player import CardOutput, StreamingPlayer
from mien_device.parts import build_parts
from mien_device.signals import reload_on_signal, stop_on_signals
from mien_device.simulate.fakes import BreakingCamera, BreakingCard, probe_card
from mien_device.simulate.trace import load_trace
from mien_device.simulate.world import World
from mien_device.state import Memory
from mien_models.errors import run_command
from mien_models.labels import Emotion
from mien_models.preprocess import Image

TRACE = Path(__file__).with_name("soak.toml")
ROUND_S = 600.0
WIDTH, HEIGHT = 320, 240
PICTURES = 8
"""Of each scene, which are drawn once: the camera shall cost no more than one does."""
COMPANY = (2, 1, 0, 2, 1, 0)
"""So many people at most are in view in each sixth of a round."""
STAY_S = (15, 60)
"""So long a scene stays."""


class RecurringWorld(World):
    """The faults of the trace come again in every round, from the moment at which there is a file `begun`."""

    def at(self) -> float:
        if self._begun is None and self._path.exists():
            self._begun = time.monotonic()
        return -1.0 if self._begun is None else (time.monotonic() - self._begun) % ROUND_S


class Visitors:
    """Up to two people who come, look one way or another, and go."""

    name = "visitors"

    def __init__(
        self, scenes: dict[Emotion | None, list[Image]], chance: random.Random, world: World, fps: float
    ) -> None:
        self._scenes, self._chance, self._world = scenes, chance, world
        self._period_s = 1 / fps
        self._closed = threading.Event()
        self._number = 0
        self._due = self._until = time.monotonic()
        self._who: list[Emotion | None] = [None, None]

    def read(self) -> Frame | None:
        if self._closed.wait(max(0.0, self._due - time.monotonic())):
            return None
        now = time.monotonic()
        self._due = max(self._due + self._period_s, now)  # a frame whose time has passed is left out
        if now >= self._until:
            self._until = now + self._chance.uniform(*STAY_S)
            most = COMPANY[int(self._world.at() / ROUND_S * len(COMPANY))]
            self._who = [self._chance.choice(list(Emotion)) if place < most else None for place in range(2)]
        self._number += 1
        pictures = [self._scenes[who][self._number % PICTURES] for who in self._who]
        return Frame(np.hstack(pictures), now, self._number)

    def close(self) -> None:
        self._closed.set()


def draw_scenes() -> dict[Emotion | None, list[Image]]:
    """Each face, and nobody, in some pictures that follow each other half a second apart."""
    scenes: dict[Emotion | None, list[Image]] = {}
    for who in (None, *Emotion):
        camera = DemoCamera(WIDTH, HEIGHT, script=((who, 3600.0),))
        scenes[who] = [camera.draw(1.0 + 0.5 * picture) for picture in range(PICTURES)]
    return scenes


def run_device(path: Path) -> int:
    """Run the daemon until SIGTERM.

    Raises:
        MienError: what ended it.

    """
    config, memory = load_config(path), Memory(state_folder())
    world = RecurringWorld(load_trace(str(TRACE)), path.with_name("begun"))
    scenes, chance = draw_scenes(), random.Random(8)
    output = CardOutput(probe=lambda _: probe_card(world), open_stream=lambda rate_hz, *_: BreakingCard(world, rate_hz))
    timeout_s = config.camera.timeout_s

    # The second that a driver has to let go would be some hundredths in truth: too little on a busy machine, and a privacy
    # switch that is not sure of its driver ends the process.
    leash.FAREWELL_S = timeout_s

    def open_camera() -> leash.LeashedCamera:
        return leash.LeashedCamera(lambda: BreakingCamera(visitors, world, timeout_s), timeout_s)

    def visitors() -> Visitors:
        return Visitors(scenes, chance, world, config.camera.fps)

    parts = replace(
        build_parts(config, memory.remembered, player=StreamingPlayer(output, fade_s=config.music.fade_s)),
        open_camera=open_camera,
        temperature=world.temperature_c,
        power_trouble=world.power_trouble,
    )
    daemon = Daemon(config, parts, None, state_folder(), memory, lambda: load_config(path))
    with stop_on_signals(daemon.stop), reload_on_signal(daemon.reload):
        daemon.run()
    return 0


def main(argv: Sequence[str]) -> int:
    """See the module."""
    log_to_stderr("info")
    share_heaps()
    return leave(run_command("mien", lambda: run_device(Path(argv[0]))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
