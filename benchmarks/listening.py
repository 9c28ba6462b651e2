"""What listening to a song costs: `OPENBLAS_NUM_THREADS=1 python benchmarks/listening.py [FILE]`.

Processor time of one thread. Without FILE, four minutes of stereo at 44.1 kHz (noise, tones and a beat) are written as WAV, FLAC, OGG, Opus
and MP3. Each is heard as the device hears it; parts are then measured alone. The ratio is to decoding the same file and nothing else.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from mien_models.listening.cues import CueFinder
from mien_models.listening.excerpts import Excerpts
from mien_models.listening.features import features
from mien_models.listening.listen import Listener
from mien_models.listening.loudness import LoudnessMeter, TruePeakMeter
from mien_models.listening.sound import Sound

SECONDS, RATE = 240, 44_100
FORMATS = {"wav": None, "flac": None, "ogg": None, "opus": "OPUS", "mp3": None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="songs to listen to instead")
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many (default: 5)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = arguments.files or write_songs(Path(folder))
        rows = {path.name: measure(path, arguments.rounds) for path in files}
    print(json.dumps(rows, indent=1) if arguments.json else table(rows))


def write_songs(folder: Path) -> list[Path]:
    random = np.random.default_rng(0)
    turns = np.arange(SECONDS * RATE) / RATE
    beat = np.exp(-8 * (turns % 0.5))[:, np.newaxis]
    tones = sum(np.sin(2 * np.pi * hz * turns) for hz in (220, 277.2, 329.6))[:, np.newaxis]
    song = (0.1 * tones + 0.3 * beat * random.normal(size=(len(turns), 2))).clip(-1, 1).astype(np.float32)
    paths = []
    for ending, subtype in FORMATS.items():
        path = folder / f"song.{ending}"
        rate = 48_000 if subtype == "OPUS" else RATE  # Opus knows no 44.1 kHz; the song is then a little shorter
        form = "OGG" if subtype == "OPUS" else ending.upper()
        with soundfile.SoundFile(path, "w", rate, 2, subtype, format=form) as file:
            for start in range(0, len(song), RATE):  # libsndfile's Vorbis encoder crashes on minutes at once
                file.write(song[start : start + RATE])
        paths.append(path)
    return paths


def measure(path: Path, rounds: int) -> dict[str, float]:
    listener = Listener.open()
    with Sound(path) as sound:
        rate, channels, promised = sound.rate, sound.channels, sound.promised
        blocks = list(sound.blocks())

    def decode() -> None:
        with Sound(path) as sound:
            for _ in sound.blocks():
                pass

    def feed(part: Any) -> Any:
        for block in blocks:
            part.add(block)
        return part

    excerpts = feed(Excerpts(rate, promised))
    vector = features(excerpts.taken())
    parts: dict[str, Callable[[], object]] = {
        "decode": decode,
        "loudness": lambda: feed(LoudnessMeter(rate, channels)).integrated(),
        "true peak": lambda: feed(TruePeakMeter(channels)).dbtp(),
        "cues": lambda: feed(CueFinder(rate)).find(-20),
        "excerpts": lambda: feed(Excerpts(rate, promised)).taken(),
        "features": lambda: features(excerpts.taken()),
        "model": lambda: listener.predictor.estimate(vector),
        "all": lambda: listener.listen(path),
    }
    taken: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):  # all parts in turn, so that a busy moment falls on all alike
        for name, run in parts.items():
            start = time.process_time()
            run()
            taken[name].append(time.process_time() - start)
    found = {name: statistics.median(times) for name, times in taken.items()}
    return {"seconds": sum(map(len, blocks)) / rate, **found, "ratio": found["all"] / found["decode"]}


def table(rows: dict[str, dict[str, float]]) -> str:
    names = list(next(iter(rows.values())))
    lines = ["| file | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {file} | " + " | ".join(f"{row[name]:.3g}" for name in names) + " |" for file, row in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
