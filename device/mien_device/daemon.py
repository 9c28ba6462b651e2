"""The daemon: starts what `wiring.py` joined, waits, and stops everything in reverse."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from mien_device.config import Config
from mien_device.config.load import read_password, read_token
from mien_device.folders import state_folder
from mien_device.health import notify
from mien_device.loops.crew import Crew
from mien_device.parts import Parts, build_parts
from mien_device.signals import reload_on_signal, stop_on_signals
from mien_device.state import Memory
from mien_device.upkeep.inuse import in_use
from mien_device.upkeep.restore import finish_interrupted
from mien_device.wiring import Wiring
from mien_models.errors import RestartError

log = logging.getLogger(__name__)

STOP_S = 2.0
"""Seconds that the loops have to end before they are left behind and named."""

LONGEST_REASON = 200


class Daemon:
    """mien from camera to music and MQTT. `run` starts the loops, waits, and stops everything in reverse."""

    def __init__(
        self,
        config: Config,
        parts: Parts,
        password: str | None,
        folder: Path,
        memory: Memory | None = None,
        load: Callable[[], Config] | None = None,
        token: str | None = None,
    ) -> None:
        """Put it together; nothing runs yet.

        Args:
            config: the settings.
            parts: see `build_parts`.
            password: the broker's.
            folder: for what outlives a restart.
            memory: what is kept there; None: read it.
            load: reads the settings again, for `reload`; None: they stay as they are.
            token: what other devices must know to see the page.

        Raises:
            ConfigError: the settings of broker or page contradict each other or name a file that cannot be used.

        """
        self._parts = parts
        self._memory = memory or Memory(folder)
        self._stop = threading.Event()
        self._wiring = Wiring(
            config, parts, password, token, folder, self._memory, load or (lambda: config), self._stop
        )

    def run(self, seconds: float | None = None) -> None:
        """Run until `stop`, a failure, the end of the source, or for `seconds`.

        Raises:
            MienError: the first failure that ended a loop.
            RestartError: the home asked for a restart.

        """
        log.info("camera %s, finder %s, model %s", self._parts.camera_name, self._parts.finder.name, self._parts.model)
        log.info("player: %s; home: %s", self._parts.player.name, self._wiring.publisher.name)
        crew = Crew(self._stop)
        self._start(crew)
        try:
            self._stop.wait(seconds)
        finally:
            self._end(crew)
        crew.raise_failure()
        if self._wiring.orders.restart_wanted:
            raise RestartError("the home asked for a restart")

    def reload(self) -> None:
        """Read the configuration again. From any thread."""
        notify.reloading()
        self._wiring.reloader.reload()
        notify.ready()

    def stop(self) -> None:
        """Ask `run` to end. From any thread or a signal handler."""
        self._stop.set()

    def _start(self, crew: Crew) -> None:
        """First everybody says where things stand, then the home is told, then the loops begin."""
        wiring = self._wiring
        for loop in wiring.loops.values():
            loop.greet()
        wiring.orders.greet()
        wiring.publisher.start(wiring.introduction.begin())
        if wiring.endpoint is not None:
            wiring.endpoint.start()
        for name, loop in wiring.loops.items():
            crew.start(name, loop.run)
        notify.ready()

    def _end(self, crew: Crew) -> None:
        """Wake whoever waits, wait for the loops, then say goodbye with all that they still said."""
        wiring = self._wiring
        notify.stopping()
        self._stop.set()
        wiring.capture.close()
        wiring.frames.close()
        wiring.moods.close()
        if wiring.updates is not None:
            wiring.updates.close()
        crew.join(STOP_S)
        self._parts.ladder.close()
        if wiring.updates is not None:
            wiring.updates.end(crew.failure)
        if wiring.endpoint is not None:
            wiring.endpoint.close()
        self._memory.save()  # who waits for it is still answered
        wiring.publisher.close(self._reason(crew))
        self._memory.close()  # with what the home said until it was told goodbye

    def _reason(self, crew: Crew) -> str:
        """Why the daemon stops, in a few words for the home."""
        if crew.failure is not None:
            return f"failed: {crew.failure}"[:LONGEST_REASON]
        return "restart" if self._wiring.orders.restart_wanted else "stopped"


def run_daemon(load: Callable[[], Config], seconds: float | None = None) -> int:
    """`mien run`: build, run until a signal, return the exit code. `load` reads the settings, now and at every SIGHUP.

    Raises:
        MienError: what stopped it.

    """
    folder = state_folder()
    with in_use(folder):
        finish_interrupted(folder)
        config, memory = load(), Memory(folder)
        # Before all else takes its seconds: a SIGHUP that nobody expects ends the process.
        asked = threading.Event()
        signal.signal(signal.SIGHUP, lambda *_: asked.set())
        with contextlib.ExitStack() as opened:
            parts = build_parts(config, memory.remembered)
            opened.callback(parts.jukebox.close)
            token = read_token(config.page) if config.page.enabled else None
            daemon = Daemon(config, parts, read_password(config.mqtt), folder, memory, load, token)
            opened.pop_all()  # what runs closes its own parts
        with stop_on_signals(daemon.stop), reload_on_signal(daemon.reload):
            if asked.is_set():
                daemon.reload()
            daemon.run(seconds)
    return 0
