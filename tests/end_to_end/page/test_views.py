"""The other views in a real browser: live view, songs, setting mien up."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.announcer import ADDRESS, OURS, announced
from tests.browser import SIZES, THEMES, opened, violations
from tests.end_to_end.page.shown import NOT_EMPTY, TOO_SMALL, Home
from tests.mosquitto import Mosquitto, free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EDGE = 44
"""Pixels round the plane of songs, as in chart.js."""
SAID = "(await (await fetch('/api/songs')).json()).data.songs.find(s => s.corrected).place"
"""Where a person put the only song that was put anywhere."""
SHARES = """e => ({
    beyond: [...e.querySelectorAll("dd")].filter(d => d.getBoundingClientRect().right > e.getBoundingClientRect().right).length,
    without: [...e.querySelectorAll(".track")].filter(d => d.clientWidth < 20).length,
})"""
GREY_AND_NOT_EMPTY = """e => {
    const data = e.getContext('2d').getImageData(0, 0, 48, 48).data;
    let grey = true;
    for (let i = 0; i < data.length; i += 4) grey &&= data[i] === data[i + 1] && data[i] === data[i + 2];
    return grey && new Set(data).size > 20;
}"""


@pytest.mark.parametrize(
    ("view", "landing"), [("now", "controls"), ("library", "library-title"), ("history", "history-title")]
)
def test_the_keyboard_gets_past_the_tabs(page: Page, address: str, view: str, landing: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{address}#{view}")
    skip = page.get_by_role("link", name="Past the tabs")
    page.wait_for_function(f"() => !document.getElementById('{view}').hidden")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{landing}")).to_be_focused()
    assert page.url.endswith(f"#{view}"), "and the view is the same"
    page.keyboard.press("Tab")
    assert page.evaluate(f"() => document.activeElement.closest('#{view}') !== null")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_for_axe_and_nothing_beyond_the_edge(
    chromium: Browser, address: str, size: str, theme: str
) -> None:
    width, height = SIZES[size]
    with opened(chromium, address, viewport={"width": width, "height": height}, color_scheme=theme) as page:
        page.wait_for_function("() => document.getElementById('mood-word').textContent !== '…'")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
        assert page.evaluate(TOO_SMALL) == [], "a finger finds it"


def test_the_live_view_shows_the_camera_and_everybody_is_told(
    chromium: Browser, address: str, page: Page, home: Home
) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#watched")).to_have_text("")
    with opened(chromium, address, viewport={"width": 1280, "height": 720}) as other:
        other.get_by_role("link", name="Live").click()
        card = other.locator(".face").first
        expect(card.get_by_role("heading")).to_contain_text("%")
        assert card.locator(".crop").evaluate(GREY_AND_NOT_EMPTY)
        expect(other.locator("#live-nobody")).to_be_hidden()
        assert other.locator("#picture").evaluate(NOT_EMPTY)
        expect(other.locator("#figures")).to_contain_text("frames a second")
        assert violations(other) == []
        assert other.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        other.set_viewport_size({"width": 320, "height": 568})
        assert card.evaluate(SHARES) == {"beyond": 0, "without": 0}, (
            "the numbers are in the card, and the bars have a width"
        )
        other.set_viewport_size({"width": 1280, "height": 720})
        expect(page.locator("#watched")).to_contain_text("somebody sees through the camera")
        home.say("camera", "OFF")
        expect(other.locator("#live-empty")).to_have_text("The camera is switched off.")
        expect(page.locator("#watched")).to_have_text("")
        assert other.locator(".face").count() == 0
        home.say("camera", "ON")
        expect(other.locator("#live-empty")).to_be_hidden()
        expect(page.locator("#watched")).to_contain_text("somebody sees through the camera")
        # The demo's person goes now and then, and may be back before a second question.
        nobody = "() => !document.querySelector('#live-nobody').hidden && !document.querySelector('.face')"
        other.wait_for_function(nobody, timeout=60_000)
        other.get_by_role("link", name="Now").click()
        expect(page.locator("#watched")).to_have_text("")


def test_a_song_is_found_played_liked_and_put_in_its_place(chromium: Browser, address: str, home: Home) -> None:
    from playwright.sync_api import expect

    with opened(chromium, f"{address}#library", viewport={"width": 1280, "height": 720}) as page:
        rows = page.locator("#list button")
        expect(page.locator("#count")).to_contain_text("songs")
        assert rows.count() == 7
        page.get_by_role("searchbox").fill("slammed DOOR")
        expect(rows).to_have_count(1)
        rows.first.click()
        card = page.locator("#chosen")
        expect(card.get_by_role("heading")).to_have_text("Slammed door")

        card.get_by_role("button", name="Play this song").click()
        home.wait_for_playing("Slammed door", "You asked for it.")
        like = card.get_by_role("button", name="Like")
        like.click()
        expect(like).to_have_attribute("aria-pressed", "true")

        expect(card).to_contain_text("as mien hears it")
        pleasant = card.get_by_role("slider", name="unpleasant to pleasant")
        pleasant.focus()
        page.keyboard.press("End")
        expect(card).to_contain_text("as you said")
        page.locator("#search").fill("")
        box = page.locator("#songs").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        place = page.evaluate(f"async () => ({SAID})")
        assert place["valence"] == 1.0
        page.mouse.move(box["x"] + box["width"] - EDGE, middle - place["arousal"] * (box["height"] / 2 - EDGE))
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + EDGE, steps=4)
        page.mouse.up()
        page.wait_for_function(
            f"async () => {{ const p = ({SAID}); return Math.abs(p.valence) < 0.02 && p.arousal > 0.98; }}"
        )

        card.get_by_role("button", name="Back to where mien hears it").click()
        expect(card).to_contain_text("as mien hears it")
        assert violations(page) == []
        page.set_viewport_size({"width": 320, "height": 568})
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_who_sets_mien_up_is_helped(chromium: Browser, address: str, broker: Mosquitto, theme: str) -> None:
    from playwright.sync_api import expect

    options = {"viewport": {"width": 1280, "height": 720}, "color_scheme": theme}
    with opened(chromium, f"{address}#setup", **options) as page:
        expect(page.locator("#advice")).to_contain_text("Good: a face")
        assert page.locator("#frame").evaluate(NOT_EMPTY)
        page.get_by_role("checkbox", name="With the camera's picture").check()
        expect(page.locator("#watched")).to_contain_text("somebody sees through the camera")
        page.get_by_role("checkbox", name="With the camera's picture").uncheck()

        findings = page.locator("#findings li")
        expect(page.locator("#checks-sum")).to_contain_text("Nothing must be mended")
        expect(findings.filter(has_text="accepts us")).to_have_count(1)
        expect(findings.filter(has_text="gives pictures")).to_have_count(1)
        page.get_by_role("button", name="Check again").click()
        expect(page.get_by_role("button", name="Check again")).to_be_enabled()

        expect(page.locator("#stock .share")).to_have_count(7)
        expect(page.locator("#stock-sum")).to_contain_text("7 songs")

        page.get_by_label("Broker").fill("127.0.0.1")
        page.get_by_label("Port").fill(str(free_port()))
        page.get_by_role("button", name="Try it").click()
        expect(page.locator("#verdict")).to_contain_text("connection refused")
        expect(page.locator("#how")).to_be_hidden()
        page.get_by_label("Port").fill(str(broker.port))
        page.get_by_label("Port").press("Enter")
        expect(page.locator("#verdict")).to_have_text("127.0.0.1 lets mien in.")
        lines = page.locator("#lines")
        expect(lines).to_contain_text("[mqtt]")
        assert tomllib.loads(lines.inner_text())["mqtt"] == {"host": "127.0.0.1", "port": broker.port}

        assert violations(page) == []
        page.set_viewport_size({"width": 320, "height": 568})
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
        assert page.evaluate(TOO_SMALL) == [], "a finger finds it"


def test_a_broker_nearby_is_chosen_with_a_tap(chromium: Browser, address: str) -> None:
    from playwright.sync_api import expect

    words = f"<img src=x> in cellar {OURS}"
    with (
        announced(("_mqtt._tcp.local.", words, 1885)),
        opened(chromium, f"{address}#setup") as page,
    ):
        search, found = page.get_by_role("button", name="Look for brokers"), page.get_by_role("button", name=words)

        def seen() -> bool:
            """An announcement can be lost, or late on a busy machine: who misses a broker looks again."""
            search.click()
            expect(search).to_be_enabled(timeout=30_000)
            return found.count() == 1

        wait_until(seen, "the broker is not among the neighbours")
        found.click()
        expect(page.get_by_label("Broker")).to_have_value(ADDRESS)
        expect(page.get_by_label("Port")).to_have_value("1885")
        assert page.locator("#neighbours img").count() == 0
