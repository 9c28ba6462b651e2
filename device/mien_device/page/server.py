"""Listens, in a thread of its own."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections import Counter
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

from mien_device.config import PageConfig
from mien_device.page import Backstage
from mien_device.page.access import Access
from mien_device.page.feed import Feed

if TYPE_CHECKING:
    from uvicorn.server import Server

log = logging.getLogger(__name__)

IDLE_S = 20
"""After so long without a request a connection is closed."""
CLOSE_S = 1.5


class PageServer:
    """Answers between `start` and `close`. Trouble with the page never stops the daemon: it is a line in the log."""

    def __init__(self, config: PageConfig, token: str | None, backstage: Backstage, feed: Feed) -> None:
        """See that the settings fit together; nothing listens yet.

        Raises:
            ConfigError: they do not.

        """
        self._config = config
        self._access = Access.of(config, token)
        self._backstage = backstage
        self._feed = feed
        self._socket: socket.socket | None = None
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._run, name="mien-page", daemon=True)
        self._closing = threading.Event()

    @property
    def address(self) -> str | None:
        """Where the page is; None while nothing listens."""
        if self._socket is None:
            return None
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    @property
    def answers(self) -> bool:
        """Whether the HTTP stack is loaded, so that nobody has to wait."""
        return self._server is not None and self._server.started

    def start(self) -> None:
        """Take the port, and begin to answer once the HTTP stack is loaded."""
        host, port = self._config.host, self._config.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            log.warning(
                "no page: port %d of %s: %s; set page.port, or page.enabled = false", port, host, _reason(error)
            )
            return
        self._thread.start()

    def close(self) -> None:
        """End what is being sent, and give the port back. May be called twice."""
        self._closing.set()
        self._feed.close()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(CLOSE_S)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        listening = self._socket
        assert listening is not None  # noqa: S101 - start took it
        try:
            self._serve(listening)
        except ImportError as error:
            log.warning("no page: %s; install it with: pip install 'mien[device]', or set page.enabled = false", error)
        except Exception:
            log.exception("the page has failed; everything else goes on")
        finally:
            self._socket = None
            listening.close()  # else whoever asks waits for an answer

    def _serve(self, listening: socket.socket) -> None:
        leave_out_command_line()
        from uvicorn.config import Config
        from uvicorn.server import Server

        from mien_device.page.app import make_app
        from mien_device.page.doorman import BACKLOG, Connection

        config = Config(
            make_app(self._backstage, self._feed, self._access),
            loop="asyncio",
            http=partial(Connection, Counter()),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.ERROR,  # a warning for each request that is none would let others fill the journal
            access_log=False,
            proxy_headers=False,  # else whoever sends X-Forwarded-For comes from where they say
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=1,
        )
        server = self._server = Server(config)
        if self._closing.is_set():
            return
        log.info("page: %s", self.address)
        server.run(sockets=[listening])


class _CommandLine(ModuleType):
    """Has whatever is imported from it, and none of it is used."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def leave_out_command_line() -> None:
    """Import uvicorn without its command line: that brings click, multiprocessing and a watcher of files, 2 MB that nobody here uses."""
    sys.modules.setdefault("uvicorn.main", _CommandLine("uvicorn.main"))


def _reason(error: OSError) -> str:
    """Without the address, which Python adds in brackets."""
    return (error.strerror or str(error)).partition(" (while")[0]
