"""The whole pipeline on one clip, beside PyPI `fer`: frames a second on one core, memory, disk, start to first answer.

    python benchmarks/pipeline.py CLIP [--peer-python PYTHON] [--json]

Every subject runs in a process of its own on one core. `fer` is optional and wants an environment of its own, named by its
interpreter (`pip install fer 'setuptools<81' 'opencv-contrib-python<5'`); ratios are only printed with it. A peer that does
not run is named and left out. For a true disk figure start this with the Python of an environment that holds
`mien[device]` alone. Camera to MQTT is
measured through a real mosquitto, if there is one: from the moment a frame was taken to the arrival of the message that it
caused at another client.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROUNDS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="a video with a face in it")
    parser.add_argument("--peer-python", type=Path, help="interpreter of an environment that has `fer`")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    clip = str(arguments.clip.resolve())
    subjects = {"mien": [sys.executable, str(HERE / "subjects" / "mien_clip.py"), clip]}
    if arguments.peer_python:
        fer = [str(arguments.peer_python), str(HERE / "subjects" / "fer_clip.py"), clip]
        subjects |= {"fer, Haar": [*fer, "haar"], "fer, MTCNN": [*fer, "mtcnn"]}
    results = {}
    for name, command in subjects.items():
        try:
            results[name] = measure(command) | {"disk_mb": disk_mb(Path(command[0]))}
        except subprocess.CalledProcessError as error:
            if name == "mien":
                raise
            reason = error.stderr.strip().splitlines()[-1:] or ["no message"]
            print(f"{name}: ended with {error.returncode}, left out: {reason[0]}", file=sys.stderr)
    latency = measure_latency(clip)
    if arguments.json:
        print(json.dumps({"subjects": results, "camera_to_mqtt_ms": latency}, indent=2))
    else:
        show(results, latency)
    return 0


def measure(command: list[str]) -> dict[str, float]:
    """The median of `ROUNDS` runs on the first core that we may use; each prints one JSON object as its last line."""
    core = min(os.sched_getaffinity(0))
    runs: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=True,
                cwd=folder,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )
        runs.append(json.loads(run.stdout.strip().splitlines()[-1]))
    return {key: sorted(r[key] for r in runs)[ROUNDS // 2] for key in runs[0]}


def disk_mb(python: Path) -> float:
    """Size of the environment's packages; mien's is to be made without its extras."""
    prefix = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    used = subprocess.run(["du", "-sm", prefix.stdout.strip()], capture_output=True, text=True, check=True)
    return float(used.stdout.split()[0])


def measure_latency(clip: str) -> dict[str, float] | None:
    """From frame to the home, in ms; None without mosquitto."""
    command = [sys.executable, str(HERE / "subjects" / "mien_latency.py"), clip]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] | None = json.loads(run.stdout.strip().splitlines()[-1])
    return answer


def show(results: dict[str, dict[str, float]], latency: dict[str, float] | None) -> None:
    columns = {
        "frames_per_s": "frames/s",
        "peak_mib": "peak MiB",
        "first_answer_s": "first answer s",
        "disk_mb": "disk MB",
        "answered": "frames with a face",
    }
    print(f"{'':<12}" + "".join(f"{title:>20}" for title in columns.values()))
    for name, figures in results.items():
        print(f"{name:<12}" + "".join(f"{figures[key]:>20.4g}" for key in columns))
    ours: dict[str, Any] = results["mien"]
    for name, figures in results.items():
        if name != "mien":
            ratios = [ours[key] / figures[key] for key in columns if key != "answered"]
            print(
                f"mien / {name:<12} "
                + "  ".join(f"{t} {r:.3g}x" for t, r in zip(columns.values(), ratios, strict=False))
            )
    print(f"camera to MQTT: {latency}" if latency else "camera to MQTT: no mosquitto here")


if __name__ == "__main__":
    sys.exit(main())
