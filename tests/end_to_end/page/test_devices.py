"""Devices that lack something, a browser that is not on the device, and requests that nobody should send."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.addresses import other_address
from tests.browser import opened, violations
from tests.end_to_end.device import Device
from tests.end_to_end.page.shown import BEYOND_THE_SCREEN, ID, config
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.needs import need_module
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOKEN = "0123456789abcdef-page"
FIRE = [
    *("--exclude-path", "/api/events", "--phases", "coverage,fuzzing", "--max-examples", "3", "--workers", "4"),
    *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"),
    *("--continue-on-failure", "--no-color", "--suppress-health-check", "all", "--generation-database", "none"),
]
"""Of schemathesis. A stream of events has no end."""


def test_it_says_when_the_device_is_gone_and_comes_back_with_it(
    chromium: Browser, broker: Mosquitto, folder: Path, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    text = config(broker, folder, port := free_port()).replace(ID, "other")
    with Device(tmp_path, text) as device, Listener(broker.port, topics="mien/other/#") as ears:
        ears.wait_for("mien/other/availability", "online")
        with opened(chromium, f"http://127.0.0.1:{port}/") as page:
            expect(page.locator("#title")).not_to_have_text("Nothing plays")
            assert device.terminate()[0] == 0
            expect(page.locator("#link")).to_contain_text("does not answer")
            page.locator("#next").click()
            expect(page.get_by_role("alert")).to_have_text("The device does not answer.")
            page.get_by_role("link", name="Library").click()
            expect(page.locator("#library")).to_be_visible()
            (tmp_path / "again").mkdir()
            with Device(tmp_path / "again", text, home=device.home):
                expect(page.locator("#link")).to_have_text("")
                expect(page.locator("#count")).to_contain_text("songs")
                expect(page.locator("#title")).not_to_have_text("Nothing plays")


def test_a_browser_of_another_device_comes_in_with_the_token(
    chromium: Browser, broker: Mosquitto, folder: Path, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    address, port = other_address(), free_port()
    text = config(broker, folder, port).replace(ID, "shared") + 'host = "0.0.0.0"\n'
    with Device(tmp_path, text, environment={"MIEN_PAGE_TOKEN": TOKEN}) as device:
        wait_until(lambda: "page: http" in device.log, lambda: device.log)
        with opened(chromium, f"http://{address}:{port}/", refused=True) as page:
            page.get_by_label("Token").fill("a wrong one")
            page.get_by_role("button", name="Come in").click()
            expect(page.get_by_label("Token")).to_have_value("")
            page.get_by_label("Token").fill(TOKEN)
            page.get_by_role("button", name="Come in").click()
            expect(page.locator("#title")).not_to_have_text("Nothing plays")
            page.get_by_role("button", name="Pause", exact=True).click()
            expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
        device.terminate()


def test_without_a_camera_the_page_and_the_home_stay(
    chromium: Browser, broker: Mosquitto, folder: Path, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    port = free_port()
    text = config(broker, folder, port).replace(ID, "blind").replace('"demo"', '"opencv:/dev/video63"')
    with Device(tmp_path, text) as device, Listener(broker.port, topics="mien/blind/#") as ears:
        wait_until(lambda: "it is looked for every" in device.log, lambda: device.log)
        health = json.loads(ears.received("mien/blind/health/state")[-1])
        assert health["state"] == "degraded"
        assert "/dev/video63 cannot be opened" in health["reasons"]["camera"]
        with opened(chromium, f"http://127.0.0.1:{port}/") as page:
            expect(page.locator("#mood-detail")).to_have_text("The camera gives no picture.")
            line = page.locator("#ailing-first")
            expect(line).to_have_text("Camera: webcam /dev/video63 cannot be opened")
            line.click()
            expect(page.locator("#ailing-all code")).to_have_text("mien check")
            assert violations(page) == []
            page.get_by_role("button", name="Lift", exact=True).click()
            ears.wait_for("mien/blind/mode/state", "lift")
        assert device.process.poll() is None
        assert device.terminate()[0] == 0


def test_without_music_the_page_says_so(chromium: Browser, broker: Mosquitto, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    port = free_port()
    (tmp_path / "tunes").mkdir()
    text = config(broker, tmp_path, port).replace(ID, "mute")
    with Device(tmp_path, text) as device, Listener(broker.port, topics="mien/mute/#") as ears:
        wait_until(lambda: "page: http" in device.log, lambda: device.log)
        with opened(chromium, f"http://127.0.0.1:{port}/", viewport={"width": 800, "height": 480}) as page:
            why = page.locator("#why")
            expect(page.locator("#title")).to_have_text("Nothing plays")
            expect(why).to_have_text("There is no music for this mood yet. Setup says what is found.")
            assert page.evaluate(BEYOND_THE_SCREEN) == []
            health = json.loads(ears.received("mien/mute/health/state")[-1])
            assert "no music at all; make a folder for each mood" in health["reasons"]["music"]
            expect(page.locator("#ailing-first")).to_contain_text("Music: ")
            page.get_by_role("button", name="Off", exact=True).click()
            ears.wait_for("mien/mute/mode/state", "off")
            expect(why).to_be_hidden()  # as it should be
            wait_until(lambda: "music" not in json.loads(ears.received("mien/mute/health/state")[-1])["reasons"])
        assert device.terminate()[0] == 0


def test_no_request_makes_the_api_fail(broker: Mosquitto, folder: Path, tmp_path: Path) -> None:
    need_module("schemathesis")
    port = free_port()
    with Device(tmp_path, config(broker, folder, port).replace(ID, "fuzzed").replace("live = true", "")) as device:
        with Listener(broker.port, topics="mien/fuzzed/#") as ears:
            ears.wait_for("mien/fuzzed/availability", "online")
        run = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/api/openapi.json", *FIRE],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-6000:]
        assert device.process.poll() is None
        assert "Traceback" not in device.log
