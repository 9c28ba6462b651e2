"""Something in the network that announces itself by mDNS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.needs import need_module

ADDRESS = "192.0.2.7"


@contextmanager
def announced(*services: tuple[str, str, int]) -> Iterator[None]:
    """Each is a service type, a name and a port; all are said to be at `ADDRESS`."""
    need_module("zeroconf")
    from zeroconf import ServiceInfo, Zeroconf

    def announce() -> Zeroconf:
        announcer = Zeroconf()
        for kind, name, port in services:
            address = bytes(map(int, ADDRESS.split(".")))
            announcer.register_service(
                ServiceInfo(kind, f"{name}.{kind}", port, addresses=[address], server="house.local.")
            )
        return announcer

    with ThreadPoolExecutor(
        1
    ) as thread:  # a browser's test has an event loop in its own, which zeroconf would take for its own
        announcer = thread.submit(announce).result()
        try:
            yield
        finally:
            thread.submit(announcer.close).result()
