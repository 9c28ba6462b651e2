"""What the page costs the frame loop, and how soon it is there.

    python benchmarks/page.py [--seconds 3] [--rounds 6] [--json]

The real daemon on one core, with a camera that is faster than its loop and a face that moves, so that the loop loses whatever
others take. Its rate is counted in frames a second of processor time that the process was given: what other programs on this machine
do is no part of it, but for what they do to its caches. Measured in turns: one page, fifty, a Setup view, a live view, and nobody, which is
the noise; each between two times with nobody, whose mean it is held against. Beside it the share of the processor's time that the
page's own threads took, by the kernel's account. With nobody looking: which share the loop spends on showing, and on the live view
alone. Each viewer is a connection that asks and reads as a browser does, from another core. Then a real Chromium opens the page: first
paint, when the mood is there, and from a tap to its effect, which came back through the daemon; each also as a ratio to the least
that this browser needs on this machine: to paint a text, and to fetch one.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
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
LOOKS_ON_S = 3.2
"""Whoever looked is forgotten after so long."""
PAINTS = """() => new Promise(done => {
    const look = () => {
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        const there = document.getElementById('mood-word').textContent !== '…';
        if (paint && there) done([paint.startTime, performance.now()]); else setTimeout(look, 5);
    };
    look();
})"""

TEXT_PAINT = """() => new Promise(done => {
    const look = () => {
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        if (paint) done(paint.startTime); else setTimeout(look, 5);
    };
    look();
})"""
TAP = """() => new Promise(done => {
    const button = document.getElementById('pause'), begun = performance.now();
    new MutationObserver((_, watch) => { watch.disconnect(); done(performance.now() - begun); })
        .observe(button, { attributes: true, attributeFilter: ['aria-label'] });
    button.click();
})"""
FETCH = """async () => {
    const begun = performance.now();
    await (await fetch('/api/state')).text();
    return performance.now() - begun;
}"""
OPENINGS, TAPS = 7, 15


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, str(SUBJECT), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as subject:
        os.sched_setaffinity(0, set(cores[1:]) or set(cores))  # the first is the daemon's
        try:
            wait_for(port)
            rates = measure(subject, port, arguments.seconds, arguments.rounds)
            shares = shown_to_nobody(subject, arguments.seconds)
            opening = in_a_browser(port)
        finally:
            assert subject.stdin is not None
            subject.stdin.close()
            subject.wait(30)
    result = {"frame_rate_over_nobody_looking": rates, "share_with_nobody_looking": shares, "browser": opening}
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        for name, rate in rates.items():
            print(
                f"{name:<24}{rate['median']:6.3f}  ({rate['least']:.3f} to {rate['most']:.3f})  page {rate['page_share']:.1%}"
            )
        print(
            f"with nobody looking, of the processor's time: {shares['show_s']:.2%} to show, {shares['live_s']:.3%} for the live view"
        )
        print(f"browser: {opening}")
    return 0


NOBODY = (0, 0, 0)
LOOKS = {
    "one page": (1, 0, 0),
    "fifty pages": (50, 0, 0),
    "a Setup view": (1, 0, 1),
    "a live view": (1, 1, 0),
    "nobody (noise)": NOBODY,
}
"""Streams of events, live views and Setup views."""


def measure(subject: subprocess.Popen[str], port: int, seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """The loop's rate by who looks, over the one with nobody just before and after; and the page's share of the processor."""
    rates: dict[str, list[float]] = {name: [] for name in LOOKS}
    shares: dict[str, list[float]] = {name: [] for name in LOOKS}
    before, _ = look_at(subject, port, seconds, NOBODY)
    for _ in range(rounds):
        for name, looks in LOOKS.items():
            rate, share = look_at(subject, port, seconds, looks)
            after, _ = look_at(subject, port, seconds, NOBODY)
            rates[name].append(2 * rate / (before + after))
            shares[name].append(share)
            before = after
    return {
        name: {"median": statistics.median(found), "least": min(found), "most": max(found)}
        | {"page_share": statistics.median(shares[name])}
        for name, found in rates.items()
    }


def shown_to_nobody(subject: subprocess.Popen[str], seconds: float) -> dict[str, float]:
    """Shares of the processor time that the process was given."""
    time.sleep(LOOKS_ON_S)
    before = ask(subject)
    time.sleep(seconds)
    after = ask(subject)
    given = after["cpu_s"] - before["cpu_s"]
    return {name: (after[name] - before[name]) / given for name in ("show_s", "live_s")}


def look_at(
    subject: subprocess.Popen[str], port: int, seconds: float, looks: tuple[int, int, int]
) -> tuple[float, float]:
    """Frames a second of processor time, and the page's share of that time."""
    with viewers(port, *looks):
        time.sleep(LOOKS_ON_S if looks == NOBODY else SETTLE_S)
        before = ask(subject)
        time.sleep(seconds)
        after = ask(subject)
    given = after["cpu_s"] - before["cpu_s"]
    # Threads for live views come and go with what they had counted.
    return (after["frames"] - before["frames"]) / given, max(0.0, after["page_s"] - before["page_s"]) / given


def ask(subject: subprocess.Popen[str]) -> dict[str, float]:
    assert subject.stdin is not None
    assert subject.stdout is not None
    print(file=subject.stdin, flush=True)
    return dict(json.loads(subject.stdout.readline()))


@contextlib.contextmanager
def viewers(port: int, pages: int, live: int, setups: int) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=watch, args=(port, stop)) for _ in range(pages)]
    threads += [threading.Thread(target=look, args=(port, stop)) for _ in range(live)]
    threads += [threading.Thread(target=set_up, args=(port, stop)) for _ in range(setups)]
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


def set_up(port: int, stop: threading.Event) -> None:
    """A Setup view: where faces lie, four times a second."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    while not stop.wait(0.25):
        connection.request("GET", "/api/setup/framing")
        connection.getresponse().read()
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


def in_a_browser(port: int) -> dict[str, float] | None:
    """Milliseconds and ratios; None without Chromium or playwright."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if path is None:
        return None
    address = f"http://{HOST}:{port}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-dev-shm-usage"])
        paints: list[Any] = []
        texts: list[Any] = []
        for _ in range(OPENINGS):
            for url, script, times in (
                (f"{address}api/openapi.json", TEXT_PAINT, texts),
                (address, PAINTS, paints),
            ):
                context: Any = browser.new_context(viewport={"width": 1280, "height": 720})
                page = context.new_page()  # each with nothing in its cache
                page.goto(url)
                times.append(page.evaluate(script))
                context.close()
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.wait_for_timeout(1500)
        taps = [page.evaluate(TAP) for _ in range(TAPS)]
        fetches = [page.evaluate(FETCH) for _ in range(TAPS)]
        browser.close()
    paint, there = (statistics.median(column) for column in zip(*paints, strict=True))
    text, tap, fetch = (statistics.median(column) for column in (texts, taps, fetches))
    return {
        "first_paint_ms": round(paint),
        "first_paint_over_text": round(paint / text, 2),
        "mood_there_ms": round(there),
        "mood_there_over_text": round(there / text, 2),
        "tap_to_effect_ms": round(tap),
        "tap_over_fetch": round(tap / fetch, 2),
    }


if __name__ == "__main__":
    raise SystemExit(main())
