"""SDL's audio queue, through the SDL library that pygame brings.

pygame itself offers two ways to a sound card, and neither streams well: its mixer wants whole sounds, and its audio
callback needs the interpreter for every buffer (and hung for ever when it was closed in a busy process, pygame 2.6.1).
SDL's queue is emptied by a thread of SDL's own, which never waits for the interpreter.

Run as `python -P sdl.py RATE_HZ FRAMES DEVICE` it looks for a sound card and prints one JSON object: the fields of
`SoundCard`, or `error`. It imports nothing of mien, so that this starts fast and runs wherever the package may lie.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

SETTINGS = {
    "SDL_NO_SIGNAL_HANDLERS": "1",  # SIGTERM belongs to the daemon; SDL would turn it into an event nobody reads
    "SDL_AUDIO_DEVICE_APP_NAME": "mien",  # what PulseAudio and PipeWire show
}
_AUDIO = 0x10
_S16 = 0x9010 if sys.byteorder == "big" else 0x8010
_STOPPED = 0
FRAME_BYTES = 4


class SdlError(Exception):
    """What SDL says went wrong."""


@dataclass(frozen=True, slots=True)
class SoundCard:
    """What SDL opened when it was asked for sound."""

    driver: str
    """SDL's name of it: alsa, pulseaudio, pipewire, dummy, disk, …"""
    devices: tuple[str, ...]
    """The outputs that the driver knows, by name."""
    rate_hz: int
    channels: int


class _Spec(ctypes.Structure):
    """SDL_AudioSpec of SDL 2."""

    _fields_ = (
        ("freq", ctypes.c_int),
        ("format", ctypes.c_uint16),
        ("channels", ctypes.c_uint8),
        ("silence", ctypes.c_uint8),
        ("samples", ctypes.c_uint16),
        ("padding", ctypes.c_uint16),
        ("size", ctypes.c_uint32),
        ("callback", ctypes.c_void_p),
        ("userdata", ctypes.c_void_p),
    )


class Stream:
    """An open output for 16-bit stereo, for any thread. One at a time in a process: opening one takes the card from the other.

    Raises:
        SdlError: it cannot be opened; the text is SDL's own.

    """

    _lock: ClassVar[threading.Lock] = threading.Lock()
    """Held for every call: SDL crashes where a device is closed twice, or asked while it is closed."""
    _present: ClassVar[Stream | None] = None
    """Which one has the card."""

    def __init__(self, rate_hz: int, frames: int, device: str) -> None:
        self._sdl, self._quick = _library()
        with Stream._lock:
            Stream._present = None
            self._open(rate_hz, frames, device)
            Stream._present = self

    def _open(self, rate_hz: int, frames: int, device: str) -> None:
        # Anew: a sound server that went away leaves SDL with a connection that is good for nothing.
        self._sdl.SDL_QuitSubSystem(_AUDIO)
        if self._sdl.SDL_InitSubSystem(_AUDIO) != 0:
            raise SdlError(self._said())
        self.devices = self._list()
        name = self._find(device)
        wanted, got = _Spec(rate_hz, _S16, 2, 0, frames), _Spec()
        self._id = self._sdl.SDL_OpenAudioDevice(name, 0, ctypes.byref(wanted), ctypes.byref(got), 0)
        if self._id == 0:
            raise SdlError(self._said())
        self.driver = (self._sdl.SDL_GetCurrentAudioDriver() or b"unknown").decode()
        self._sdl.SDL_PauseAudioDevice(self._id, 0)

    @property
    def lost(self) -> bool:
        """Whether the card or the sound server has gone, or another stream has the card."""
        with Stream._lock:
            return Stream._present is not self or bool(self._quick.SDL_GetAudioDeviceStatus(self._id) == _STOPPED)

    @property
    def queued(self) -> int:
        """Frames that wait for the card."""
        with Stream._lock:
            if Stream._present is not self:
                return 0
            return int(self._quick.SDL_GetQueuedAudioSize(self._id)) // FRAME_BYTES

    def queue(self, samples: bytes) -> None:
        """Add interleaved 16-bit stereo to what waits.

        Raises:
            SdlError: it does not take it, or was closed.

        """
        with Stream._lock:
            if Stream._present is not self:
                raise SdlError("it was taken away")
            if self._quick.SDL_QueueAudio(self._id, samples, len(samples)) != 0:
                raise SdlError(self._said())

    def close(self) -> None:
        """Let go of the card. May be called twice, by two threads at once, and after another stream has taken the card."""
        with Stream._lock:
            if Stream._present is self:
                Stream._present = None
                self._sdl.SDL_CloseAudioDevice(self._id)
                self._sdl.SDL_QuitSubSystem(_AUDIO)

    def _list(self) -> tuple[str, ...]:
        names = (self._sdl.SDL_GetAudioDeviceName(number, 0) for number in range(self._sdl.SDL_GetNumAudioDevices(0)))
        return tuple(name.decode(errors="replace") for name in names if name)

    def _find(self, device: str) -> bytes | None:
        """SDL's name for what the user calls `device`: that very name, or the first one that contains it."""
        if not device:
            return None
        found = [name for name in self.devices if name == device]
        found += [name for name in self.devices if device.casefold() in name.casefold()]
        if not found:
            raise SdlError(f"there is no output '{device}' (music.device), only {', '.join(self.devices) or 'none'}")
        return found[0].encode()

    def _said(self) -> str:
        return (self._sdl.SDL_GetError() or b"no reason given").decode(errors="replace")


def installed() -> bool:
    """Whether pygame, and so SDL, is there. It is not imported."""
    return importlib.util.find_spec("pygame") is not None


def _library() -> tuple[ctypes.CDLL, ctypes.PyDLL]:
    """SDL 2: pygame's own copy (or pygame-ce's), else the system's, which Debian's pygame uses.

    Twice: for calls that may take long, and for those that take no time and so had better not give the interpreter away.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    spec = importlib.util.find_spec("pygame")
    folders = [Path(place).parent for place in (spec.submodule_search_locations or ())] if spec else []
    own = [path for folder in folders for path in folder.glob("pygame*.libs/libSDL2-2*.so*")]
    try:
        sdl = ctypes.CDLL(str(own[0]) if own else "libSDL2-2.0.so.0")
        quick = ctypes.PyDLL(sdl._name)
    except OSError as error:
        raise SdlError(f"SDL cannot be loaded: {error}") from None
    sdl.SDL_OpenAudioDevice.argtypes = [ctypes.c_char_p, ctypes.c_int, *2 * [ctypes.POINTER(_Spec)], ctypes.c_int]
    sdl.SDL_OpenAudioDevice.restype = ctypes.c_uint32
    quick.SDL_QueueAudio.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint32]
    quick.SDL_GetQueuedAudioSize.restype = ctypes.c_uint32
    for text in (sdl.SDL_GetError, sdl.SDL_GetCurrentAudioDriver, sdl.SDL_GetAudioDeviceName):
        text.restype = ctypes.c_char_p
    return sdl, quick


def _look(rate_hz: int, frames: int, device: str) -> dict[str, object]:
    try:
        stream = Stream(rate_hz, frames, device)
    except SdlError as error:
        return {"error": str(error)}
    card = SoundCard(stream.driver, stream.devices, rate_hz, 2)
    stream.close()
    return asdict(card)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_look(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
