"""No picture leaves the memory of the process: every file it writes and every address it speaks to, seen by the kernel."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path

import cv2

from mien_device.camera.scenes import DemoCamera
from mien_device.demo.tunes import write_tunes
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import Mosquitto, require_mosquitto
from tests.needs import need_program
from tests.waiting import wait_until

OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"(?P<path>[^"]+)", (?P<flags>[A-Z_|0-9]+).*\) = \d')
CREATED = re.compile(r'(?:creat|mkdir|mknod|rename|link|symlink)\w*\(.*"(?P<path>/[^"]+)".*\) = 0')
SPOKE = re.compile(r"(?:connect|sendto|sendmsg)\(\d+.*?sa_family=(?P<family>AF_\w+)(?P<rest>[^}]*)}")
BOUND = re.compile(r'bind\((?P<fd>\d+), {sa_family=AF_INET6?.*inet_(?:addr|pton)\((?:AF_INET6?, )?"(?P<address>[^"]+)"')
KEPT = {"mien.lock", "state.json", "discovery.json", "device-id", "library.sqlite3", "history.sqlite3"}
TURN = tuple(f"mien/shy/{kind}" for kind in ("mood/state", "presence/state", "mood/probabilities"))
"""What a look at a frame tells, in this order."""
HARMLESS = ("/dev/null", "/proc/", "/dev/tty", "/dev/shm/")


def test_what_is_written_and_who_is_spoken_to(tmp_path: Path) -> None:
    strace = need_program("strace")
    require_mosquitto()
    tunes = tmp_path / "tunes"
    write_tunes(tunes)
    with Mosquitto(tmp_path) as broker, Listener(broker.port) as home:
        config = toml(
            camera={"source": "demo"},
            music={"folder": tunes},
            mqtt={"host": "127.0.0.1", "port": broker.port, "device_id": "private"},
        )
        calls = tmp_path / "calls"
        wrapper = (
            strace,
            "-f",
            "-qq",
            "-s",
            "300",
            "-o",
            str(calls),
            "-e",
            "trace=file,connect,sendto,sendmsg,bind,listen",
        )
        with Device(tmp_path, config, wrapper=wrapper, arguments=("--seconds", "12")) as device:
            home.wait_for("mien/private/event", timeout_s=60)
            assert device.process.wait(60) == 0, device.log
        sizes = [len(message.payload) for message in home.messages if not message.topic.startswith("homeassistant/")]
        assert all(message.payload.decode().isprintable() for message in home.messages), "nothing but text"
    text = calls.read_text(encoding="utf-8", errors="replace")

    allowed = (str(device.state), str(device.cache), str(device.pcm), *HARMLESS)
    assert sorted(path for path in written(text) if not path.startswith(allowed)) == []
    assert strangers(text) == []
    assert listened_on(text) == {"127.0.0.1"}, "nobody else can connect to the device: there is the page, for itself"
    assert max(sizes) < 2000, "no message is large enough for a picture"
    for folder in (device.state, device.cache):
        assert [p.name for p in folder.rglob("*") if p.is_file() and p.name not in KEPT] == []


def test_switched_off_the_camera_is_closed_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    """The kernel knows whether the video is open. While it is not, nobody is there and the log is quiet."""
    require_mosquitto()
    video = tmp_path / "room.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    artist = DemoCamera()
    for number in range(60):
        writer.write(artist.draw(2 + number / 10))
    writer.release()
    with Mosquitto(tmp_path, persistent=True) as broker, Listener(broker.port, topics="mien/shy/#") as home:
        config = toml(
            camera={"source": f"replay:{video}"},
            music={"player": "null"},
            mqtt={"host": "127.0.0.1", "port": broker.port, "device_id": "shy"},
        )
        with Device(tmp_path, config) as device:
            home.wait_for("mien/shy/presence/state", "ON")
            assert opened(device) == {video}
            home.publish("mien/shy/camera/set", "OFF")
            home.wait_for("mien/shy/camera/state", "OFF")
            wait_until(lambda: home.received("mien/shy/presence/state")[-1] == "OFF", lambda: device.log)
            assert json.loads(home.received("mien/shy/mood/state")[-1])["mood"] == "none"
            assert opened(device) == set()
            wait_until(
                lambda: [topic for topic in home.topics() if topic in TURN][-1] == TURN[-1], lambda: device.log
            )  # the last of what every turn tells: nothing is on its way
            assert json.loads(home.received("mien/shy/mood/probabilities")[-1])["probabilities"] == {}
            wait_until(lambda: "page: http" in device.log, lambda: device.log)
            said, heard = device.log, len(home.messages)
            time.sleep(3)
            assert device.log == said
            assert [m.topic for m in home.messages[heard:] if m.topic != "mien/shy/stats"] == []
            assert device.terminate()[0] == 0
        home.messages.clear()
        (tmp_path / "again").mkdir()
        with Device(tmp_path / "again", config, home=device.home) as again:
            home.wait_for("mien/shy/availability", "online")
            time.sleep(2)
            assert opened(again) == set()
            assert home.received("mien/shy/camera/availability") == ["online"], "off is not out of order"
            assert set(home.received("mien/shy/presence/state")) == {"OFF"}
            home.publish("mien/shy/camera/set", "ON")
            home.wait_for("mien/shy/presence/state", "ON")
            assert opened(again) == {video}
            assert again.terminate()[0] == 0


def opened(device: Device) -> set[Path]:
    """The videos that the process has open, by the kernel."""
    links = Path(f"/proc/{device.process.pid}/fd").iterdir()
    found = set()
    for link in links:
        with contextlib.suppress(OSError):
            found.add(link.readlink())
    return {path for path in found if path.suffix == ".avi"}


def written(calls: str) -> set[str]:
    """Every path that was opened for writing, made, or renamed to."""
    opened = {
        m["path"] for m in OPENED.finditer(calls) if {"O_WRONLY", "O_RDWR", "O_CREAT"} & set(m["flags"].split("|"))
    }
    return opened | {m["path"] for m in CREATED.finditer(calls)}


def listened_on(calls: str) -> set[str]:
    """The addresses of all sockets that take connections."""
    bound: dict[str, str] = {}
    found = set()
    for line in calls.splitlines():
        if match := BOUND.search(line):
            bound[match["fd"]] = match["address"]
        elif match := re.search(r" listen\((\d+), ", line):
            found.add(bound[match[1]])
    return found


def strangers(calls: str) -> list[str]:
    """Addresses that are neither the broker's, nor loopback, nor a socket of this machine."""
    found = []
    for match in SPOKE.finditer(calls):
        if match["family"] in {"AF_UNIX", "AF_NETLINK", "AF_UNSPEC"}:
            continue
        if '"127.0.0.1"' not in match["rest"] and '"::1"' not in match["rest"]:
            found.append(match.group(0))
    return found
