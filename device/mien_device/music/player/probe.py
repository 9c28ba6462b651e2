"""Is there sound here? Asked in a child process, because the answer can be a crash.

SDL 2.28.4, as pygame 2.6.1 brings it, dies of a segmentation fault when it is to open a PulseAudio server that has no
output, and a sound server can hang. Neither must take the daemon along.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from mien_device.music.player import sdl
from mien_device.music.player.sdl import SoundCard
from mien_device.music.player.source import RATE_HZ
from mien_models.errors import MissingDependencyError, MusicError

BUFFER_FRAMES = 1024
"""23 ms: what the card is given at a time out of SDL's queue."""


def probe_sound(device: str = "", timeout_s: float = 20.0) -> SoundCard:
    """Open and close the sound card in a child process; at most `timeout_s` seconds (a Pi Zero needs several).

    `device` is the output's name or a part of it, empty: the default. SDL's variables are respected: SDL_AUDIODRIVER
    picks the driver and AUDIODEV the ALSA device.

    Raises:
        MusicError: there is no sound; the text says what SDL said, or that it crashed or hung.
        MissingDependencyError: pygame is not installed.

    """
    if not sdl.installed():
        raise MissingDependencyError("pygame is not installed; install it with `pip install 'mien[device]'`")
    child = _run_child(device, timeout_s)
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise MusicError(f"the sound system crashed ({name}) when it was opened; PulseAudio does so without any output")
    try:
        answer = json.loads(child.stdout)
    except ValueError:
        last = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise MusicError(f"the look for a sound card failed: {last or f'exit code {child.returncode}'}") from None
    if "error" in answer:
        raise MusicError(f"no sound card can be opened: {answer['error']}; `aplay -L` lists what the system knows")
    return SoundCard(**{**answer, "devices": tuple(answer["devices"])})


def _run_child(device: str, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    # -P: the child's own folder must not be searched for modules, a file in it could hide one of the library's.
    command = [sys.executable, "-P", str(Path(sdl.__file__)), str(RATE_HZ), str(BUFFER_FRAMES), device]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            env={**os.environ, **sdl.SETTINGS},
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise MusicError(f"the sound system gave no answer within {timeout_s:g} s; is a sound server stuck?") from None
    except OSError as error:
        raise MusicError(f"cannot start {sys.executable} to look for a sound card: {error.strerror}") from None
