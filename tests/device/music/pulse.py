"""A PulseAudio server of our own, whose only output can be pulled out and plugged in again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from tests.needs import need_program
from tests.waiting import wait_until


class Pulse:
    """Runs for as long as the block lasts, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._programs = [need_program(name) for name in ("pulseaudio", "pactl", "parec")]
        self._folder = folder
        self._runtime = folder / "run"
        self._runtime.mkdir(mode=0o700)
        self.environment = {
            "XDG_RUNTIME_DIR": str(self._runtime),
            "HOME": str(folder),
            "PULSE_RUNTIME_PATH": str(self._runtime),
            "PULSE_SERVER": f"unix:{self._runtime}/native",
            "SDL_AUDIODRIVER": "pulseaudio",
        }

    def __enter__(self) -> Pulse:
        self.start()
        self.plug_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """The server, without an output."""
        options = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no")
        protocol = f"module-native-protocol-unix socket={self._runtime}/native"
        self._server = subprocess.Popen(
            [self._programs[0], *options, "-L", protocol],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: self._ask("info").returncode == 0, "PulseAudio does not answer")

    def stop(self) -> None:
        """As when it crashes."""
        self._server.kill()
        self._server.wait()

    def plug_in(self, name: str = "speaker") -> None:
        sink = f"sink_name={name} rate=44100 sink_properties=device.description={name}"
        assert self._ask("load-module", "module-null-sink", *sink.split()).returncode == 0

    def pull_out(self) -> None:
        assert self._ask("unload-module", "module-null-sink").returncode == 0

    def record(self, seconds: float, name: str = "speaker") -> npt.NDArray[np.float64]:
        """What the output plays in the next `seconds`, (frames, 2)."""
        recorded = self._folder / "recorded.raw"
        command = [self._programs[2], f"--device={name}.monitor", "--format=s16le", "--rate=44100", "--channels=2"]
        with recorded.open("wb") as file:
            recorder = subprocess.Popen(
                [*command, "--latency-msec=50"], env={**os.environ, **self.environment}, stdout=file
            )
            try:
                wait_until(
                    lambda: recorded.stat().st_size >= seconds * 44_100 * 4,
                    "PulseAudio plays nothing, not even silence",
                )
            finally:
                recorder.terminate()
                recorder.wait()
        samples = np.fromfile(recorded, "<i2")
        return samples[: len(samples) // 2 * 2].reshape(-1, 2) / 32768

    def _ask(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._programs[1], *words], env={**os.environ, **self.environment}, capture_output=True, check=False
        )
