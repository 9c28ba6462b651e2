"""No picture leaves the memory of the process: every file it writes and every address it speaks to, seen by the kernel."""

from __future__ import annotations

import re
from pathlib import Path

from mien_device.demo.tunes import write_tunes
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import Mosquitto, require_mosquitto
from tests.needs import need_program

OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"(?P<path>[^"]+)", (?P<flags>[A-Z_|0-9]+).*\) = \d')
CREATED = re.compile(r'(?:creat|mkdir|mknod|rename|link|symlink)\w*\(.*"(?P<path>/[^"]+)".*\) = 0')
SPOKE = re.compile(r"(?:connect|sendto|sendmsg)\(\d+.*?sa_family=(?P<family>AF_\w+)(?P<rest>[^}]*)}")
KEPT = {"state.json", "discovery.json", "device-id"}
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
        wrapper = (strace, "-f", "-qq", "-s", "300", "-o", str(calls), "-e", "trace=file,connect,sendto,sendmsg,listen")
        with Device(tmp_path, config, wrapper=wrapper, arguments=("--seconds", "12")) as device:
            home.wait_for("mien/private/event", timeout_s=60)
            assert device.process.wait(60) == 0, device.log
        sizes = [len(message.payload) for message in home.messages if not message.topic.startswith("homeassistant/")]
        assert all(message.payload.decode().isprintable() for message in home.messages), "nothing but text"
    text = calls.read_text(encoding="utf-8", errors="replace")

    allowed = (str(device.state), str(device.cache), str(device.pcm), *HARMLESS)
    assert sorted(path for path in written(text) if not path.startswith(allowed)) == []
    assert strangers(text) == []
    assert " listen(" not in text, "nobody can connect to the device"
    assert max(sizes) < 2000, "no message is large enough for a picture"
    for folder in (device.state, device.cache):
        assert [p.name for p in folder.rglob("*") if p.is_file() and p.name not in KEPT] == []


def written(calls: str) -> set[str]:
    """Every path that was opened for writing, made, or renamed to."""
    opened = {
        m["path"] for m in OPENED.finditer(calls) if {"O_WRONLY", "O_RDWR", "O_CREAT"} & set(m["flags"].split("|"))
    }
    return opened | {m["path"] for m in CREATED.finditer(calls)}


def strangers(calls: str) -> list[str]:
    """Addresses that are neither the broker's, nor loopback, nor a socket of this machine."""
    found = []
    for match in SPOKE.finditer(calls):
        if match["family"] in {"AF_UNIX", "AF_NETLINK", "AF_UNSPEC"}:
            continue
        if '"127.0.0.1"' not in match["rest"] and '"::1"' not in match["rest"]:
            found.append(match.group(0))
    return found
