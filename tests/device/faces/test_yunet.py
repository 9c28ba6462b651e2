"""YuNet: fetched only when asked for, only the very file, and behind the same Protocol."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from mien_device.__main__ import main
from mien_device.config import FacesConfig
from mien_device.faces.open import open_finder
from mien_device.faces.yunet import FILE, SIZE, YuNetFinder
from mien_models.errors import ModelError
from mien_models.preprocess import Box
from tests.needs import give_up


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def file(shared_data: Path) -> Path:
    path = shared_data / "data/peers" / FILE
    if not path.is_file():
        give_up(f"no data/peers/{FILE} in {shared_data}")
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server of a folder, as address and folder."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


@pytest.mark.footage
def test_it_is_installed_from_a_file_and_finds_faces(
    file: Path, state: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "install", "yunet", "--from", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == str(state / "models" / FILE)
    finder = open_finder(FacesConfig(finder="yunet"), state / "models")

    image = cv2.imread(str(shared_data / "footage/stills/astronaut.png"))
    (box,) = finder.find(image)
    assert box.score >= finder.sure
    assert box.height > box.width
    right_eye, left_eye, nose, right_mouth, _ = box.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    near = finder.find_near(image, Box(box.x + 10, box.y - 5, box.width, box.height))
    assert near is not None
    assert near.iou(box) > 0.75


@pytest.mark.footage
def test_it_is_installed_from_an_address(file: Path, state: Path, server: tuple[str, Path]) -> None:
    address, folder = server
    (folder / FILE).write_bytes(file.read_bytes())
    assert main(["models", "install", "yunet", "--from", f"{address}/{FILE}"]) == 0
    assert (state / "models" / FILE).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("content", [b"", b"x" * SIZE, b"x" * (SIZE + 100)])
def test_another_file_is_refused_and_nothing_is_left(
    server: tuple[str, Path], state: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    address, folder = server
    (folder / FILE).write_bytes(content)
    assert main(["models", "install", "yunet", "--from", f"{address}/{FILE}"]) == 5
    said = capsys.readouterr().err
    assert "not the file that mien knows" in said
    assert said.count("\n") == 1
    assert not state.exists()


@pytest.mark.parametrize("source", ["/nowhere/yunet.onnx", "http://127.0.0.1:9/yunet.onnx"])
def test_what_cannot_be_had_is_one_line(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "install", "yunet", "--from", source]) == 5
    assert source in capsys.readouterr().err


@pytest.mark.parametrize("words", [["install"], ["install", "haar"], ["install", "yunet", "haar"], ["--from", "x"]])
def test_nothing_else_can_be_installed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", *words]) == 3
    assert "yunet" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["", "  "])
def test_an_empty_source_is_no_word_for_the_internet(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--from "$FILE"` with a variable that is not set."""
    assert main(["models", "install", "yunet", "--from", source]) == 5
    said = capsys.readouterr().err
    assert "--from is empty" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("content", [b"onnx, or so it says", b"x" * SIZE])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match="fetch it anew"):
        YuNetFinder(tmp_path / FILE)


@pytest.mark.footage
def test_a_file_that_was_changed_after_it_was_installed_is_refused(file: Path, tmp_path: Path) -> None:
    """OpenCV would run one with a few other weights without a word."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match="damaged or exchanged"):
        YuNetFinder(tmp_path / FILE)


def test_a_folder_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(ModelError, match="fetch it anew"):
        YuNetFinder(tmp_path / FILE)
