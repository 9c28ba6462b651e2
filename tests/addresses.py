"""Addresses of this machine from which a request does not come from the loopback one."""

from __future__ import annotations

import socket

import pytest


def other_address() -> str:
    """Of this machine in its network; skips the test where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: the kernel only says which way it would go
            address = str(probe.getsockname()[0])
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        pytest.skip("this machine has no address beside the loopback one")
    return address
