"""What the page costs the frame loop, and how soon it is there.

    python benchmarks/page.py [--seconds 8] [--rounds 3] [--json]

The real daemon on one core, with a camera that is faster than its loop and a face that moves. Measured is the share of that core which
the page's threads take, by the kernel's account: a loop that wants the whole core loses just that. With nobody looking, with one page
open, with fifty, and with one live view, in turns. Each viewer is a connection that reads the stream of events as a browser does. Then
a real Chromium opens the page: first paint, and the moment at which the mood is there.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUBJECT = Path(__file__).parent / "subjects" / "mien_page.py"
HOST = "127.0.0.1"
START_S = 60.0
SETTLE_S = 1.0
PAINTS = """() => new Promise(done => {
    const look = () => {
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        const there = document.getElementById('mood-word').textContent !== '…';
        if (paint && there) done([paint.startTime, performance.now()]); else setTimeout(look, 5);
    };
    look();
})"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, str(SUBJECT), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as subject:
        try:
            wait_for(port)
            rates = measure(subject, port, arguments.seconds, arguments.rounds)
            opening = first_paint(port)
        finally:
            assert subject.stdin is not None
            subject.stdin.close()
            subject.wait(30)
    result = {"share_of_a_core": rates, "opening_ms": opening}
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        for name, rate in rates.items():
            print(f"{name:<16}{rate:8.2%} of the core")
        print(f"opening: {opening}")
    return 0


def measure(subject: subprocess.Popen[str], port: int, seconds: float, rounds: int) -> dict[str, float]:
    """What the page takes of the core, by who looks: the median of the rounds."""
    looks = {"nobody looks": (0, 0), "one page": (1, 0), "fifty pages": (50, 0), "one live view": (1, 1)}
    found: dict[str, list[float]] = {name: [] for name in looks}
    for _ in range(rounds):
        for name, (pages, live) in looks.items():
            with viewers(port, pages, live):
                time.sleep(SETTLE_S)
                before = ask(subject)
                time.sleep(seconds)
                after = ask(subject)
            found[name].append((after["page_s"] - before["page_s"]) / (after["wall_s"] - before["wall_s"]))
    return {name: statistics.median(rates) for name, rates in found.items()}


def ask(subject: subprocess.Popen[str]) -> dict[str, float]:
    assert subject.stdin is not None
    assert subject.stdout is not None
    print(file=subject.stdin, flush=True)
    return dict(json.loads(subject.stdout.readline()))


@contextlib.contextmanager
def viewers(port: int, pages: int, live: int) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=watch, args=(port, stop)) for _ in range(pages)]
    threads += [threading.Thread(target=look, args=(port, stop)) for _ in range(live)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def watch(port: int, stop: threading.Event) -> None:
    """An open page: the stream of events."""
    with socket.create_connection((HOST, port), timeout=0.5) as connection:
        connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(65536):
                    return


def look(port: int, stop: threading.Event) -> None:
    """A live view: one picture after the other."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    number = 0
    while not stop.is_set():
        connection.request("GET", f"/api/live?after={number}")
        body = connection.getresponse().read()
        if found := body.partition(b'{"number": ')[2]:
            number = int(found.partition(b",")[0])
    connection.close()


def wait_for(port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
            connection.request("GET", "/api/state")
            if "page/mood" in json.loads(connection.getresponse().read())["topics"]:
                return
        time.sleep(0.2)
    sys.exit("the daemon does not answer")


def first_paint(port: int) -> dict[str, float] | None:
    """Of a fresh browser and of one that has the page's files; None without Chromium or playwright."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if path is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-dev-shm-usage"])
        page: Any = browser.new_page(viewport={"width": 1280, "height": 720})
        times = []
        for _ in range(5):
            page.goto(f"http://{HOST}:{port}/")
            times.append(page.evaluate(PAINTS))
        browser.close()
    again = [statistics.median(column) for column in zip(*times[1:], strict=True)]
    names = ("first_paint", "mood_there")
    return {f"{name}_cold": round(value) for name, value in zip(names, times[0], strict=True)} | {
        name: round(value) for name, value in zip(names, again, strict=True)
    }


if __name__ == "__main__":
    raise SystemExit(main())
