"""Talking to systemd: sd_notify(3) without a library. Everything is a no-op where systemd is not."""

from __future__ import annotations

import logging
import os
import socket
import time

log = logging.getLogger(__name__)


def ready() -> None:
    """The service is up."""
    _notify("READY=1")


def reloading() -> None:
    """The settings are read again; `ready` follows (sd_notify(3) wants the time with it)."""
    _notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def alive() -> None:
    """Feed the watchdog. To be called by the loop whose life it is, never by a timer beside it."""
    _notify("WATCHDOG=1")


def stopping() -> None:
    """The service is going down on purpose."""
    _notify("STOPPING=1")


def _notify(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket: it has no file
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            # A full queue must not stop the loop that reports that it is alive; systemd forgives a lost ping.
            channel.setblocking(False)
            channel.sendto(message.encode(), address)
    except OSError as error:
        log.debug("systemd was not told %s: %s", message, error)
