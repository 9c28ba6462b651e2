"""OpenCV and FFmpeg say nothing on standard error, unless asked to. In processes of their own: levels are set once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OPEN_THEM_ALL = """
import sys
from mien_device.camera.open import open_camera
from mien_device.config.schema import CameraConfig
from mien_models.errors import MienError

for source in sys.argv[1:]:
    try:
        open_camera(CameraConfig(source=source))
    except MienError as error:
        print(error)
"""


def open_all(folder: Path, **environment: str) -> tuple[str, str]:
    """What the process wrote to standard output (a line for each source that failed) and to standard error."""
    (folder / "text.mp4").write_text("this is no video")
    (folder / "text.png").write_text("this is no picture")
    sources = [f"replay:{folder / 'text.mp4'}", f"replay:{folder / 'text.png'}", "opencv:77", f"opencv:{folder}/none"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    done = subprocess.run(
        [sys.executable, "-c", OPEN_THEM_ALL, *sources],
        env=inherited | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout, done.stderr


def test_silent(tmp_path: Path) -> None:
    printed, said = open_all(tmp_path)
    assert len(printed.splitlines()) == 4
    # The one warning that may stand here is our own, through Python's logging.
    assert said.splitlines() == [f"{tmp_path / 'text.png'}: not a picture that OpenCV can decode; left out"]


@pytest.mark.parametrize(
    ("variable", "level", "word"),
    [("OPENCV_LOG_LEVEL", "WARNING", "WARN"), ("OPENCV_FFMPEG_LOGLEVEL", "16", "moov atom not found")],
)
def test_the_user_may_ask_for_it(tmp_path: Path, variable: str, level: str, word: str) -> None:
    printed, said = open_all(tmp_path, **{variable: level})
    assert word in printed + said  # OpenCV prints FFmpeg's words on standard output
