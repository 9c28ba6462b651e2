"""The page's history and "I feel different", in a real browser on the real daemon with a real broker."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mien_device.demo.tunes import write_tunes
from mien_device.history import SEVEN, Minute, Play
from mien_device.history.store import FILE, History
from tests.browser import SIZES, THEMES, browser, opened, violations
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port, require_mosquitto
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DAY_S = 86_400
SIZE = {"width": 1280, "height": 720}
HELPED = '=Amber, "River"'
"""A title that a table must quote, and that must be no formula in it."""


def past() -> tuple[list[Minute], list[Play]]:
    """A week: two hours of every day, three quarters of them happy and a quarter sad; a song that brightens faces."""
    minutes, plays = [], []
    noon = time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1)) - DAY_S / 2
    for day in range(7):
        for number in range(120):
            moods = [0.0] * SEVEN
            moods[3 if number < 90 else 4] = 48.0
            minutes.append(Minute(noon - day * DAY_S + 60 * number, 60.0, moods, 48 * 0.3, 48 * 0.2, 1))
        plays.append(Play(noon - day * DAY_S, HELPED, "Band", "lift", 200.0, -0.2, 0.3))
        plays.append(Play(noon - day * DAY_S + 300, "Plain", "", "calm", 200.0, 0.2, 0.15))
    return minutes, plays


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("past")
    write_tunes(folder / "tunes")
    return folder


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Mosquitto]:
    require_mosquitto()
    with Mosquitto(folder) as broker:
        yield broker


@pytest.fixture(scope="module")
def home(broker: Mosquitto) -> Iterator[Listener]:
    with Listener(broker.port, topics="mien/past/#") as ears:
        yield ears


@pytest.fixture(scope="module")
def device(broker: Mosquitto, folder: Path, home: Listener) -> Iterator[Device]:
    text = toml(
        camera={"source": "demo"},
        music={"folder": folder / "tunes", "player": "null", "mode": "shuffle"},
        mqtt={"host": "127.0.0.1", "port": broker.port, "device_id": "past"},
        page={"port": free_port()},
    )
    device = Device(folder, text)
    history = History(device.state)
    history.write(*past())
    history.close()
    with device:
        home.wait_for("mien/past/now_playing/state", timeout_s=60)
        yield device
        assert device.terminate()[0] == 0, device.log
        assert "Traceback" not in device.log
    kept = History(device.state)
    assert sum(minute.seen_s for minute in kept.minutes(0, 1e11)) > 0, "what was seen last was written at the end"


@pytest.fixture(scope="module")
def address(device: Device) -> str:
    wait_until(lambda: "page: http" in device.log, lambda: device.log)
    return device.log.partition("page: ")[2].partition("\n")[0]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as chromium:
        yield chromium


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with opened(chromium, f"{address}#history", viewport=SIZE) as page:
        page.wait_for_function("() => document.getElementById('said').textContent")
        yield page


def told(page: Page, query: str = "") -> dict[str, object]:
    answer: dict[str, object] = page.evaluate(f"async () => (await (await fetch('/api/history{query}')).json()).data")
    return answer


def test_a_day_is_told_in_words_pictures_and_a_table(page: Page) -> None:
    from playwright.sync_api import expect

    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#said")).to_have_text(
        "Somebody was in view for 2 h; they looked mostly happy (75\u00a0%), rather pleasant on the whole."
    )
    expect(page.locator("#legend li")).to_have_text(["Happy75\u00a0% · 1 h 12 min", "Sad25\u00a0% · 24 min"])
    assert page.locator("#curve circle").count() == 8, "one a quarter of an hour"
    page.set_viewport_size({"width": 320, "height": 568})
    assert page.locator("#legend li").first.evaluate(
        "e => { const [, word, share] = e.children; word.textContent = 'Surprised'; share.textContent = '60 % · 113 h 54 min';"
        " return word.offsetHeight === e.parentNode.lastChild.children[1].offsetHeight; }"
    ), "no word is broken"
    page.set_viewport_size(SIZE)
    assert page.locator("#columns rect title").all_text_contents() == [
        "Happy, 12–13 h",
        "Not to be read, 12–13 h",
        "Happy, 13–14 h",
        "Sad, 13–14 h",
        "Not to be read, 13–14 h",
    ]
    tall = page.locator("#columns rect").evaluate_all("all => all.map(e => e.getBBox().height)")
    assert tall[0] / tall[1] == pytest.approx(4, rel=0.2), "48 s of a minute were read"
    page.get_by_text("As a table").click()
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_have_text("13–14 h1 hhappy 50 %, sad 50 %0.30")
    page.get_by_role("button", name="Later").click()
    expect(page.locator("#date")).to_contain_text("Today, ")
    expect(page.get_by_role("button", name="Later")).to_be_disabled()


def test_a_week_has_a_column_a_day(page: Page) -> None:
    from playwright.sync_api import expect

    page.get_by_role("button", name="Week").click()
    expect(page.get_by_role("button", name="Week")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#said")).to_contain_text("mostly happy")
    page.get_by_role("button", name="Earlier").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#date")).to_contain_text("–")
    page.get_by_text("As a table").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.get_by_role("button", name="Earlier")).to_be_disabled()


def test_a_time_is_looked_at_with_the_keyboard_and_the_pointer(page: Page) -> None:
    from playwright.sync_api import expect

    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#said")).to_contain_text("2 h")
    slider = page.get_by_role("slider", name="Look at a time")
    words = "13:45–14:00: somebody in view for 15 min, mostly sad (100\u00a0%), rather pleasant"
    expect(slider).to_have_attribute("aria-valuetext", words)
    expect(page.locator("#readout")).to_have_text(words)
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#readout")).to_have_text("14:00–14:15: nobody was seen")
    page.keyboard.press("Home")
    expect(page.locator("#readout")).to_contain_text("00:00–00:15")
    box = page.locator("#columns").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 12.6 / 24, box["y"] + box["height"] / 2)
    expect(page.locator("#readout")).to_contain_text("12:30–12:45: somebody")


def test_what_helped_is_told_with_counts_and_without_a_promise(page: Page) -> None:
    from playwright.sync_api import expect

    helped = page.locator("#helped li")
    expect(helped.nth(0)).to_have_text(f"{HELPED} · Bandmore pleasant after 7 of 7 times (+0.50)")
    expect(helped.nth(1)).to_have_text("Mode: Liftmore pleasant after 7 of 7 times (+0.50)")
    expect(page.locator("#helped-note")).to_contain_text("no proof")


def test_what_is_seen_and_played_now_is_there_without_waiting_for_the_disk(page: Page) -> None:
    """The songs are those of the folders, which no library knows."""
    wait_until(lambda: told(page)["played"], lambda: str(told(page)))
    assert told(page)["played"][0]["mode"] == "shuffle"  # type: ignore[index]
    assert told(page)["total"]["seen_s"] > 1  # type: ignore[index]


def test_while_the_camera_is_off_no_mood_is_noted(page: Page, home: Listener) -> None:
    home.publish("mien/past/camera/set", "OFF")
    home.wait_for("mien/past/camera/state", "OFF")
    home.wait_for("mien/past/presence/state", "OFF")
    before = told(page, "?days=7")["total"]
    time.sleep(3)
    assert told(page, "?days=7")["total"] == before
    home.publish("mien/past/camera/set", "ON")
    wait_until(lambda: told(page, "?days=7")["total"] != before, lambda: str(before))


@pytest.mark.parametrize("kind", ["moods", "songs"])
def test_tables_are_saved(page: Page, tmp_path: Path, kind: str) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Save {kind} (CSV)").click()
    assert download.value.suggested_filename == f"mien-{kind}.csv"
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[0] == "begins"
    if kind == "songs":
        assert [f"'{HELPED}", "Band", "lift"] in [row[1:4] for row in rows]
    else:
        assert len(rows) >= 7 * 120


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_for_axe_and_nothing_beyond_the_edge(
    chromium: Browser, address: str, size: str, theme: str
) -> None:
    width, height = SIZES[size]
    with opened(
        chromium, f"{address}#history", viewport={"width": width, "height": height}, color_scheme=theme
    ) as page:
        page.wait_for_function("() => document.getElementById('said').textContent")  # its module is there to be clicked
        page.get_by_role("button", name="Week").click()
        page.get_by_text("As a table").click()
        page.wait_for_function("() => document.querySelectorAll('#rows tr').length >= 7")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
        page.get_by_role("button", name="Erase …").click()
        assert violations(page) == []


def test_a_word_of_ones_own_is_followed_shown_and_taken_back(chromium: Browser, address: str, home: Listener) -> None:
    from playwright.sync_api import expect

    def now_playing() -> str:
        return str(json.loads(home.received("mien/past/now_playing/state")[-1])["why"])

    def feeling() -> str:
        return str(json.loads(home.received("mien/past/feeling/state")[-1])["feeling"])

    home.publish("mien/past/mode/set", "follow")
    with opened(chromium, address, viewport=SIZE) as page:
        page.get_by_role("button", name="I feel different").click()
        expect(page.locator("#feelings")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(page.locator("#feelings")).to_be_hidden()
        page.get_by_role("button", name="I feel different").click()
        page.locator("#words").get_by_role("button", name="Afraid").click()
        wait_until(lambda: feeling() == "fear", feeling)
        expect(page.locator("#felt")).to_have_text("You said: afraid · 15 min")
        wait_until(lambda: now_playing().endswith("because you said you feel afraid."), now_playing)
        expect(page.locator("#why")).to_contain_text("because you said you feel afraid")
        for width, height in ((800, 480), (1024, 600), (1280, 720)):
            with opened(chromium, address, viewport={"width": width, "height": height}) as other:
                expect(other.locator("#felt")).to_contain_text("afraid")  # everybody who looks is told
                expect(other.locator("#title")).not_to_have_text("Nothing plays")
                assert other.evaluate("() => document.documentElement.scrollHeight <= innerHeight"), "all on one screen"
        page.get_by_role("button", name="Take it back").click()
        wait_until(lambda: feeling() == "none", feeling)
        expect(page.locator("#felt")).to_have_text("")
        assert page.evaluate("() => document.activeElement.id") == "feel", "the keyboard is not lost"
        home.publish("mien/past/feeling/set", "sad")
        expect(page.locator("#felt")).to_contain_text("You said: sad")
        home.publish("mien/past/feeling/set", "none")
        expect(page.locator("#felt")).to_have_text("")
    home.publish("mien/past/mode/set", "shuffle")


def test_erased_is_erased_after_asking(page: Page, device: Device) -> None:
    from playwright.sync_api import expect

    file = device.state / FILE
    assert HELPED.encode() in file.read_bytes()
    page.get_by_role("button", name="Erase …").click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()  # Enter twice erases nothing
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert len(told(page, "?days=7")["slots"]) > 7  # type: ignore[arg-type]
    page.get_by_role("button", name="Erase …").click()
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("alert")).to_have_text("The history is erased.")
    expect(page.locator("#helped-note")).to_contain_text("Too little to tell")
    expect(page.get_by_role("button", name="Earlier")).to_be_disabled()
    assert HELPED.encode() not in file.read_bytes()
    assert told(page)["total"]["seen_s"] < 30  # type: ignore[index]
    # And it goes on; the device's end writes this down.
    wait_until(lambda: told(page)["total"]["seen_s"] > 2, lambda: str(told(page)))  # type: ignore[index]
