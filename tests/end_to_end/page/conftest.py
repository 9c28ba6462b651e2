"""The real daemon with a broker and a home beside it, and a browser at its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from mien_device.demo.tunes import write_tunes
from tests.browser import browser, opened
from tests.end_to_end.device import Device
from tests.end_to_end.library import stock
from tests.end_to_end.page.shown import ID, Home, config
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port, require_mosquitto

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music with a cover in the folder of happy songs alone."""
    folder = tmp_path_factory.mktemp("page")
    write_tunes(folder / "tunes")
    picture = np.full((64, 64, 3), (20, 120, 240), np.uint8)
    cv2.imwrite(str(folder / "tunes" / "happy" / "cover.png"), picture)
    return folder


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Mosquitto]:
    require_mosquitto()
    with Mosquitto(folder) as broker:
        yield broker


@pytest.fixture(scope="module")
def address(broker: Mosquitto, folder: Path, home: Home) -> Iterator[str]:
    port = free_port()
    device = Device(folder, config(broker, folder, port))
    stock(device, folder / "tunes")
    with device:
        home.ears.wait_for(f"mien/{ID}/now_playing/state")
        yield f"http://127.0.0.1:{port}/"
        code, _ = device.terminate()
        assert code == 0, device.log
        assert "Traceback" not in device.log


@pytest.fixture(scope="module")
def home(broker: Mosquitto) -> Iterator[Home]:
    with Listener(broker.port, topics=f"mien/{ID}/#") as ears:
        yield Home(ears)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as chromium:
        yield chromium


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with opened(chromium, address, viewport={"width": 1280, "height": 720}) as page:
        yield page
