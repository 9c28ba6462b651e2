"""What mien's player costs beside pygame's own, playing the same file in the same run; and whether it is heard that the
process is busy.

python benchmarks/player.py [--seconds 20] [--minutes 4] [--json]
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

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
RATE_HZ = 44_100


def write_song(path: Path, minutes: float, seed: int) -> Path:
    """Noise under a melody: as hard to decode as music is."""
    random = np.random.default_rng(seed)
    with soundfile.SoundFile(path, "w", RATE_HZ, 2) as file:
        for _ in range(round(minutes * 60)):
            time_s = np.arange(RATE_HZ) / RATE_HZ
            tone = 0.3 * np.sin(2 * np.pi * random.choice([220, 330, 440, 550]) * time_s)
            file.write(tone[:, None] + random.normal(0, 0.05, (RATE_HZ, 2)))
    return path


def play(
    way: str, seconds: float, files: list[Path], *, busy: int = 0, recording: Path | None = None
) -> dict[str, Any]:
    """Of the `music.py` subject: share of a core, peak memory; and with a recording the share of silence in it."""
    environment = {
        **os.environ,
        "SDL_AUDIODRIVER": "disk" if recording else "dummy",
        "SDL_DISKAUDIOFILE": str(recording or ""),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("device", "models")),
    }
    command = [
        sys.executable,
        str(ROOT / "benchmarks/subjects/music.py"),
        way,
        str(seconds),
        str(busy),
        *map(str, files),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=seconds + 120)
    result: dict[str, Any] = json.loads(done.stdout)
    if recording is not None:
        samples = np.fromfile(recording, np.int16)
        sounding = np.flatnonzero(samples[: len(samples) // 2 * 2].reshape(-1, 2).any(axis=1))
        result["silent"] = 1 - len(sounding) / (sounding[-1] - sounding[0] + 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--minutes", type=float, default=4, help="length of the songs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        songs = [write_song(folder / f"{number}.mp3", options.minutes, number) for number in range(2)]
        costs = {
            way: play(way, options.seconds, songs)
            for way in ("pygame.mixer.music", "pygame Sounds", "mien", "mien, fading")
        }
        busy = {
            threads: play("mien", 8, songs, busy=threads, recording=folder / "recorded.raw")["silent"]
            for threads in (0, 1, 4)
        }
    if options.json:
        print(json.dumps({"costs": costs, "silent": busy}, indent=2))
        return
    one = costs["pygame.mixer.music"]
    print(f"MP3 of {options.minutes:g} minutes, {options.seconds:g} s each; as ratios to pygame.mixer.music\n")
    print("| | processor | peak memory |\n|---|---|---|")
    for way, cost in costs.items():
        print(f"| {way} | {cost['cpu'] / one['cpu']:.2f} | {cost['peak_kib'] / one['peak_kib']:.2f} |")
    shares = ", ".join(f"{threads}: {share:.2%}" for threads, share in busy.items())
    print(f"\nShare of silence in mien's output while so many threads of its process compute: {shares}")


if __name__ == "__main__":
    main()
