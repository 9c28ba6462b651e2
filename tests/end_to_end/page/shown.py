"""What the tests of the page share: the device that is shown, the home beside it, and questions to the browser."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.device import toml
from tests.listener import Listener
from tests.mosquitto import Mosquitto
from tests.waiting import wait_until

ID = "shown"
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


def config(broker: Mosquitto, folder: Path, port: int) -> str:
    return toml(
        camera={"source": "demo"},
        music={"folder": folder / "tunes", "player": "null", "volume": 60},
        mqtt={"host": "127.0.0.1", "port": broker.port, "device_id": ID},
        page={"port": port, "live": True},
    )
