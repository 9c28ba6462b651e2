"""From a film to the same film with what mien saw, and to a list of the moods in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
from pydantic import BaseModel

from mien_device.camera.replay import ReplayCamera
from mien_device.pipeline import Observation, Pipeline
from mien_device.watch.drawing import draw
from mien_models.errors import DataError
from mien_models.labels import Mood
from mien_models.preprocess import Image

CODEC = "mp4v"
"""MPEG-4 Part 2: what OpenCV's wheels can write everywhere; H.264 is in none of them."""


class Told(BaseModel):
    """A mood, from when on it was told."""

    at_s: float
    """From the beginning of the film."""
    mood: Mood
    confidence: float
    """0…1, at that moment."""
    faces: int
    """People in view."""


class Watched(BaseModel):
    """What was in a film."""

    film: str
    out: str | None
    """Where the drawn one was written."""
    frames: int
    seconds: float
    frames_with_faces: int
    people: int
    """Ids given; one who comes back after a while is another."""
    moods: list[Told]
    """In their order."""


def watch(camera: ReplayCamera, pipeline: Pipeline, out: Path | None, seen: Callable[[int], None]) -> Watched:
    """Look at every frame, as fast as it goes, and write it with what was seen in it to `out`, if that is given.

    Args:
        camera: the film; one that is not `realtime` and does not loop.
        pipeline: what looks.
        out: an .mp4 file, replaced whole or not at all. There is no sound in it.
        seen: told of the frames so far.

    Raises:
        DataError: `out` cannot be written.

    """
    result = Watched(
        film=camera.name, out=out and str(out), frames=0, seconds=0, frames_with_faces=0, people=0, moods=[]
    )
    film = None if out is None else Film(out, camera.fps)
    try:
        while (frame := camera.read()) is not None:
            observation = pipeline.step(frame)
            if film is not None:
                film.add(draw(frame.image, observation))
            _take_note(result, observation, result.frames / camera.fps)
            seen(result.frames)
        if film is not None:
            film.finish()
    finally:
        if film is not None:
            film.close()
    return result


def _take_note(result: Watched, observation: Observation, at_s: float) -> None:
    state = observation.state
    if not result.moods or observation.changed:
        told = Told(at_s=round(at_s, 2), mood=state.mood, confidence=round(state.confidence, 3), faces=state.faces)
        result.moods.append(told)
    result.frames += 1
    result.seconds = round(at_s, 2)
    result.frames_with_faces += bool(observation.faces)
    result.people += observation.arrived


class Film:
    """A film that is written: its file appears when it is finished."""

    def __init__(self, path: Path, fps: float) -> None:
        """Nothing is written before the first picture."""
        self._path, self._fps = path, fps
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.new.mp4")  # OpenCV goes by the ending
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, picture: Image) -> None:
        """One more picture (h, w, 3); one of another size than the first is brought to it.

        Raises:
            DataError: it cannot be written.

        """
        if self._writer is None:
            self._size = picture.shape[1], picture.shape[0]
            code = cv2.VideoWriter.fourcc(*CODEC)
            self._writer = cv2.VideoWriter(str(self._partial), cv2.CAP_FFMPEG, code, self._fps, self._size)
            if not self._writer.isOpened():
                raise DataError(
                    f"{self._path}: cannot be written; name an .mp4 file in a folder that can be, with room"
                )
        if picture.shape[1::-1] != self._size:
            picture = cv2.resize(picture, self._size)  # type: ignore[assignment]
        self._writer.write(picture)

    def finish(self) -> None:
        """Put it where it belongs.

        Raises:
            DataError: it cannot be written, or there was not one picture.

        """
        self._release()
        try:
            self._partial.replace(self._path)
        except OSError as error:
            raise DataError(
                f"{self._path}: cannot be written ({error.strerror}); name an .mp4 file elsewhere"
            ) from None

    def close(self) -> None:
        """Leave nothing behind that is half."""
        self._release()
        self._partial.unlink(missing_ok=True)

    def _release(self) -> None:
        if self._writer is not None:
            self._writer.release()
