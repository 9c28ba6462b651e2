"""mien's pipeline over a clip, every frame as fast as it goes. Prints one JSON object."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

# Field 22 of /proc/self/stat is when the process began, in ticks since the machine's start (proc(5)).
TICKS = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
SPENT = time.clock_gettime(time.CLOCK_BOOTTIME) - TICKS / os.sysconf("SC_CLK_TCK")
STARTED = time.monotonic() - SPENT

from mien_device.camera.replay import ReplayCamera  # noqa: E402
from mien_device.config import Config  # noqa: E402
from mien_device.faces.open import open_finder  # noqa: E402
from mien_device.pipeline import Pipeline  # noqa: E402
from mien_device.state import models_folder  # noqa: E402
from mien_models.runner import Classifier  # noqa: E402
from mien_models.shipped import find_model  # noqa: E402


def main() -> None:
    config = Config()
    pipeline = Pipeline(
        open_finder(config.faces, models_folder()), Classifier.open(find_model("emotion")), config.faces, config.mood
    )
    camera = ReplayCamera(Path(sys.argv[1]), loop=False, realtime=False)
    frames = answered = 0
    first = begun = 0.0
    while (frame := camera.read()) is not None:
        observation = pipeline.step(frame)
        if not begun:
            begun = time.monotonic()  # the first frame warms up and is not timed
            frames = -1
        frames += 1
        answered += observation.faces_read > 0
        if observation.faces_read and not first:
            first = time.monotonic() - STARTED
    seconds = time.monotonic() - begun
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    figures = {
        "frames_per_s": frames / seconds,
        "peak_mib": int(peak.split()[1]) / 1024,
        "first_answer_s": first,
        "answered": answered / (frames + 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
