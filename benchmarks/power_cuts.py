"""Power cuts: mien's own writers, killed at random moments, or with the power of their disk gone; nothing acknowledged may be lost.

    python benchmarks/power_cuts.py [--cuts 1000] [--kinds kill,power,daemon] [--report docs/power-cuts.md] [--json]
    eatmydata python benchmarks/power_cuts.py --kinds power --cuts 20      # must fail: nothing reaches the disk in time

  kill    `kill -9` of the process group that writes settings, library and models at once
  power   the same on ext4 on a loop file (mounted noauto_da_alloc, which hides no missing fsync), whose power is cut by the
          kernel's shutdown ioctl: dirty pages and the journal that is not committed are gone; wants root
  daemon  `kill -9` of the process group of `mien run`, while a home sets its volume over MQTT (mosquitto) and believes its answers

After each cut the disk is mounted again, and everything is read as mien reads it at its next start. Exits with 1 if anything
was damaged, or lost after it was acknowledged.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import logging
import os
import random
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from power_cuts_daemon import cut_daemons
from power_cuts_report import Outcome, as_json, page, table
from power_cuts_writer import THINGS, Models, acknowledger, check, prepare, write

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN of the kernel, _IOR('X', 125, __u32)."""
NO_LOG_FLUSH = 2
LET_GO_S = 600.0
LONGEST_S = 0.5
"""A writer is cut off at a random moment up to so long after its first word."""


class Folder:
    """A folder whose processes are killed."""

    believes_the_last_words = True
    """What somebody said just before it was killed was true."""

    def __init__(self, place: Path) -> None:
        self.path = place / "state"
        self.path.mkdir()

    def cut(self, group: int) -> None:
        os.killpg(group, signal.SIGKILL)

    def close(self) -> None:
        pass


class Disk:
    """A file system of its own, whose power can be cut."""

    believes_the_last_words = False
    """Other than at a real cut the writer lives on for a moment, and a stop signal takes effect only after another one: an
    fsync that the cut interrupted may come back as if it was done. So only what was heard before the cut counts."""

    def __init__(self, place: Path) -> None:
        self._image, self.path = place / "disk.img", place / "disk"
        self.path.mkdir()
        with self._image.open("wb") as file:
            file.truncate(64 << 20)
        _run("mkfs.ext4", "-q", "-F", self._image)
        self._mount()

    def cut(self, group: int) -> None:
        root = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(root, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)
        os.killpg(group, signal.SIGKILL)

    def again(self) -> None:
        """The power is back: the journal is replayed."""
        _run("umount", self.path)
        self._wait_until_let_go()
        self._mount()

    def close(self) -> None:
        _run("umount", self.path)

    def _wait_until_let_go(self) -> None:
        """Somebody else's copy of all mounts (a container that is just started) would show us the disk without power again."""
        end = time.monotonic() + LET_GO_S
        while subprocess.run(["losetup", "-j", self._image], capture_output=True, check=True).stdout:
            if time.monotonic() > end:
                raise SystemExit(
                    f"{self._image}: another process keeps it mounted in a namespace of its own; try again later"
                )
            time.sleep(0.05)

    def _mount(self) -> None:
        _run("mount", "-o", "loop,noauto_da_alloc", self._image, self.path)


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(map(str, command))}: {done.stderr.strip()}; --kinds power wants root and loop devices"
        )


def cut_writers(kind: str, cuts: int, place: Path, chance: random.Random, say: Callable[[str], None]) -> Outcome:
    """Let a writer run and cut it off, again and again, on one disk that grows older."""
    disk = Disk(place) if kind == "power" else Folder(place)
    outcome, models, known = Outcome(kind), Models(place / "new"), dict.fromkeys(THINGS, 0)
    begun = time.monotonic()
    try:
        prepare(disk.path)
        for number in range(cuts):
            acknowledged = dict(known)
            with _writer(disk.path, models, known) as (group, pipe):
                _read(pipe, acknowledged, until_s=10.0, first=True)
                _read(pipe, acknowledged, until_s=chance.uniform(0.0, LONGEST_S))
                disk.cut(group)
            if disk.believes_the_last_words:
                _read(pipe, acknowledged, until_s=1.0)
            os.close(pipe)
            if isinstance(disk, Disk):
                disk.again()
            found, wrong = check(disk.path, models, acknowledged)
            outcome.cuts += 1
            outcome.acknowledged.update({name: acknowledged[name] - known[name] for name in THINGS})
            outcome.ahead += any(found.get(name, 0) > acknowledged[name] for name in THINGS)
            outcome.wrong += [f"cut {number + 1}: {words}" for words in wrong]
            known = {name: found.get(name, known[name]) for name in THINGS}
            for words in wrong:
                say(f"{kind}: cut {number + 1}: {words}")
            if wrong:  # what is damaged would be damaged again
                disk.close()
                disk, known = _anew(kind, place, outcome.cuts), dict.fromkeys(THINGS, 0)
                prepare(disk.path)
            if (number + 1) % 50 == 0:
                say(f"{kind}: {number + 1} of {cuts} cuts, {len(outcome.wrong)} wrong")
    finally:
        disk.close()
    outcome.seconds = time.monotonic() - begun
    return outcome


def _anew(kind: str, place: Path, number: int) -> Disk | Folder:
    folder = place / f"after-{number}"
    folder.mkdir()
    return Disk(folder) if kind == "power" else Folder(folder)


@contextlib.contextmanager
def _writer(folder: Path, models: Models, begin: dict[str, int]) -> Iterator[tuple[int, int]]:
    """A process group that writes, and the pipe into which it says what is safe; over at the latest with the block."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(reading)
            logging.disable()  # of a disk that is gone nobody wants to hear
            threading.excepthook = lambda _: None
            write(folder, models, begin, acknowledger(writing))
        os._exit(1)
    os.close(writing)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    try:
        yield child, reading
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _read(pipe: int, acknowledged: dict[str, int], *, until_s: float, first: bool = False) -> None:
    """Note what is said, for so long, until the writer is dead, or until its first word."""
    end = time.monotonic() + until_s
    rest = ""
    while (left := end - time.monotonic()) > 0 or rest:
        if not select.select([pipe], [], [], max(0.0, left))[0]:
            continue
        text = rest + os.read(pipe, 65536).decode()
        *lines, rest = text.split("\n")
        for line in lines:
            name, _, number = line.partition(" ")
            acknowledged[name] = max(acknowledged[name], int(number))
        if not text or (first and lines):
            return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=1000, help="in all; of the daemon a tenth (default: %(default)s)")
    parser.add_argument("--kinds", default="kill,power,daemon", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work (default: a new one in the temporary folder)")
    parser.add_argument("--report", type=Path, help="write a dated report, with the proof that a lost fsync is noticed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if unknown := set(kinds) - {"kill", "power", "daemon"}:
        parser.error(f"--kinds: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is mounted is unmounted
    outcomes = []
    for kind, cuts in _shares(kinds, arguments.cuts).items():
        with tempfile.TemporaryDirectory(prefix="mien-cuts-", dir=arguments.folder) as place:
            chance = random.Random(f"{arguments.seed} {kind}")
            if kind == "daemon":
                outcomes.append(cut_daemons(cuts, Path(place), chance, _say))
            else:
                outcomes.append(cut_writers(kind, cuts, Path(place), chance, _say))
    wrong = [f"{outcome.kind}: {words}" for outcome in outcomes for words in outcome.wrong]
    if arguments.json:
        print(json.dumps([as_json(outcome) for outcome in outcomes], indent=1))
    else:
        print(table(outcomes))
    for words in wrong[:20]:
        print(words, file=sys.stderr)
    if arguments.report:
        command = (
            f"python benchmarks/power_cuts.py --cuts {arguments.cuts} --kinds {arguments.kinds} --seed {arguments.seed}"
        )
        arguments.report.write_text(page(outcomes, command, _blind()), encoding="utf-8")
    return 1 if wrong else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _blind() -> dict[str, Any]:
    """What the same test finds under eatmydata, where it must fail."""
    command = ["eatmydata", sys.executable, __file__, "--kinds", "power", "--cuts", "20", "--json"]
    (found,) = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return dict(found)


def _shares(kinds: list[str], cuts: int) -> dict[str, int]:
    """A tenth for the daemon, whose start takes seconds; the rest in equal parts."""
    shares = {"daemon": max(1, cuts // 10)} if "daemon" in kinds and len(kinds) > 1 else {}
    others = [kind for kind in kinds if kind not in shares]
    left = cuts - sum(shares.values())
    for place, kind in enumerate(others):
        shares[kind] = left // len(others) + (place < left % len(others))
    return {kind: shares[kind] for kind in kinds}


if __name__ == "__main__":
    sys.exit(main())
