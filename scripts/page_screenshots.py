"""Pictures of the page for docs/page/: `make screenshots`.

The real daemon with the demo's camera and tunes, a library of tones under invented names, and an invented week; Chromium at three sizes, in
both themes.
"""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from mutagen.flac import FLAC

from mien_device import clock
from mien_device.demo.tunes import write_tunes
from mien_device.history import Minute, Play
from mien_device.history.store import History
from mien_models.labels import AFFECT, Emotion
from tests.browser import SIZES, THEMES, browser
from tests.end_to_end.device import Device, toml
from tests.end_to_end.library import stock
from tests.mosquitto import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parents[1] / "docs" / "page"
QUALITY = 82
FIRST = ("Amber", "Quiet", "Paper", "Silver", "Northern", "Slow", "Hidden", "Velvet", "Electric", "Golden")
SECOND = (
    "River",
    "Engine",
    "Garden",
    "Letters",
    "Harbour",
    "Lanterns",
    "Mirror",
    "Rain",
    "Orchard",
    "Signals",
    "Tide",
    "Moon",
)
ARTISTS = ("The Demos", "Ada Fern", "Quartet Nine", "Low Sun", "Mara Linde")
TOUCH = (800, 480)
"""The Raspberry Pi's own touch display."""
PRESENCE = {7: 0.7, 8: 0.8, 9: 0.1, 12: 0.5, 13: 0.4, 17: 0.5, 18: 0.9, 19: 0.95, 20: 0.9, 21: 0.8, 22: 0.4}
"""How likely somebody is in view, by hour."""
USUAL = np.log([0.04, 0.01, 0.03, 0.38, 0.12, 0.07, 0.35])
"""Of the seven moods."""
MOODS = {"phone": "Happy", "kiosk": "Surprised", "wall": "Angry"}
"""Which of the demo's scenes is waited for."""


def main() -> int:
    from playwright.sync_api import expect

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        write_tunes(folder / "tunes")
        write_songs(folder / "songs")
        settings = toml(
            camera={"source": "demo"},
            music={"player": "null", "folder": folder / "tunes"},
            page={"port": port, "live": True},
        )
        device = Device(folder, settings)
        stock(device, folder / "songs")
        write_past(device.state)
        address = f"http://127.0.0.1:{port}/"
        with device, browser() as chromium:
            wait_until(lambda: "page: http" in device.log, lambda: device.log)
            spread_songs(address)
            for size, (width, height) in SIZES.items():
                for theme in THEMES:
                    picture = view(chromium, address, width, height, theme)
                    word = picture.locator("#mood-word")
                    expect(word).not_to_have_text(MOODS[size], timeout=90_000)  # the scene's beginning, not its end
                    expect(word).to_have_text(MOODS[size], timeout=90_000)
                    save(picture, f"now-{size}-{theme}")
            library = view(chromium, f"{address}#library", *SIZES["kiosk"], "dark")
            library.locator("#list button").nth(4).click()
            save(library, "library")
            history = view(chromium, f"{address}#history", *SIZES["kiosk"], "light")
            history.get_by_role("button", name="Earlier").click()
            save(history, "history")
            live = view(chromium, f"{address}#live", *SIZES["kiosk"], "light")
            live.locator(".face").get_by_text("%").first.wait_for(timeout=60_000)
            save(live, "live")
            touch = view(chromium, f"{address}#now", *TOUCH, "light")
            expect(touch.locator("#mood-word")).not_to_have_text("…", timeout=60_000)
            save(touch, "now-touch")
            setup = view(chromium, f"{address}#setup", *SIZES["kiosk"], "dark")
            expect(setup.locator("#advice")).to_contain_text("Good", timeout=90_000)
            expect(setup.locator("#checks-sum")).to_contain_text("must be mended", timeout=90_000)
            save(setup, "setup")
            device.terminate()
    return 0


def view(chromium: Browser, address: str, width: int, height: int, theme: str) -> Page:
    page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
    page.goto(address)
    return page


def save(page: Page, name: str) -> None:
    page.wait_for_timeout(2500)  # lights and shape have come to rest
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=QUALITY)
    sys.stdout.write(f"wrote {FOLDER / name}.jpg\n")
    page.close()


def ask(address: str, body: object = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    kind, method = {"Content-Type": "application/json"}, "GET" if data is None else "PUT"
    request = urllib.request.Request(address, data, kind, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return dict(json.load(answer))


def write_songs(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number, (first, second) in enumerate((a, b) for a in FIRST for b in SECOND):
        path = folder / f"{first} {second}.flac"
        soundfile.write(path, 0.1 * rng.standard_normal(8000), 8000)
        tags = FLAC(path)
        tags.update({"title": f"{first} {second}", "artist": ARTISTS[number % len(ARTISTS)], "album": "Sketches"})
        tags.save()


def write_past(folder: Path) -> None:
    """A week of mornings and evenings, in which one song is followed by brighter faces."""
    rng = np.random.default_rng(3)
    places = np.array([AFFECT[emotion] for emotion in Emotion])
    now = clock.now() // 60 * 60
    minutes, plays, mean = [], [], np.zeros(7)
    for at in np.arange(now - 7 * 86_400, now, 60).tolist():
        hour = datetime.fromtimestamp(at, UTC).astimezone().hour
        if rng.random() > PRESENCE.get(hour, 0):
            continue
        mean = 0.9 * mean + 0.1 * rng.normal(0, 0.9, 7)
        shares = np.exp(USUAL + mean)
        seconds = rng.uniform(25, 58) * shares / shares.sum()
        minutes.append(
            Minute(at, rng.uniform(58, 60), seconds.tolist(), *(seconds @ places).tolist(), int(rng.integers(1, 3)))
        )
        if rng.random() < 0.2:
            title = f"{rng.choice(FIRST)} {rng.choice(SECOND[:2])}"
            before, rise = rng.normal(0.1, 0.15), rng.normal(0.25 if title == "Amber River" else 0.03, 0.12)
            mode = str(rng.choice(["follow", "lift", "calm"]))
            artist = ARTISTS[len(title) % len(ARTISTS)]
            plays.append(Play(at, title, artist, mode, rng.uniform(90, 250), before, before + rise))
    history = History(folder)
    history.write(minutes, plays)
    history.close()


def spread_songs(address: str) -> None:
    """Somebody placed them all over the plane: the analyser that makes answers up hears one tone like the other."""
    rng = np.random.default_rng(2)
    for song in ask(f"{address}api/songs")["data"]["songs"]:
        valence, arousal = np.clip(rng.normal(0, 0.45, 2), -0.95, 0.95).round(2).tolist()
        ask(f"{address}api/songs/{song['id']}/place", {"valence": valence, "arousal": arousal})


if __name__ == "__main__":
    sys.exit(main())
