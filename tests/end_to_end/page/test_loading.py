"""How the page comes into a browser: modules that are late or lost, many tabs, an upgrade."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.browser import opened
from tests.end_to_end.page.shown import Home
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route


def test_a_browser_shares_one_stream_among_its_tabs(chromium: Browser, address: str, home: Home) -> None:
    from playwright.sync_api import expect

    said: list[str] = []
    context = chromium.new_context()
    context.on("console", lambda message: said.append(message.text))
    try:
        tabs = [context.new_page() for _ in range(9)]  # six connections to one server are all that HTTP/1.1 has
        for tab in tabs:
            tab.goto(address)
        for tab in tabs:
            expect(tab.locator("#title")).not_to_have_text("Nothing plays")
        tabs[-1].get_by_role("button", name="Lift", exact=True).click()
        for tab in tabs:
            expect(tab.get_by_role("button", name="Lift", exact=True)).to_have_attribute("aria-pressed", "true")
        tabs[0].close()
        home.say("mode", "follow")
        for tab in tabs[1:]:
            expect(tab.get_by_role("button", name="Follow", exact=True)).to_have_attribute("aria-pressed", "true")
    finally:
        context.close()
    assert said == []


def test_a_browser_without_shared_workers_listens_by_itself(chromium: Browser, address: str) -> None:
    from playwright.sync_api import expect

    context = chromium.new_context()
    try:
        page = context.new_page()
        page.add_init_script("delete window.SharedWorker")
        page.goto(address)
        expect(page.locator("#title")).not_to_have_text("Nothing plays")
    finally:
        context.close()


def test_after_an_upgrade_the_page_begins_anew(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.add_init_script("delete window.SharedWorker")  # else its stream is not in the test's hands
        said = [{"topic": "info", "at": 1, "value": {"version": version}} for version in ("1.0", "1.0", "1.1")]
        stream = "".join(f"data: {json.dumps(news)}\n\n" for news in said)
        page.route("**/api/events", lambda route: route.fulfill(body=stream, content_type="text/event-stream"))
        with page.expect_navigation(url=address):
            page.goto(address)
        with page.expect_navigation(url=address):
            pass  # by itself
    finally:
        context.close()


def test_a_view_takes_no_tap_before_its_module_is_there(chromium: Browser, address: str) -> None:
    """A tap that is lost is worse than one that waits: Playwright, like a person, taps once the button takes it."""
    from playwright.sync_api import expect

    with opened(chromium, address) as page:
        expect(page.locator("#title")).not_to_have_text("Nothing plays")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/js/setup.js", hold)
        page.locator('#pages a[href="#setup"]').click()
        expect(page.locator("#setup")).to_be_visible()
        expect(page.locator("#setup")).to_have_attribute("inert", "")
        wait_until(lambda: page.wait_for_timeout(10) or held, "the module is not asked for")
        held[0].continue_()
        page.get_by_role("button", name="Look for brokers").click()
        expect(page.locator("#home-now")).not_to_be_empty()


def test_a_view_whose_module_was_lost_comes_all_the_same(chromium: Browser, address: str) -> None:
    from playwright.sync_api import expect

    with opened(chromium, address) as page:
        expect(page.locator("#title")).not_to_have_text("Nothing plays")
        page.route("**/js/library.js", lambda route: route.abort(), times=1)
        page.locator('#pages a[href="#library"]').click()
        expect(page.locator("#list button").first).to_be_visible()
        expect(page.locator("#library")).not_to_have_attribute("inert", "")


def test_a_view_whose_module_never_comes_says_so_and_does_not_flicker(chromium: Browser, address: str) -> None:
    from playwright.sync_api import expect

    with opened(chromium, address) as page:
        loads: list[str] = []
        page.on("load", lambda: loads.append(page.url))
        page.route("**/js/library.js", lambda route: route.abort())
        page.locator('#pages a[href="#library"]').click()
        expect(page.locator("#link")).to_contain_text("This view cannot be loaded")
        assert len(loads) <= 2, "that of the beginning, perhaps, and one more"
        page.locator('#pages a[href="#now"]').click()
        expect(page.locator("#link")).to_have_text("")
        expect(page.locator("#now")).not_to_have_attribute("inert", "")
