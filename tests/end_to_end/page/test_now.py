"""The view *Now* in a real browser, on the real daemon: every control does what it says and comes back over MQTT."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from mien_models.labels import AFFECT
from tests.browser import opened
from tests.end_to_end.page.shown import BEYOND_THE_SCREEN, ID, OVERLAPS, Home
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TROUBLE = (
    "no sound card can be opened: ALSA: Couldn't open audio device: No such file or directory; "
    "`aplay -L` lists what the system knows"
)


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
    page.wait_for_selector("a[href='#live']", state="visible")  # the page asks first whether it may be seen
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


def test_words_for_the_screen_are_shown_as_words(page: Page, home: Home) -> None:
    from playwright.sync_api import expect

    words = "<img src=x onerror=alert(1)> Dinner\nis ready"
    home.say("message", words)
    expect(page.locator("#screen")).to_have_text(words)
    assert page.locator("#screen img").count() == 0
    home.say("message", "")
    expect(page.locator("#screen")).to_be_hidden()


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
