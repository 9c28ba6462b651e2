"""The local page in a real browser, on the real daemon: every control does what it says and comes back over MQTT."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

from mien_device.demo.tunes import write_tunes
from mien_models.labels import AFFECT
from tests.addresses import other_address
from tests.announcer import ADDRESS, OURS, announced
from tests.browser import SIZES, THEMES, browser, opened, violations
from tests.end_to_end.device import Device, toml
from tests.end_to_end.library import stock
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port, require_mosquitto
from tests.needs import need_module
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ID = "shown"
TOKEN = "0123456789abcdef-page"
EDGE = 44
"""Pixels round the plane of songs, as in chart.js."""
FIRE = [
    *("--exclude-path", "/api/events", "--phases", "coverage,fuzzing", "--max-examples", "3", "--workers", "4"),
    *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"),
    *("--continue-on-failure", "--no-color", "--suppress-health-check", "all", "--generation-database", "none"),
]
"""Of schemathesis. A stream of events has no end."""

SAID = "(await (await fetch('/api/songs')).json()).data.songs.find(s => s.corrected).place"
"""Where a person put the only song that was put anywhere."""
TROUBLE = (
    "no sound card can be opened: ALSA: Couldn't open audio device: No such file or directory; "
    "`aplay -L` lists what the system knows"
)
NOT_EMPTY = "e => new Set(e.getContext('2d').getImageData(0, 0, e.width, e.height).data).size > 20"
TOO_SMALL = (
    "() => [...document.querySelectorAll('button, input')].filter(e => e.checkVisibility() && e.offsetHeight < 43)"
    ".map(e => e.id || e.textContent)"
)
BEYOND_THE_SCREEN = """() => [...document.querySelectorAll("button, input, #mood-word, #title, #why")]
    .filter(e => e.checkVisibility())
    .filter(e => { const r = e.getBoundingClientRect(); return r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight; })
    .map(e => e.id || e.textContent)"""
OVERLAPS = """selector => {
    const boxes = [...document.querySelectorAll(selector)].filter(e => e.checkVisibility()).map(e => {
        const range = document.createRange();
        range.selectNodeContents(e);
        return [e.id || e.textContent, e.id === "controls" ? e.getBoundingClientRect() : range.getBoundingClientRect()];
    });
    const found = [];
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
        if (p.left < q.right && q.left < p.right && p.top < q.bottom && q.top < p.bottom) found.push(`${a} on ${b}`);
    }));
    return found;
}"""
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


class Home:
    """The broker's side of it."""

    def __init__(self, ears: Listener) -> None:
        self.ears = ears

    def wait_for(self, topic: str, payload: str) -> None:
        self.ears.wait_for(f"mien/{ID}/{topic}", payload)

    def wait_for_playing(self, title: str, why: str) -> None:
        def playing() -> bool:
            now = json.loads(self.ears.received(f"mien/{ID}/now_playing/state")[-1])
            return (now["title"], now["why"]) == (title, why)

        wait_until(playing, lambda: str(self.ears.received(f"mien/{ID}/now_playing/state")))

    def wait_for_place(self, share: float) -> None:
        """Until the song is said to be there, up to a few seconds before: so long it takes to be heard."""

        def there() -> bool:
            now = json.loads(self.ears.received(f"mien/{ID}/now_playing/state")[-1])
            return bool(0 <= share * now["duration_s"] - now["position_s"] < 1.5)

        wait_until(there, lambda: str(self.ears.received(f"mien/{ID}/now_playing/state")))

    def count(self, topic: str) -> int:
        return len(self.ears.received(f"mien/{ID}/{topic}"))

    def events(self, kind: str) -> int:
        return sum(json.loads(text)["event_type"] == kind for text in self.ears.received(f"mien/{ID}/event"))

    def say(self, thing: str, payload: str) -> None:
        self.ears.publish(f"mien/{ID}/{thing}/set", payload)


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


def config(broker: Mosquitto, folder: Path, port: int) -> str:
    return toml(
        camera={"source": "demo"},
        music={"folder": folder / "tunes", "player": "null", "volume": 60},
        mqtt={"host": "127.0.0.1", "port": broker.port, "device_id": ID},
        page={"port": port, "live": True},
    )


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


def test_the_mood_and_the_music_are_seen(page: Page) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#mood-word")).not_to_have_text("…")
    expect(page.locator("#mood-word")).to_have_text("Happy")  # the demo's scenes come round
    expect(page.locator("#mood-detail")).to_contain_text("one person in view")
    expect(page.locator("#plane")).to_have_attribute("aria-label", "Happy, on the pleasant, lively side; rather sure.")
    expect(page.locator("#title")).to_have_text("Sunny steps")
    expect(page.locator("#why")).to_contain_text("looks happy")
    expect(page.locator("#elapsed")).to_contain_text("0:")
    page.wait_for_function("() => document.getElementById('cover').naturalWidth === 64")
    expect(page.locator("#spoken")).to_contain_text("Sunny steps")


def test_every_control_comes_back_over_mqtt(page: Page, home: Home) -> None:
    from playwright.sync_api import expect

    pause = page.locator("#pause")
    expect(pause).to_have_accessible_name("Pause")
    pause.click()
    home.wait_for("pause/state", "ON")
    expect(pause).to_have_accessible_name("Play")
    home.say("pause", "OFF")
    expect(pause).to_have_accessible_name("Pause")

    skipped = home.events("track_skipped")
    page.get_by_role("button", name="Next song").click()
    page.wait_for_timeout(100)
    home.ears.wait_for(f"mien/{ID}/event", count=home.count("event") + 1)
    assert home.events("track_skipped") > skipped

    volume = page.get_by_role("slider", name="Volume")
    expect(volume).to_have_value("60")
    volume.focus()
    page.keyboard.press("ArrowUp")
    home.wait_for("volume/state", "61")
    page.wait_for_timeout(900)  # whoever holds the slider is not disturbed for so long
    home.say("volume", "17")
    expect(volume).to_have_value("17")

    for name, kind in (("Like this song", "track_liked"), ("Dislike this song", "track_disliked")):
        judged = home.events(kind)
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        wait_until(lambda kind=kind, judged=judged: home.events(kind) > judged, "nobody was told")
        expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(900)
    progress = page.get_by_role("slider", name="How far the song has come")
    box = progress.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    home.wait_for_place(0.5)
    page.keyboard.press("PageUp")
    home.wait_for_place(0.6)
    page.keyboard.press("Home")
    home.wait_for_place(0)
    expect(progress).to_have_attribute("aria-valuetext", re.compile(r"0:0\d of \d:\d\d"))

    for mode in ("Lift", "Calm", "Energise", "Vent", "Shuffle", "Off", "Follow"):
        button = page.get_by_role("button", name=mode, exact=True)
        button.click()
        home.wait_for("mode/state", mode.lower())
        expect(button).to_have_attribute("aria-pressed", "true")

    camera = page.get_by_role("switch", name="Camera")
    expect(camera).to_be_checked()
    camera.click()
    home.wait_for("camera/state", "OFF")
    expect(camera).not_to_be_checked()
    expect(page.locator("#mood-word")).to_have_text("Resting")
    camera.click()
    expect(camera).to_be_checked()


def test_the_keyboard_reaches_every_control_in_order(page: Page) -> None:
    names = []
    for _ in range(28):
        page.keyboard.press("Tab")
        names.append(page.evaluate("() => document.activeElement.ariaLabel ?? document.activeElement.innerText"))
    order = [
        "Past the tabs",
        "Now",
        "Library",
        "History",
        "Live",
        "Camera",
        "I feel different",
        "How far the song has come",
        "Pause",
    ]
    order += ["Next song", "Like this song"]
    assert [name for name in dict.fromkeys(names) if name in order] == order
    assert {"Follow", "Lift", "Calm", "Energise", "Vent", "Shuffle", "Off"} <= set(names)


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


@pytest.mark.parametrize("size", [(800, 480), (1024, 600), (1280, 720)])
def test_on_a_small_display_everything_is_seen_at_once(chromium: Browser, address: str, size: tuple[int, int]) -> None:
    with opened(chromium, f"{address}#now", viewport={"width": size[0], "height": size[1]}) as page:
        page.wait_for_function("() => document.getElementById('mood-word').textContent !== '…'")
        page.wait_for_function("() => document.documentElement.scrollHeight <= innerHeight")
        hidden = page.evaluate(BEYOND_THE_SCREEN)
        assert hidden == []
        assert page.evaluate(OVERLAPS, "#mood-word, #mood-detail, #controls, #marks span:not(.tangled)") == []


@pytest.mark.parametrize("size", [(800, 480), (1024, 600), (1280, 720)])
def test_what_is_wrong_pushes_nothing_off_a_small_display(
    chromium: Browser, address: str, size: tuple[int, int]
) -> None:
    from playwright.sync_api import expect

    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    try:
        page = context.new_page()
        page.add_init_script("delete window.SharedWorker")  # else its stream is not in the test's hands
        with urlopen(f"{address}api/state") as answer:
            known = json.load(answer)["topics"]
        known["feeling/state"]["value"] |= {"feeling": "disgust", "lasts_s": 900}
        known["health/state"]["value"] = {"state": "degraded", "reasons": {"sound": TROUBLE, "disk": TROUBLE}}
        known["now_playing/state"]["value"] |= {
            "why": "Follow: from the surprise music, for a face that looks very surprised."
        }
        known["message/state"]["value"] |= {
            "text": "Dinner is ready in ten minutes,\nand then the film begins at last, at home"
        }
        stream = "".join(f"data: {json.dumps({'topic': topic, **news})}\n\n" for topic, news in known.items())
        page.route("**/api/events", lambda route: route.fulfill(body=stream, content_type="text/event-stream"))
        page.goto(address)
        line = page.locator("#ailing-first")
        expect(line).to_contain_text("Sound: no sound card")
        expect(page.locator("#felt")).to_contain_text("disgusted")
        page.evaluate(
            "() => document.getElementById('link').remove()"
        )  # a stream that was made up ends, and the page says so
        page.wait_for_function("() => document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate(BEYOND_THE_SCREEN) == []
        assert page.evaluate(OVERLAPS, "#mood-word, #felt, #feel, #screen, #ailing-first, #controls") == []
        assert page.evaluate(OVERLAPS, "#mood-word, #felt, #feel, #screen, #ailing-first, #controls") == []
        words = page.locator("#screen")
        one_line = words.bounding_box()
        words.click()
        whole = words.bounding_box()
        assert one_line is not None
        assert whole is not None
        assert one_line["height"] < 40 < whole["height"], "a tap shows all of it"
        line.click()
        expect(page.locator("#ailing-all li").first).to_contain_text("what the system knows")
    finally:
        context.close()


@pytest.mark.parametrize("size", [(320, 256), (320, 568), (640, 360), (800, 480)])
def test_the_words_on_the_plane_do_not_lie_on_each_other(
    chromium: Browser, address: str, size: tuple[int, int]
) -> None:
    with opened(chromium, address, viewport={"width": size[0], "height": size[1]}) as page:
        page.wait_for_function("() => document.getElementById('mood-word').textContent !== '…'")
        assert page.evaluate(OVERLAPS, "#marks span:not(.tangled)") == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        if size[1] > 400:
            assert page.locator("#marks .feeling:not(.tangled)").count() == 7, "and none is missing"


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


def test_words_for_the_screen_are_shown_as_words(page: Page, home: Home) -> None:
    from playwright.sync_api import expect

    words = "<img src=x onerror=alert(1)> Dinner\nis ready"
    home.say("message", words)
    expect(page.locator("#screen")).to_have_text(words)
    assert page.locator("#screen img").count() == 0
    home.say("message", "")
    expect(page.locator("#screen")).to_be_hidden()


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
        expect(other.locator("#live-nobody")).to_be_visible(timeout=60_000)  # the demo's person goes now and then
        assert other.locator(".face").count() == 0
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


def test_who_wants_no_motion_gets_none(chromium: Browser, address: str) -> None:
    count = "window.turns = 0; const ask = requestAnimationFrame; window.requestAnimationFrame = f => { turns++; return ask(f); }"
    turns = {}
    for motion in ("reduce", "no-preference"):
        context = chromium.new_context(reduced_motion=motion)
        page = context.new_page()
        page.add_init_script(count)
        page.goto(address)
        page.wait_for_timeout(2500)
        turns[motion] = page.evaluate("() => turns")
        context.close()
    assert turns["reduce"] < 15, "drawn when there is news only"
    assert turns["no-preference"] > turns["reduce"]


def test_the_page_knows_where_the_feelings_lie(page: Page) -> None:
    places = page.evaluate("async () => (await import('/static/js/plane.js')).PLACES")
    assert {name: tuple(place) for name, place in places.items()} == {str(key): value for key, value in AFFECT.items()}


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
