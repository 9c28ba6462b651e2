"""One way of playing music, for `benchmarks/player.py`: plays, then prints what it cost as JSON.

python music.py WAY SECONDS FILE...
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def pygame_music(files: list[str]) -> object:
    import pygame.mixer

    pygame.mixer.init(44_100, -16, 2, 2048)
    pygame.mixer.music.load(files[0])
    pygame.mixer.music.play()
    return pygame.mixer


def pygame_sounds(files: list[str]) -> object:
    """Whole files, the only way that pygame's mixer can cross-fade."""
    import pygame.mixer

    pygame.mixer.init(44_100, -16, 2, 2048)
    sounds = [pygame.mixer.Sound(file) for file in files[:2]]
    for sound in sounds:
        sound.play()
    return sounds


def mien(files: list[str], fade_s: float = 3.0) -> object:
    from mien_device.config import MusicConfig
    from mien_device.music import Track
    from mien_device.music.player import open_player
    from mien_models.labels import Mood

    player = open_player(MusicConfig(player="pygame", fade_s=fade_s))
    assert player.heard, player.name
    player.play(Track(Path(files[0]), Mood.HAPPY))
    if fade_s > 3:
        player.play(Track(Path(files[1]), Mood.HAPPY))
    return player


def mien_fading(files: list[str]) -> object:
    return mien(files, fade_s=30)


WAYS = {
    "pygame.mixer.music": pygame_music,
    "pygame Sounds": pygame_sounds,
    "mien": mien,
    "mien, fading": mien_fading,
}

KEPT: list[object] = []
"""What plays, for as long as the process lives."""


def compute(until: float) -> None:
    while time.monotonic() < until:
        sum(number * number for number in range(3000))


def main() -> None:
    way, seconds, busy, *files = sys.argv[1:]
    KEPT.append(WAYS[way](files))
    time.sleep(1)
    cpu, began = cpu_s(), time.monotonic()
    for _ in range(int(busy)):
        threading.Thread(target=compute, args=(began + float(seconds),), daemon=True).start()
    time.sleep(max(0.0, began + float(seconds) - time.monotonic()))
    wall = time.monotonic() - began
    print(json.dumps({"cpu": (cpu_s() - cpu) / wall, "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
    sys.stdout.flush()
    os._exit(0)  # without the fade-out, which is none of the figures


if __name__ == "__main__":
    main()
