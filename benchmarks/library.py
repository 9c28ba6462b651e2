"""How long the library takes for 10,000 files: cold, unchanged, and after one in a hundred changed.

    python benchmarks/library.py [--files 10000] [--folder FOLDER]

Each figure is the time over that of walking the same tree and asking for every file's size and time, in the same run, by the
clock and on the processor; then files a second, and seconds. The files are short WAVs of noise, so reading them costs less than
songs do: this measures the library, not the disk.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien_device.library.analysis_worker import AnalysisWorker
from mien_device.library.listening import listen_to_all
from mien_device.library.scan import scan
from mien_device.library.store import Library

SAMPLES = 2000
A_FOLDER = 12  # songs, as on an album


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to make them (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        measure(Path(folder), arguments.files)


def measure(folder: Path, count: int) -> None:
    music = folder / "music"
    files = [write(music / f"album {n // A_FOLDER}" / f"{n}.wav", n) for n in range(count)]
    floor = best(lambda: walk_and_stat(music), 3)
    print(
        f"{count} files; 1 = walking the tree and asking for each file's size and time: {count / floor.wall:.0f} files/s"
    )
    print(f"{'':<44}{'time':>8}{'processor':>12}{'files/s':>10}{'seconds':>10}")

    def show(what: str, cost: Cost) -> None:
        ratios = f"{cost.wall / floor.wall:>8.1f}{cost.processor / floor.processor:>12.1f}"
        print(f"{what:<44}{ratios}{count / cost.wall:>10.0f}{cost.wall:>10.2f}", flush=True)

    with Library.open(folder / "state") as library, AnalysisWorker("fake", 60) as worker:

        def keep_up(place: Path = music) -> None:
            scan(library, [place])
            listen_to_all(library, worker, 1 << 30)

        show("cold, tags only", best(lambda: scan(library, [music])))
        show("listening for the first time, fake analyser", best(keep_up))
        show("unchanged", best(keep_up, 3))
        for number, path in enumerate(random.Random(1).sample(files, count // 100)):
            write(path, count + number)
        show("after 1 % changed, with listening", best(keep_up))
        music.rename(folder / "moved")
        show("after everything moved", best(lambda: keep_up(folder / "moved")))
        show("all songs from the library", best(library.songs))
        assert len(library.songs()) == count
        assert all(song.analysis for song in library.songs())


@dataclass(frozen=True)
class Cost:
    """Seconds, of the clock and of this process on a processor (without the child that listens)."""

    wall: float
    processor: float


def best(work: Callable[[], object], times: int = 1) -> Cost:
    costs = []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        costs.append(Cost(time.perf_counter() - wall, time.process_time() - processor))
    return min(costs, key=lambda cost: cost.wall)


def write(path: Path, seed: int) -> Path:
    """A mono WAV of noise at 8 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).integers(-9000, 9000, SAMPLES, dtype=np.int16).tobytes()
    fmt = b"fmt \x10\0\0\0\1\0\1\0" + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\2\0\x10\0"
    data = b"data" + len(samples).to_bytes(4, "little") + samples
    path.write_bytes(b"RIFF" + (4 + len(fmt) + len(data)).to_bytes(4, "little") + b"WAVE" + fmt + data)
    return path


def walk_and_stat(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 - as fast as Python can


if __name__ == "__main__":
    main()
