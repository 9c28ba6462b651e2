"""Is there sound here? Asked in a child process, because the answer can be a crash.

`pygame.mixer.init()` against a PulseAudio server without any output is a segmentation fault (seen with pygame 2.6.1 and
SDL 2.28.4), and a sound server can hang. Neither must take the daemon along.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mien_models.errors import MissingDependencyError, MusicError

RATE_HZ = 44_100
BUFFER_FRAMES = 2048
"""46 ms: on a Pi whose processor is busy with faces, pygame's default of 12 ms runs dry."""
SDL_SETTINGS = {
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_NO_SIGNAL_HANDLERS": "1",  # SIGTERM belongs to the daemon; SDL would turn it into an event nobody reads
}
"""Environment variables that must be set before pygame is imported."""


@dataclass(frozen=True, slots=True)
class SoundCard:
    """What SDL opened when it was asked for sound."""

    driver: str
    """SDL's name of it: alsa, pulseaudio, pipewire, dummy, disk, …"""
    devices: tuple[str, ...]
    """The outputs that the driver knows, by name."""
    rate_hz: int
    channels: int


def probe_sound(timeout_s: float = 20.0) -> SoundCard:
    """Open and close the sound card in a child process; at most `timeout_s` seconds (a Pi Zero needs several).

    SDL's variables are respected: SDL_AUDIODRIVER picks the driver and AUDIODEV the ALSA device.

    Raises:
        MusicError: there is no sound; the text says what SDL said, or that it crashed or hung.
        MissingDependencyError: pygame is not installed.

    """
    if importlib.util.find_spec("pygame") is None:
        raise MissingDependencyError("pygame is not installed; install it with `pip install 'mien[device]'`")
    child = _run_child(timeout_s)
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


def _run_child(timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    # -P: the child's own folder must not be searched for modules, a file in it could hide one of the library's.
    command = [sys.executable, "-P", str(Path(__file__).with_name("probe_child.py")), str(RATE_HZ), str(BUFFER_FRAMES)]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            env={**os.environ, **SDL_SETTINGS},
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise MusicError(f"the sound system gave no answer within {timeout_s:g} s; is a sound server stuck?") from None
    except OSError as error:
        raise MusicError(f"cannot start {sys.executable} to look for a sound card: {error.strerror}") from None
