"""A real browser, as a person's: Chromium from the system, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.needs import give_up, need_module
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"phone": (320, 568), "kiosk": (1280, 720), "wall": (3840, 2160)}
THEMES = ("dark", "light")


@contextmanager
def browser() -> Iterator[Browser]:
    """Skips the test where there is none."""
    need_module("playwright")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        give_up("chromium is not installed")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * LIMIT_S)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--disable-dev-shm-usage"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(chromium: Browser, address: str, *, refused: bool = False, **options: Any) -> Iterator[Page]:
    """A page that must say nothing on the console but what a lost connection says, and with `refused` what 401 and 403 do."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        is_refusal = refused and ("status of 401" in message.text or "status of 403" in message.text)
        if message.type in {"error", "warning"} and "net::ERR_" not in message.text and not is_refusal:
            said.append(f"{message.text} ({message.location})")

    context = chromium.new_context(**options)
    try:
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        yield page
        assert said == [], said
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds that is serious for people with a disability."""
    need_module("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
