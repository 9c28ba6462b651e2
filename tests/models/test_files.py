"""Writing in one step: the old content or the new, and nothing beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mien_models.files import check_place, write_atomically


def test_what_fails_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_who_write_a_shared_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "shared"
    program = (
        "import sys; from pathlib import Path; from mien_models.files import write_atomically\n"
        "for _ in range(300): write_atomically(Path(sys.argv[1]), sys.argv[2].encode() * 5000, shared=True)"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, str(path), letter]) for letter in "ab"]

    assert [process.wait(60) for process in both] == [0, 0]
    assert path.read_bytes() in (b"a" * 5000, b"b" * 5000)
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_is_tried_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    check_place(tmp_path / "result")
    check_place(tmp_path / "new" / "deep" / "result")
    check_place(Path("/result"))
    check_place(Path("/"))
    (tmp_path / "link").symlink_to("/proc/self/new")
    with pytest.raises(OSError, match="director"):
        check_place(tmp_path / "link")
    with pytest.raises(OSError, match="name too long"):
        check_place(tmp_path / ("x" * 300))
    for place, named in (
        (tmp_path / "file" / "result", tmp_path / "file"),
        (Path("/proc/self/new/result"), f"/proc/{os.getpid()}"),
    ):
        with pytest.raises(OSError, match="director") as caught:
            check_place(place)
        assert caught.value.filename == str(named)

    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}
