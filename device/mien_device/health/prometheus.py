"""Figures for Prometheus on http://127.0.0.1:PORT/metrics; only if a port is configured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mien_models.errors import ConfigError

LOOPBACK = "127.0.0.1"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
READ_S = 5.0
"""A client that does not finish its request in this time is hung up on."""

COUNTERS = frozenset({"frames_dropped"})
"""Figures that only ever grow; the others go up and down."""

Figures = Mapping[str, float | None]


def exposition(figures: Figures) -> str:
    """The text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats): one metric a figure.

    A figure that is None has no line.
    """
    lines: list[str] = []
    for name, value in figures.items():
        if value is not None:
            metric, kind = (f"mien_{name}_total", "counter") if name in COUNTERS else (f"mien_{name}", "gauge")
            lines += [f"# TYPE {metric} {kind}", f"{metric} {float(value):.10g}"]
    return "\n".join(lines) + "\n"


class PrometheusEndpoint:
    """Answers in threads of its own between `start` and `close`."""

    def __init__(self, port: int, figures: Callable[[], Figures]) -> None:
        """Take the port of the loopback address.

        Raises:
            ConfigError: the port is not free.

        """

        class Handler(BaseHTTPRequestHandler):
            timeout = READ_S

            def do_GET(self) -> None:
                if self.path != "/metrics":
                    self.send_error(404)
                    return
                body = exposition(figures()).encode()
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Nothing: a scrape every few seconds is no news."""

        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        except OSError as error:
            raise ConfigError(
                f"'health.prometheus_port': port {port}: {error.strerror}; choose another, or take it out"
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="mien-prometheus", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and give the port back."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
