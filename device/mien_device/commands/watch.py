"""`mien watch`: what mien sees in a film, told and drawn."""

from __future__ import annotations

import sys
from pathlib import Path

from mien_device.camera.replay import ReplayCamera
from mien_device.commands.progress import Bar
from mien_device.config import Config
from mien_device.faces.open import open_finder
from mien_device.folders import models_folder
from mien_device.pipeline import Pipeline
from mien_device.watch.film import Watched, watch
from mien_models.errors import ConfigError
from mien_models.labels import Mood
from mien_models.runner import Classifier
from mien_models.shipped import find_model


def run_watch(config: Config, film: Path, out: Path | None, *, as_json: bool) -> int:
    """Print when which mood began, and write the film with what was seen drawn over it to `out`.

    Raises:
        ConfigError: `out` is no .mp4 file, or the film itself.
        DataError: the film cannot be shown, or `out` not be written.

    """
    if out is not None:
        _check_out(film, out)
    camera = ReplayCamera(film, loop=False, realtime=False)
    classifier = Classifier.open(find_model(config.model.emotion), config.model.accelerator, config.model.threads)
    finder = open_finder(config.faces, models_folder(), config.model.accelerator)
    bar = Bar(film.name)
    try:
        pipeline = Pipeline(finder, classifier, config.faces, config.mood)
        watched = watch(camera, pipeline, out, lambda done: bar.show(done, max(done, camera.frames)))
    finally:
        bar.close()
        camera.close()
    sys.stdout.write((watched.model_dump_json() if as_json else _text(watched)) + "\n")
    return 0


def _check_out(film: Path, out: Path) -> None:
    if out.suffix.lower() != ".mp4":
        raise ConfigError(f"--out {out}: must end in .mp4")
    if out.exists() and out.samefile(film):
        raise ConfigError(f"--out {out}: is the film itself; name another file")


def _text(watched: Watched) -> str:
    lines = [
        f"{_clock(told.at_s)}  {told.mood}" + ("" if told.mood is Mood.NONE else f"  {100 * told.confidence:.0f} %")
        for told in watched.moods
    ]
    lines.append(
        f"{watched.frames} frames ({_clock(watched.seconds)}), {watched.frames_with_faces} with faces, people: {watched.people}"
    )
    return "\n".join([*lines, f"written: {watched.out}"] if watched.out else lines)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
