"""The page over real sockets: what it serves, and what it refuses."""

from __future__ import annotations

import http.client
import logging
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mien_device.config import PageConfig
from mien_device.page import doorman
from mien_device.page.access import COOKIE
from mien_device.page.app import STATIC
from mien_device.page.feed import Feed
from mien_device.page.reading import LARGEST_BODY
from mien_device.page.server import PageServer
from tests.addresses import other_address
from tests.device.page.backstage import Backstage, Served, served
from tests.waiting import LIMIT_S, wait_until

TOKEN = "a token of twenty-six signs"
FAR = {"X-Forwarded-For": "203.0.113.9"}
"""A request that does not come from this device."""


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with served() as page:
        yield page


@pytest.fixture(scope="module")
def shared_page() -> Iterator[Served]:
    """For other devices too, with a token."""
    with served(PageConfig(host="0.0.0.0", port=0), TOKEN) as page:
        yield page


def test_the_page_and_everything_that_it_names_is_served(page: Served) -> None:
    index = page.ask("/")
    assert (index.status, index.headers["content-type"]) == (200, "text/html; charset=utf-8")
    named = re.findall(r'(?:src|href)="(/[^"]*)"', index.body.decode())
    assert len(named) > 4
    for path in named:
        assert page.ask(path).status == 200, path
    types = {path.suffix: page.ask(f"/static/{path.relative_to(STATIC)}").headers["content-type"] for path in files()}
    assert types[".css"].startswith("text/css")
    assert types[".svg"] == "image/svg+xml"
    assert "javascript" in types[".js"]


def files() -> list[Path]:
    return [path for path in STATIC.rglob("*") if path.is_file()]


def test_nothing_comes_from_elsewhere_and_no_script_stands_in_the_page() -> None:
    for path in files():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", re.sub(r"^\s*//.*$", "", text, flags=re.M)), path
        if path.suffix == ".html":
            assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", text), path
        if path.suffix == ".js":
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), path


def test_everything_is_answered_with_a_strict_policy(page: Served) -> None:
    for path in ("/", "/api/state", "/static/js/main.js", "/nowhere"):
        headers = page.ask(path).headers
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers


def test_state_and_commands(page: Served) -> None:
    page.feed.put("volume/state", 60)
    assert page.ask("/api/state").json["topics"]["volume/state"]["value"] == 60
    done = page.ask("/api/commands/volume", method="POST", body={"value": 7})
    assert (done.status, done.json) == (200, {"status": "ok", "data": {"value": 7}})
    assert page.backstage.asked[-1] == ("volume", 7)
    assert page.ask("/api/commands/nothing", method="POST", body={}).status == 404
    assert page.ask("/api/commands/volume").status == 405


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"false", b'"x"', b"[" * 5000, b"\xff\xfe", b'{"value": 1, "more": 2}', b" " * (LARGEST_BODY + 1)],
)
def test_nonsense_is_refused_and_reaches_nobody(page: Served, body: bytes) -> None:
    asked = len(page.backstage.asked)
    answer = page.ask("/api/commands/volume", method="POST", body=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["status"]) == (400, "error")
    assert len(page.backstage.asked) == asked


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_site_can_send_is_not_taken(page: Served, kind: str) -> None:
    asked = len(page.backstage.asked)
    answer = page.ask("/api/commands/volume", method="POST", body=b'{"value":1}', headers={"Content-Type": kind})
    assert answer.status == 415
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert page.ask("/api/commands/volume", method="POST", body={"value": 1}, headers=headers).status == 403
    assert len(page.backstage.asked) == asked


@pytest.mark.parametrize("path", ["/", "/api/state", "/api/events", "/static/js/main.js", "/login", "/nowhere"])
def test_a_wrong_host_is_refused(page: Served, path: str) -> None:
    for host in ("evil.example", "evil.example:8780", "192.168.1.9"):
        answer = page.ask(path, headers={"Host": host})
        assert answer.status == 403
        assert b"mien_page" not in answer.body


def test_a_request_without_a_host_is_refused(page: Served) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT_S) as connection:
        connection.sendall(b"GET /api/state HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "path", ["../server.py", "..%2fserver.py", "%2e%2e/server.py", "/etc/passwd", "js/../../app.py"]
)
def test_nothing_outside_the_folder_is_served(page: Served, path: str) -> None:
    assert page.ask(f"/static/{path}").status in {400, 404}


def test_covers_are_pictures_and_never_pages(page: Served) -> None:
    cover = page.ask("/api/covers/tune")
    assert (cover.status, cover.headers["content-type"]) == (200, "image/svg+xml")
    assert "sandbox" in cover.headers["content-security-policy"]
    assert b">T<" in cover.body
    assert page.ask("/api/covers/none").status == 404


def test_without_the_token_another_address_gets_nothing(shared_page: Served) -> None:
    paths = [
        "/",
        "/api/state",
        "/api/events",
        "/api/openapi.json",
        "/static/js/main.js",
        "/nowhere",
        "/api/covers/tune",
        "/login",
    ]
    for path in paths:
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            for headers in (FAR, FAR | {"Authorization": "Bearer wrong"}, FAR | {"Cookie": f"{COOKIE}={TOKEN}"}):
                answer = shared_page.ask(path, method=method, headers=headers)
                assert answer.status in {401, 403}, (method, path)
                assert b"/static/" not in answer.body


def test_from_a_real_other_address(shared_page: Served) -> None:
    address = other_address()
    assert shared_page.ask("/", at=address).status == 401
    assert shared_page.ask("/api/commands/volume", at=address, method="POST", body={"value": 1}).status == 401
    assert shared_page.ask("/api/state", at=address, headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert shared_page.ask("/api/state", at=address, headers={"Host": "evil.example"}).status == 403


def test_a_browser_comes_in_by_the_form(shared_page: Served) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def login(token: str) -> tuple[int, str]:
        body = urlencode({"token": token}).encode()
        answer = shared_page.ask("/login", method="POST", body=body, headers=FAR | form)
        return answer.status, answer.headers.get("set-cookie", "")

    assert login("wrong") == (403, "")
    status, cookie = login(TOKEN)
    assert status == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    kept = {"Cookie": cookie.partition(";")[0]}
    inside = shared_page.ask("/", headers=FAR | kept)
    assert b"/static/js/main.js" in inside.body
    for method in ("POST", "GET"):  # of another tab, or a second press of the button
        again = shared_page.ask("/login", method=method, headers=FAR | form | kept)
        assert (again.status, again.headers.get("location")) == (303, "/")
    assert shared_page.ask("/login", method="POST", body=b"x" * 10_000, headers=FAR | form).status == 403


def silent(address: str, port: int, count: int) -> list[socket.socket]:
    return [socket.create_connection((address, port), timeout=LIMIT_S) for _ in range(count)]


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side hung up; it never says anything here."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_who_holds_many_connections_and_is_silent_locks_nobody_out(shared_page: Served) -> None:
    crowd = silent(other_address(), shared_page.port, 4 * doorman.AN_ADDRESS)
    try:
        wait_until(lambda: sum(map(is_closed, crowd)) >= 3 * doorman.AN_ADDRESS)
        assert sum(map(is_closed, crowd)) == 3 * doorman.AN_ADDRESS
        assert shared_page.ask("/api/state").status == 200, "the device's own screen"
    finally:
        for connection in crowd:
            connection.close()
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    def is_served() -> bool:
        try:
            return shared_page.ask("/api/state", at=other_address(), headers=bearer).status == 200
        except OSError:
            return False

    wait_until(is_served)


HALF_A_COMMAND = b"POST /api/commands/volume HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", HALF_A_COMMAND])
def test_who_does_not_come_to_the_point_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    monkeypatch.setattr(doorman, "ASKING_S", 2.0)
    with served() as page, socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT_S) as connection:
        connection.sendall(beginning)
        assert is_hung_up_on(connection)
        # A second request on the same connection has no more time than the first.
        again = http.client.HTTPConnection("127.0.0.1", page.port, timeout=LIMIT_S)
        again.request("GET", "/api/state")
        again.getresponse().read()
        assert again.sock is not None
        again.sock.sendall(beginning or b"G")
        assert is_hung_up_on(again.sock)
        again.close()


def test_nonsense_does_not_fill_the_journal(page: Served, caplog: pytest.LogCaptureFixture) -> None:
    for nonsense in (
        b"\x16\x03\x01 TLS?\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
            connection.sendall(nonsense)
            assert connection.recv(12).startswith(b"HTTP/1.1 ")
    assert caplog.records == []


HALF_A_LOGIN = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 99\r\n\r\ntoken="
)


@pytest.mark.parametrize("half", [HALF_A_LOGIN, HALF_A_COMMAND])
def test_who_leaves_in_the_middle_of_a_request_does_not_fill_it_either(
    caplog: pytest.LogCaptureFixture, half: bytes
) -> None:
    with served(PageConfig(port=0), TOKEN) as page:
        with socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT_S) as connection:
            connection.sendall(half)
            time.sleep(0.2)  # it is being read
        time.sleep(0.5)  # nothing is to come: no event says when it has not
        assert page.ask("/api/state").status == 200
    assert caplog.records == []


def is_hung_up_on(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_stream_is_no_request_that_does_not_come_to_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorman, "ASKING_S", 1.0)
    with served() as page:
        connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=LIMIT_S)
        connection.request("GET", "/api/events")
        response = connection.getresponse()
        response.readline()
        time.sleep(1.5)
        page.feed.put("volume/state", 3)
        while b"volume/state" not in (line := response.readline()):
            assert line, "the stream has ended"
        connection.close()


def test_viewers_are_sent_away_at_once_when_mien_stops() -> None:
    with served() as page:
        page.feed.put("a", 1)
        connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
        connection.request("GET", "/api/events")
        response = connection.getresponse()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.readline() == b"retry: 2000\n"
        page.server.close()
        assert response.read().count(b"data:") <= 2
        connection.close()


def test_a_port_that_is_taken_is_one_line_in_the_log(page: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        other = PageServer(PageConfig(port=page.port), None, Backstage(), Feed())
        other.start()
        other.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"no page: port {page.port} of 127.0.0.1: Address already in use; set page.port, or page.enabled = false"
    ]


def test_without_the_page_nothing_of_it_is_imported() -> None:
    program = """
import sys
from mien_device import daemon
print([name for name in sys.modules if name.startswith(("starlette", "uvicorn", "mien_device.page", "mien_device.showing"))])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_what_only_a_command_line_needs_takes_no_memory() -> None:
    program = (
        "import sys; from mien_device.page.server import leave_out_command_line; leave_out_command_line(); "
        "import uvicorn.config, uvicorn.server, mien_device.page.app, mien_device.page.doorman; "
        "print({'click', 'watchfiles', 'multiprocessing'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
