"""The daemon in its own process, as systemd would start it, with hardware that breaks.

Run as `python -m mien_device.simulate.device TRACE BEGUN PORT MUSIC`; the supervisor starts it, and again when it has ended.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mien_device.__main__ import log_to_stderr
from mien_device.camera import Camera
from mien_device.camera.leash import LeashedCamera
from mien_device.camera.open import open_camera
from mien_device.config import (
    CameraConfig,
    Config,
    HomeAssistantConfig,
    ModelConfig,
    MoodConfig,
    MqttConfig,
    MusicConfig,
    PageConfig,
)
from mien_device.daemon import Daemon
from mien_device.demo.broker import LOOPBACK
from mien_device.folders import state_folder
from mien_device.leave import leave
from mien_device.music.player import CardOutput, StreamingPlayer
from mien_device.parts import build_parts
from mien_device.signals import stop_on_signals
from mien_device.simulate.fakes import BreakingCamera, BreakingCard, BreakingTpu, SceneLoop, draw_scenes, probe_card
from mien_device.simulate.trace import Trace, load_trace
from mien_device.simulate.world import TURN_S, World
from mien_device.state import Memory
from mien_models.errors import run_command
from mien_models.runtime import Accelerator

DEVICE_ID = "simulated"
HEARTBEAT_S = 1.0
"""Of the mood: how soon it is seen that mien looks at frames again."""


def simulated_config(trace: Trace, port: int, music: Path) -> Config:
    """Everything as by default, but for what the simulation needs to see and to hear."""
    return Config(
        camera=CameraConfig(source=trace.source),
        model=ModelConfig(accelerator=Accelerator.EDGETPU),
        mood=MoodConfig(heartbeat_s=HEARTBEAT_S),
        music=MusicConfig(folder=music, choose="folders"),
        mqtt=MqttConfig(host=LOOPBACK, port=port, device_id=DEVICE_ID, protocol="3.1.1"),
        home_assistant=HomeAssistantConfig(discovery=False),
        page=PageConfig(enabled=False),
    )


def run_device(trace: Trace, begun: Path, port: int, music: Path) -> int:
    """Run the daemon until SIGTERM.

    Raises:
        MienError: what ended it.

    """
    world, config, memory = World(trace, begun), simulated_config(trace, port, music), Memory(state_folder())
    draw_scenes()  # now: a camera that draws first is taken for one that hangs where the processor is busy
    output = CardOutput(probe=lambda _: probe_card(world), open_stream=lambda rate_hz, *_: BreakingCard(world, rate_hz))
    player = StreamingPlayer(output, fade_s=config.music.fade_s)

    def source() -> Camera:
        return SceneLoop() if trace.source == "demo" else open_camera(config.camera)

    timeout_s = config.camera.timeout_s
    parts = replace(
        build_parts(config, memory.remembered, tpu=BreakingTpu(world), player=player),
        open_camera=lambda: LeashedCamera(lambda: BreakingCamera(source, world, timeout_s), timeout_s),
        temperature=world.temperature_c,
        power_trouble=world.power_trouble,
    )
    daemon, over = Daemon(config, parts, None, state_folder(), memory), threading.Event()

    def keep_clock() -> None:
        while not over.wait(TURN_S):
            world.set_clock()

    threading.Thread(target=keep_clock, name="simulated clock", daemon=True).start()
    try:
        with stop_on_signals(daemon.stop):
            daemon.run()
    finally:
        over.set()
    return 0


def main(argv: Sequence[str]) -> int:
    """See the module."""
    log_to_stderr("info")
    trace, begun, port, music = argv
    return leave(run_command("mien", lambda: run_device(load_trace(trace), Path(begun), int(port), Path(music))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
