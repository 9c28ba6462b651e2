from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mosquitto import Mosquitto, require_mosquitto


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Anyone may connect; shared by the tests of one file, so each test takes a device id of its own."""
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("open")) as broker:
        yield broker


@pytest.fixture(scope="module")
def strict_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Wants the password, and has a TLS listener."""
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("strict"), password=True, tls=True) as broker:
        yield broker
