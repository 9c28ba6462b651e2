"""The child process of `probe.py`: open the sound card, say what was found, close it.

Run as `python -P probe_child.py RATE_HZ BUFFER_FRAMES`. It prints one JSON object: the fields of `SoundCard`, or
`error`. It imports nothing of mien, so that it starts fast and runs wherever the package may lie.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

import pygame.mixer
from pygame._sdl2.audio import get_audio_device_names
from pygame._sdl2.sdl2 import error as device_error


def look(rate_hz: int, buffer_frames: int) -> dict[str, object]:
    """What SDL opens when it is asked for 16-bit stereo; `error` with SDL's words where it refuses."""
    try:
        pygame.mixer.init(rate_hz, -16, 2, buffer_frames)
        opened_hz, _, channels = pygame.mixer.get_init()
    except pygame.error as error:
        return {"error": str(error)}
    try:
        names = get_audio_device_names(False)
    except device_error:
        names = []  # SDL can play, but does not know the outputs by name
    answer = {"driver": driver(), "devices": names, "rate_hz": opened_hz, "channels": channels}
    pygame.mixer.quit()
    return answer


def driver() -> str:
    """The driver in use. pygame does not tell, so the SDL library that it has loaded is asked."""
    with Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as maps:
        library = next((line.split(maxsplit=5)[5].strip() for line in maps if "libSDL2-2" in line), None)
    if library is None:
        return os.environ.get("SDL_AUDIODRIVER", "unknown")
    ask = ctypes.CDLL(library).SDL_GetCurrentAudioDriver
    ask.restype = ctypes.c_char_p
    name: bytes | None = ask()
    return name.decode() if name else "unknown"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(int(sys.argv[1]), int(sys.argv[2]))))
