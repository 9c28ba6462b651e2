"""Hardware that breaks: a camera, a sound card and a Coral, which are well or not as the world has it."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mien_device.camera import Camera, Frame
from mien_device.camera.living import Liveliness
from mien_device.camera.scenes import DemoCamera
from mien_device.music.player.sdl import FRAME_BYTES, SdlError, SoundCard
from mien_device.simulate.trace import Kind
from mien_device.simulate.world import World
from mien_models.errors import CameraError, ModelError, MusicError
from mien_models.labels import Emotion
from mien_models.preprocess import Image
from mien_models.runtime import open_on_processor, try_in_child

PROBE_S = 10.0
ACTS, ACT_S, PICTURES = (Emotion.HAPPY, Emotion.SURPRISE, Emotion.SAD), 10.0, 8
"""Who is in view, each for how long, in how many pictures."""


class SceneLoop:
    """Somebody in view all the time: a few drawn scenes again and again, so that the simulation leaves the processor to mien."""

    name = "scenes"

    def __init__(self, fps: float = 10.0) -> None:
        self._scenes = draw_scenes()
        self._period_s = 1 / fps
        self._closed = threading.Event()
        self._started = time.monotonic()
        self._number = 0

    def read(self) -> Frame | None:
        due = self._started + self._number * self._period_s
        if self._closed.wait(max(0.0, due - time.monotonic())):
            return None
        now = time.monotonic()
        scenes = self._scenes
        act = int((now - self._started) / ACT_S) % len(scenes)
        frame = Frame(scenes[act][self._number % len(scenes[act])], now, self._number)
        self._number = max(self._number + 1, int((now - self._started) / self._period_s))
        return frame

    def close(self) -> None:
        self._closed.set()


@functools.cache
def draw_scenes() -> list[list[Image]]:
    """For each of a few faces some pictures that follow each other."""
    camera = DemoCamera(script=tuple((face, ACT_S) for face in ACTS))
    starts = [number * ACT_S + 1.0 for number in range(len(ACTS))]
    return [[camera.draw(start + 0.1 * picture) for picture in range(PICTURES)] for start in starts]


class BreakingCamera:
    """A `Camera` around another one. Like a real one it keeps its promises only while its driver does.

    Raises:
        CameraError: it is unplugged.

    """

    def __init__(self, open_camera: Callable[[], Camera], world: World, timeout_s: float) -> None:
        self._world = world
        world.wait_out(Kind.CAMERA_HUNG)
        self._check_plug()
        self._camera = open_camera()
        self.name = f"simulated camera ({self._camera.name})"
        self._timeout_s = timeout_s
        self._liveliness = Liveliness("simulated camera", timeout_s)
        self._last: Frame | None = None
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        frame = self._camera.read()
        self._world.wait_out(Kind.CAMERA_HUNG)  # whatever is closed meanwhile
        self._check_plug()
        if self._world.broken(Kind.CAMERA_SILENT):
            self._closed.wait(self._timeout_s)
            raise CameraError(f"simulated camera gave no frame for {self._timeout_s:g} s; check its plug")
        if frame is None:
            return None
        if self._world.broken(Kind.CAMERA_BLACK):
            frame = replace(frame, image=np.zeros_like(frame.image))
        elif self._world.broken(Kind.CAMERA_STALE) and self._last is not None:
            frame = replace(frame, image=self._last.image.copy())
        self._last = frame
        self._liveliness.check(frame.image, frame.captured_at)
        return frame

    def close(self) -> None:
        self._closed.set()
        self._world.wait_out(Kind.CAMERA_HUNG)
        self._camera.close()

    def _check_plug(self) -> None:
        if self._world.broken(Kind.CAMERA_UNPLUGGED):
            raise CameraError("the simulated camera is not there; check its plug")


class BreakingCard:
    """A sound card that nobody hears and that takes sound as fast as one. A `CardStream`."""

    driver: str = "simulated"
    devices: tuple[str, ...] = ("simulated card",)

    def __init__(self, world: World, rate_hz: int) -> None:
        self._world = world
        self._rate_hz = rate_hz
        self._empty_at = time.monotonic()
        if self.lost:
            raise SdlError("the simulated card is not there")

    @property
    def lost(self) -> bool:
        return self._world.broken(Kind.SOUND_GONE)

    @property
    def queued(self) -> int:
        return max(0, round((self._empty_at - time.monotonic()) * self._rate_hz))

    def queue(self, samples: bytes) -> None:
        if self.lost:
            raise SdlError("the simulated card is gone")
        self._empty_at = max(self._empty_at, time.monotonic()) + len(samples) / FRAME_BYTES / self._rate_hz

    def close(self) -> None:
        pass


def probe_card(world: World) -> SoundCard:
    """What `probe_sound` is for a real card.

    Raises:
        MusicError: it is not there.

    """
    if world.broken(Kind.SOUND_GONE):
        raise MusicError("no sound card can be opened: the simulated card is not there; plug it in")
    return SoundCard(BreakingCard.driver, BreakingCard.devices, 44_100, 2)


class BreakingTpu:
    """A Coral that computes on the processor. A `Tpu`: it is tried in a child process, which really crashes or hangs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def probe(self, model: Path) -> str | None:
        code = "raise OSError('it is not there')" if self._world.broken(Kind.ACCELERATOR_GONE) else "pass"
        if self._world.broken(Kind.ACCELERATOR_CRASH):
            code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
        if self._world.broken(Kind.ACCELERATOR_HUNG):
            code = "import time; time.sleep(3600)"
        return try_in_child(code, "the simulated Coral", "is tried", PROBE_S)

    def open(self, model: Path, threads: int) -> Any:
        if self._world.broken(Kind.ACCELERATOR_GONE):
            raise ModelError("Edge TPU: the simulated Coral is not there; plug it in")
        return _BreakingInterpreter(self._world, open_on_processor(model, threads))

    def reset(self) -> None:
        pass


class _BreakingInterpreter:
    def __init__(self, world: World, interpreter: Any) -> None:
        self._world = world
        self._interpreter = interpreter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interpreter, name)

    def invoke(self) -> None:
        if self._world.broken(Kind.ACCELERATOR_CRASH):
            os.kill(os.getpid(), signal.SIGSEGV)
        self._world.wait_out(Kind.ACCELERATOR_HUNG)
        if self._world.broken(Kind.ACCELERATOR_GONE):
            raise RuntimeError("the simulated Coral is gone")
        self._interpreter.invoke()
