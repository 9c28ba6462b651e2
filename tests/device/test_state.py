"""What outlives a restart is written whole or not at all."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from mien_device import state
from mien_device.config import MusicMode
from mien_device.state import Memory, Remembered
from tests.waiting import LIMIT_S, wait_until


def test_round_trip(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "new")
    memory.keep(volume=31)
    memory.keep(camera=False, paused=True)
    memory.keep(mode=MusicMode.OFF)
    kept = Remembered(camera=False, volume=31, paused=True, mode=MusicMode.OFF)
    assert memory.remembered == kept
    assert memory.save()
    assert Memory(tmp_path / "new").remembered == kept
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.json"]


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    """An SD card wears out, and this is asked for at every command."""
    memory = Memory(tmp_path)
    memory.keep(volume=31)
    memory.save()
    before = (tmp_path / "state.json").stat().st_ino
    memory.keep(volume=31)
    memory.save()
    assert (tmp_path / "state.json").stat().st_ino == before


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The thread and the content of each time that the file is written."""
    real, seen = state.write_whole, list[tuple[str, str]]()

    def write(path: Path, text: str) -> bool:
        seen.append((threading.current_thread().name, text))
        return real(path, text)

    monkeypatch.setattr(state, "write_whole", write)
    return seen


def test_a_slider_is_written_seldom_and_by_nobody_who_has_other_work(
    tmp_path: Path, writes: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "WRITE_INTERVAL_S", 3600.0)
    memory = Memory(tmp_path)
    memory.keep(volume=1)
    wait_until((tmp_path / "state.json").exists)
    for volume in range(101):
        memory.keep(volume=volume)
    assert writes == [("mien-memory", '{"volume": 1}')]
    assert memory.save()
    assert json.loads((tmp_path / "state.json").read_text()) == {"volume": 100}
    assert len(writes) == 2
    memory.close()
    memory.close()
    assert memory._thread is not None
    assert not memory._thread.is_alive()


def test_left_alone_the_last_value_is_on_the_disk_soon(
    tmp_path: Path, writes: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "WRITE_INTERVAL_S", 0.2)
    memory = Memory(tmp_path)
    for volume in range(101):
        memory.keep(volume=volume)
    wait_until(lambda: Memory(tmp_path).remembered.volume == 100)
    assert len(writes) <= 2


def test_who_waits_is_told_when_it_is_on_the_disk(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    told: list[tuple[bool, Remembered]] = []

    def note(saved: bool) -> None:
        told.append((saved, Memory(tmp_path).remembered))

    memory.when_saved(note)
    assert told == [(True, Remembered())], "there is nothing to wait for"
    memory.keep(volume=7)
    memory.when_saved(note)
    wait_until(lambda: len(told) == 2)
    assert told[1] == (True, Remembered(volume=7))


def test_what_is_taken_back_while_it_is_written_is_taken_back_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path)
    memory.keep(volume=1)
    memory.save()
    real = state.write_whole

    def slow(path: Path, text: str) -> bool:
        monkeypatch.setattr(state, "write_whole", real)
        memory.keep(volume=1)
        return real(path, text)

    monkeypatch.setattr(state, "write_whole", slow)
    memory.keep(volume=2)
    memory.save()
    memory.save()
    assert Memory(tmp_path).remembered.volume == 1


def test_many_threads_and_what_is_said_to_be_saved_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "WRITE_INTERVAL_S", 0.01)
    memory, late = Memory(tmp_path), list[str]()

    def turn(key: str, values: range) -> None:
        for value in values:
            memory.keep(**{key: value if key == "volume" else bool(value % 2)})  # type: ignore[arg-type]
            told = threading.Event()
            memory.when_saved(lambda saved, told=told: told.set() if saved else None)
            if not told.wait(LIMIT_S):
                late.append(key)
            on_disk = getattr(Memory(tmp_path).remembered, key)
            if on_disk != getattr(memory.remembered, key):
                late.append(f"{key} {value} {on_disk}")

    threads = [threading.Thread(target=turn, args=(key, range(20))) for key in ("volume", "paused", "camera")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert late == []


def test_nothing_kept_yet(tmp_path: Path) -> None:
    assert Memory(tmp_path).remembered == Remembered()


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", Remembered(camera=False)),
        (b"{", Remembered(camera=False)),
        (b"[]", Remembered(camera=False)),
        (b"\xff", Remembered(camera=False)),
        (b'{"camera": "perhaps", "volume": 3}', Remembered(camera=False, volume=3)),
        (b'{"camera": false, "brightness": 5}', Remembered(camera=False)),
        (b'{"camera": true, "volume": 200, "mode": "off"}', Remembered(camera=True, mode=MusicMode.OFF)),
        (b'{"volum": 3}', Remembered()),
    ],
)
def test_a_damaged_file_costs_what_is_damaged_and_never_opens_the_camera(
    tmp_path: Path, content: bytes, kept: Remembered, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert Memory(tmp_path).remembered == kept
    assert "state.json" in caplog.text
    assert ("the camera stays switched off; switch it on from the home, or delete" in caplog.text) == (
        kept.camera is False and b"false" not in content
    )


def test_a_place_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file")
    memory.keep(volume=5)
    told: list[bool] = []
    memory.when_saved(told.append)
    assert not memory.save()
    assert told == [False]
    assert "not saved" in caplog.text
    (tmp_path / "file").unlink()
    memory.keep(volume=5)  # asked again, it is tried again
    assert memory.save()
    assert Memory(tmp_path / "file").remembered.volume == 5


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "RETRY_S", 0.1)
    folder = tmp_path / "state"
    memory = Memory(folder)
    folder.write_text("a file, where the folder should be: nothing can be written there")
    told: list[bool] = []
    memory.keep(volume=12)
    memory.when_saved(told.append)
    wait_until(lambda: told == [False])
    assert memory.trouble is not None
    assert str(folder / "state.json") in memory.trouble
    memory.keep(volume=13)
    folder.unlink()
    wait_until(lambda: memory.trouble is None)
    assert json.loads((folder / "state.json").read_text()) == {"volume": 13}, "nobody had to set it again"
    memory.close()
