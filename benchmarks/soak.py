"""Days in the life of the daemon, in less than an hour: does it grow?

    python benchmarks/soak.py [--hours 24] [--speed 60] [--out docs/soak.md] [--kept FILE] [--json]

The daemon runs as it is shipped, in a process of its own, with all of it on: library, music on a simulated card, MQTT
through a real mosquitto, the page, the live view. People come, look one way or another, and go. In each round of ten minutes
its camera is pulled out, goes silent, repeats itself, hangs and is covered, the sound card is pulled out, the board grows
hot, the broker is killed, and a house commands it, looks at its page and has it read its configuration again. Its clocks run
`--speed` times as fast (`subjects/fast_clock.c`).

What is asked: after a time to warm up, the memory grows by no more than 1 MB an hour, and files and threads are as many at
the end as they were. Exit code 1 if not. A day takes 24 minutes and some 12 minutes of a processor; on a machine that is too
busy for the speed fewer frames are looked at, and the report says how many. With `--kept` each sample is written down as it
comes; if the file is there already, nothing is run, and what stands there is judged. Wants gcc and mosquitto.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from brokers import Mosquitto, free_port
from mien_device.demo.tunes import write_tunes
from mien_device.library.store import Library
from processes import cpu_s, resident_mb, written_mb
from soak_house import ID, House
from soak_report import Sample, page, picture, verdict

SUBJECTS = Path(__file__).parent / "subjects"
SAMPLE_S = 60.0
FPS = 1.0
"""Of the camera: enough for a mood, and the least that the configuration takes."""
TUNE_S = 60
"""Songs are so short that there are many."""
START_S = 180.0
STOP_S = 30.0
CONFIG = """\
[camera]
source = "demo"
fps = {fps}
timeout_s = 30.0  # half a second in truth, at sixty times the speed
[model]
accelerator = "cpu"
[music]
folder = "{folder}/tunes"
choose = "library"
[mqtt]
host = "127.0.0.1"
port = {broker}
device_id = "{id}"
[page]
port = {page}
live = true
[privacy]
snapshot = true
[health]
prometheus_port = {prometheus}
"""


def live(folder: Path, hours: float, speed: float) -> Iterator[Sample]:
    """Samples of `hours` simulated hours, one a minute.

    Raises:
        SystemExit: the daemon did not start, or ended; with the end of its log.

    """
    broker, log = Mosquitto(folder), folder / "mien.log"
    with contextlib.ExitStack() as stack:
        broker.start()
        stack.callback(broker.stop)
        page = free_port()
        device = stack.enter_context(_device(folder, broker.ports[0], page, speed))
        house = House(broker, page, device, speed)
        stack.callback(house.close)
        if not house.online.wait(START_S):
            raise SystemExit(f"it is not online: {log.read_text()[-1000:]}")
        (folder / "begun").touch()  # the daemon's faults come by the same rounds
        for second in house.rounds(hours * 3600, SAMPLE_S):
            if device.poll() is not None:
                raise SystemExit(f"it ended with {device.returncode}: {log.read_text()[-1000:]}")
            yield sample(second / 3600, device, dict(house.done))


@contextlib.contextmanager
def _device(folder: Path, broker: int, page: int, speed: float) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon's process, with a library of songs."""
    clock, config = folder / "fast_clock.so", folder / "mien.toml"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", clock, SUBJECTS / "fast_clock.c", "-lm"], check=True)
    write_tunes(folder / "tunes")
    for tune in (folder / "tunes").glob("*/*.wav"):
        _lengthen(tune)
    words = {"fps": FPS, "folder": folder, "broker": broker, "page": page, "prometheus": free_port(), "id": ID}
    config.write_text(CONFIG.format(**words))
    environment = os.environ | {"MIEN_STATE_DIR": str(folder / "state"), "MIEN_CACHE_DIR": str(folder / "cache")}
    scan = [sys.executable, "-m", "mien_device", "library", "scan", "--analyser", "none", "--config", config]
    subprocess.run(scan, env=environment, check=True, capture_output=True)
    _place_songs(folder / "state")
    fast = environment | {"LD_PRELOAD": str(clock), "FAST_CLOCK": str(speed)}
    command = [sys.executable, str(SUBJECTS / "mien_soak.py"), str(config)]
    with (folder / "mien.log").open("wb") as log:
        device = subprocess.Popen(command, env=fast, stdout=log, stderr=log)
    try:
        yield device
    finally:
        device.terminate()
        device.wait(STOP_S)


def _lengthen(tune: Path) -> None:
    with wave.open(str(tune), "rb") as file:
        parameters, samples = file.getparams(), file.readframes(file.getnframes())
    with wave.open(str(tune), "wb") as file:
        file.setparams(parameters)
        file.writeframes(samples * round(TUNE_S * parameters.framerate / parameters.nframes))


def _place_songs(state: Path) -> None:
    """As if somebody had said of each song where it lies: nothing need listen to them."""
    with contextlib.closing(Library.open(state)) as library:
        for number, song in enumerate(library.songs()):
            library.correct(song.id, math.cos(number) / 2, math.sin(number) / 2)


def sample(hour: float, process: subprocess.Popen[bytes], done: dict[str, int]) -> Sample:
    """What the kernel says of the process now."""
    place = Path(f"/proc/{process.pid}")
    files, threads = (sum(1 for _ in (place / name).iterdir()) for name in ("fd", "task"))
    return Sample(
        hour=round(hour, 4),
        rss_mb=round(resident_mb(process), 3),
        files=files,
        threads=threads,
        written_mb=round(written_mb(process), 3),
        cpu_s=cpu_s(process),
        done=done,
    )


def kept_in(path: Path) -> list[Sample]:
    """What an earlier run wrote down."""
    return [Sample(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def keep(samples: Iterable[Sample], path: Path | None) -> list[Sample]:
    """All of them, each written down as it comes."""
    with path.open("w", encoding="utf-8") if path else contextlib.nullcontext() as file:
        taken = []
        for each in samples:
            taken.append(each)
            if file is not None:
                file.write(json.dumps(asdict(each)) + "\n")
                file.flush()
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="the page to write; a picture of the same name lies beside it")
    parser.add_argument("--kept", type=Path, help="where to keep the samples")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    if arguments.kept and arguments.kept.exists():
        samples = kept_in(arguments.kept)
    else:
        with tempfile.TemporaryDirectory() as folder:
            samples = keep(live(Path(folder), arguments.hours, arguments.speed), arguments.kept)
    outcome = verdict(samples)
    if arguments.out:
        picture(samples, arguments.out.with_suffix(".png"))
        arguments.out.write_text(page(samples, outcome, arguments.speed, arguments.out), encoding="utf-8")
    if arguments.json:
        print(json.dumps(asdict(outcome) | {"done": samples[-1].done}, indent=2))
    else:
        print("; ".join(outcome.wrong) or f"it does not grow: {outcome.mb_per_hour:+.2f} MB an hour")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
