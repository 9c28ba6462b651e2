"""Brokers to measure with: one mosquitto, or two aedes nodes that share what they know through redis."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from processes import cpu_s, resident_mb

HERE = Path(__file__).parent
START_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{process.args!r} did not start") from None
            time.sleep(0.02)
        else:
            return


class Broker:
    """Nodes with a port each, which can be killed and started again."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: list[int] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def command(self, port: int) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        for port in self.ports:
            if port not in self._processes:
                log = (self.folder / f"{port}.log").open("ab")
                with log:
                    process = subprocess.Popen(self.command(port), stdout=log, stderr=log, cwd=HERE / "cluster")
                wait_for_port(port, process)
                self._processes[port] = process

    def kill(self, port: int) -> None:
        """As a power cut would."""
        process = self._processes.pop(port)
        process.kill()
        process.wait()

    @property
    def live(self) -> list[int]:
        """The ports that are answered, as a load balancer would know."""
        return list(self._processes)

    @property
    def memory_mb(self) -> float:
        return sum(resident_mb(process) for process in self._processes.values())

    @property
    def cpu_s(self) -> float:
        return sum(cpu_s(process) for process in self._processes.values())

    def stop(self) -> None:
        for port in list(self._processes):
            self.kill(port)


class Mosquitto(Broker):
    """One node. It keeps what is retained over a restart, as a home's does, but a killed one may have forgotten some."""

    name = "mosquitto"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ports = [free_port()]
        lines = ["user root", "allow_anonymous true", f"listener {self.ports[0]} 127.0.0.1", "max_queued_messages 0"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def command(self, port: int) -> list[str]:
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        if program is None:
            raise SystemExit("mosquitto is not installed: sh scripts/ensure-system mosquitto")
        return [program, "-c", str(self.folder / "mosquitto.conf")]


class Aedes(Broker):
    """Two nodes of aedes (JavaScript), with redis between them. `scripts/ensure-cluster` installs both."""

    name = "aedes, two nodes"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ports = [free_port(), free_port()]
        self.redis_port = free_port()
        program = shutil.which("redis-server")
        if program is None or not (HERE / "cluster" / "node_modules").is_dir():
            raise SystemExit("the cluster is not installed: sh scripts/ensure-cluster")
        self._redis = subprocess.Popen(
            [program, "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            stdout=subprocess.DEVNULL,
        )
        wait_for_port(self.redis_port, self._redis)

    def command(self, port: int) -> list[str]:
        return ["node", "broker.mjs", str(port), str(self.redis_port)]

    @property
    def memory_mb(self) -> float:
        return super().memory_mb + resident_mb(self._redis)

    @property
    def cpu_s(self) -> float:
        return super().cpu_s + cpu_s(self._redis)

    def stop(self) -> None:
        super().stop()
        self._redis.kill()
        self._redis.wait()


KINDS: dict[str, type[Broker]] = {"mosquitto": Mosquitto, "aedes": Aedes}
