"""Pictures of a folder, as a network wants them."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_convert.pictures import Scale, read_calibration, read_folder
from mien_models.errors import DataError


def write(path: Path, colour: tuple[int, int, int], height: int = 20, width: int = 30) -> None:
    """A picture of one colour, red, green, blue."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, content = cv2.imencode(path.suffix, np.full((height, width, 3), colour[::-1], np.uint8))
    assert done
    path.write_bytes(content.tobytes())


def test_colours_are_red_green_blue_and_sizes_the_networks(tmp_path: Path) -> None:
    write(tmp_path / "a.png", (250, 100, 10))

    pictures = read_folder(tmp_path, (8, 6, 3))

    assert (pictures.pixels.shape, pictures.pixels.dtype) == ((1, 8, 6, 3), np.uint8)
    assert pictures.pixels[0, 4, 4].tolist() == [250, 100, 10]


def test_grey(tmp_path: Path) -> None:
    write(tmp_path / "a.png", (80, 80, 80), 2, 2)

    assert read_folder(tmp_path, (4, 4, 1)).pixels.tolist() == [[[[80]] * 4] * 4]


def test_classes_are_the_folders(tmp_path: Path) -> None:
    write(tmp_path / "cat" / "young" / "a.png", (1, 1, 1))
    write(tmp_path / "dog" / "b.png", (1, 1, 1))
    write(tmp_path / "c.png", (1, 1, 1))

    assert read_folder(tmp_path, (2, 2, 1)).classes == (None, "cat", "dog")


def test_what_is_no_picture_is_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "a.png", (1, 1, 1))
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    (tmp_path / "c.jpg").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:30])
    (tmp_path / ".hidden").write_bytes(b"x")
    write(tmp_path / ".thumbnails" / "a.png", (1, 1, 1))

    with caplog.at_level(logging.WARNING):
        pictures = read_folder(tmp_path, (2, 2, 1))

    assert (len(pictures.pixels), pictures.skipped) == (1, 3)
    assert caplog.messages == [f"{tmp_path}: left out what is no picture: 3 files"]


def test_no_readable_picture_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.jpg").write_bytes(b"no picture")

    with pytest.raises(DataError, match=r"holds no picture that can be read \(files: 1\); give a folder with JPEG"):
        read_folder(tmp_path, (2, 2, 1))


def test_an_empty_and_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty; give"):
        read_folder(tmp_path, (2, 2, 1))
    with pytest.raises(DataError, match="no such folder"):
        read_folder(tmp_path / "nothing", (2, 2, 1))


def test_a_limit_draws_from_all_classes_and_the_same_again(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path / ("early" if number < 10 else "late") / f"{number}.png", (number, number, number), 2, 2)

    pictures = read_folder(tmp_path, (2, 2, 1), limit=8)

    assert len(pictures.pixels) == 8
    assert set(pictures.classes) == {"early", "late"}
    assert (read_folder(tmp_path, (2, 2, 1), limit=8).pixels == pictures.pixels).all()


def test_a_run_calibrates_with_its_faces(run: Path) -> None:
    assert read_calibration(run, (48, 48, 1), 30).pixels.shape == (30, 48, 48, 1)
    with pytest.raises(DataError, match="its faces are 48×48×1, the network takes 32×32×3"):
        read_calibration(run, (32, 32, 3), 30)


@pytest.mark.parametrize(("scale", "bounds"), [("0-255", [0, 255]), ("0-1", [0, 1]), ("-1-1", [-1, 1])])
def test_scales(scale: str, bounds: list[float]) -> None:
    scaled = Scale(scale).apply(np.array([0, 255], np.uint8))

    assert scaled.dtype == np.float32
    assert scaled.tolist() == pytest.approx(bounds)
