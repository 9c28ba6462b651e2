"""A small MQTT broker inside this process, for `mien demo`: nothing to install, nobody else can reach it."""

from __future__ import annotations

import asyncio
import logging
import threading
from types import TracebackType
from typing import Any

from mien_models.errors import BrokerError, MissingDependencyError

LOOPBACK = "127.0.0.1"
STOP_S = 5.0

_LISTENER = "default"
_CONFIG = {
    # We own the socket and hand connections over: so the port may be any free one.
    "listeners": {_LISTENER: {"type": "external", "bind": LOOPBACK}},
    # Nothing but this one: no $SYS topics, no packet log, no sessions on disk.
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


class DemoBroker:
    """amqtt in a thread with an event loop of its own, listening on the loopback address. MQTT 3.1.1 only."""

    def __init__(self, port: int = 0) -> None:
        """Prepare it; 0 takes any free port, see `port` once it runs."""
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._running = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="mien-demo-broker", daemon=True)

    def __enter__(self) -> DemoBroker:
        """Start, and return when it can be connected to, however long a busy or emulated processor takes for that.

        Raises:
            BrokerError: the port is taken.
            MissingDependencyError: amqtt is not installed.

        """
        self._thread.start()
        self._running.wait()  # set when it runs, and when its thread has failed
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect everyone and end the thread."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._running.is_set():
                raise
            self._error = error  # raised where the broker is started
        finally:
            self._running.set()

    async def _serve(self) -> None:
        amqtt = _import_amqtt()
        broker = amqtt.Broker(_CONFIG)
        await broker.start()
        connections: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            session = broker.external_connected(
                amqtt.StreamReaderAdapter(reader), amqtt.StreamWriterAdapter(writer), _LISTENER
            )
            task = asyncio.ensure_future(session)
            connections[writer] = task

            def end(task: asyncio.Task[None]) -> None:
                connections.pop(writer)
                writer.close()
                if not task.cancelled():
                    task.exception()  # a client that spoke another version, or hung up: no news, and asyncio asks that we look

            task.add_done_callback(end)

        try:
            server = await asyncio.start_server(accept, LOOPBACK, self.port)
            self.port = server.sockets[0].getsockname()[1]
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self._running.set()
            await self._stop.wait()
            # A connection that was accepted in this turn of the loop must reach `accept`: asyncio loses it if its server is
            # closed in between.
            await asyncio.sleep(0.02)
            server.close()
        except OSError as error:
            raise BrokerError(f"the demo's broker: port {self.port}: {error.strerror}; choose another port") from None
        finally:
            await broker.shutdown()
            await _hang_up(connections)


async def _hang_up(connections: dict[asyncio.StreamWriter, asyncio.Task[None]]) -> None:
    """Close what the broker's own shutdown leaves open: clients that connected but never greeted."""
    tasks = list(connections.values())
    for writer in list(connections):
        writer.close()
    if tasks:
        await asyncio.wait(tasks, timeout=1)
    await asyncio.sleep(0.05)  # lets asyncio close the sockets, also those of clients that went just now


def _import_amqtt() -> Any:
    """The module `amqtt.broker`, silenced: it takes 0.2 s and 19 MB, so only the demo pays for it."""
    try:
        import amqtt.broker
    except ImportError as error:
        raise MissingDependencyError(
            f"the demo needs amqtt ({error}); install it with: pip install 'mien[device]'"
        ) from None
    # It warns of every client that goes away without a goodbye.
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    return amqtt.broker
