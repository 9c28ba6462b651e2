"""paho's client, with what it lacks."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode


class PingingClient(Client):
    """Adds two things to paho 2.2.

    It closes the socket of a websocket that did not come about, which paho leaves to the garbage collector. And it sends
    a ping when we ask for it, paho only when the connection has been quiet, and knows when the answered one was sent.
    """

    _raw: socket.socket | None = None
    _pinged: float | None = None
    on_pong: Callable[[float], None] = staticmethod(lambda sent: None)

    def ping(self) -> None:
        """Unless one is on its way already."""
        if self._pinged is None:
            self._send_pingreq()

    def _send_pingreq(self) -> MQTTErrorCode:
        if self._pinged is None:
            self._pinged = time.monotonic()
        return super()._send_pingreq()

    def _handle_pingresp(self) -> MQTTErrorCode:
        if self._pinged is not None:
            self.on_pong(self._pinged)
        self._pinged = None
        return super()._handle_pingresp()

    def _create_socket_connection(self) -> socket.socket:
        self._raw = super()._create_socket_connection()
        return self._raw

    def close_raw(self) -> None:
        if self._raw is not None:
            self._raw.close()
