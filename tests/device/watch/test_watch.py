"""`mien watch` on a film of the demo's scenes, through the shipped models."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_device.__main__ import main
from mien_device.camera.scenes import DemoCamera
from mien_models.preprocess import Image

FRAMES, FPS = 40, 10
LONG_AGO = 2.0
"""Of the scenes: the first face is there from here on."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "party.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (640, 480))
    artist = DemoCamera()
    for number in range(FRAMES):
        writer.write(artist.draw(LONG_AGO + number / FPS))
    writer.release()
    return path


def pictures(path: Path) -> list[Image]:
    capture, found = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        found.append(np.asarray(read[1], np.uint8))
    capture.release()
    return found


def test_the_moods_are_told_and_drawn(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "seen.mp4"

    assert main(["watch", str(film), "--out", str(out), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["seconds"]) == (FRAMES, pytest.approx((FRAMES - 1) / FPS))
    assert told["frames_with_faces"] > FRAMES / 2
    assert told["people"] == 1
    assert told["moods"][0]["mood"] == "none"
    assert len(told["moods"]) >= 2
    assert list(tmp_path.iterdir()) == [out]
    before, after = pictures(film), pictures(out)
    assert len(after) == FRAMES
    changed = np.abs(after[-1].astype(int) - before[-1]).max(axis=2) > 80
    assert changed[:440].sum() > 300, "a box and its label"
    assert after[-1][445:].mean() < before[-1][445:].mean(), "a dark band with the mood"


def test_without_out_nothing_is_written(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(film.parent.iterdir())
    assert main(["watch", str(film)]) == 0
    assert f"{FRAMES} frames (0:03.9)" in capsys.readouterr().out
    assert sorted(film.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [
        ("seen.avi", 3, "must end in .mp4"),
        ("no folder/seen.mp4", 5, "cannot be written"),
    ],
)
def test_a_place_that_cannot_be_is_one_line(
    film: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], out: str, code: int, words: str
) -> None:
    assert main(["watch", str(film), "--out", str(tmp_path / out)]) == code
    error = capfd.readouterr().err
    assert words in error
    assert not list(tmp_path.iterdir())


def test_the_film_itself_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = tmp_path / "party.mp4"
    film.write_bytes(b"precious")
    assert main(["watch", str(film), "--out", str(film)]) == 3
    assert "is the film itself" in capsys.readouterr().err
    assert film.read_bytes() == b"precious"


def test_what_is_no_film_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words.mp4").write_text("no film")
    assert main(["watch", str(tmp_path / "words.mp4")]) == 5
    assert "words.mp4: not a video or picture" in capsys.readouterr().err
