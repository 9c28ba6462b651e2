"""The history's file: sums that add up, all or nothing in a power cut, and no byte left of what was erased."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from mien_device.history import SEVEN, Minute, Play, summary
from mien_device.history.keeper import WRITE_S
from mien_device.history.store import FILE, MIGRATIONS, History
from mien_models.errors import DataError
from tests.disks import SmallDisk

AT = 1_780_000_020
TITLE = "Nobody must find this title"


def minute(at: float = AT, seconds: float = 30.0, people: int = 1) -> Minute:
    moods = [0.0] * SEVEN
    moods[3] = seconds
    return Minute(at, seconds + 5, moods, 0.8 * seconds, 0.5 * seconds, people)


def play(at: float = AT, title: str = TITLE) -> Play:
    return Play(at, title, "Band", "follow", 100.0, -0.1, 0.2)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{FILE}*")))


def test_parts_of_a_minute_are_one_minute(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.write([minute(AT, 10), minute(AT + 20, 5, people=3)], [])
    history.write([minute(AT + 35, 15), minute(AT + 60, 1)], [play()])
    first, second = history.minutes(0, 2 * AT)
    assert (first.at, first.seen_s, first.people) == (AT // 60 * 60, 45.0, 3)
    assert first.read_s == 30.0
    assert first.valence_s == pytest.approx(0.8 * 30)
    assert second.at == first.at + 60
    assert history.plays(0, 2 * AT) == [play()]
    assert history.first == first.at
    assert list(history.all_minutes()) == [first, second]
    history.close()
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "nothing lies beside it"


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
def test_quarters_make_the_chart_that_their_minutes_make(
    tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        autumn = 1_792_800_000  # the clocks of Berlin are put back within these days
        history = History(tmp_path)
        history.write([minute(autumn + 420 * n, n % 50, people=1 + n % 3) for n in range(600)], [])
        minutes, quarters = history.minutes(0, 2 * AT), history.quarters(0, 2 * AT)
        assert len(quarters) < len(minutes) / 2
        for slot_minutes in summary.SLOT_MINUTES.values():
            assert summary.slots(quarters, slot_minutes) == summary.slots(minutes, slot_minutes)
        assert summary.total(quarters) == summary.total(minutes)
        assert history.quarters(autumn + 900, autumn + 1800)[0].seen_s == sum(
            each.seen_s for each in history.minutes(autumn + 900, autumn + 1800)
        )
        history.close()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nothing_is_made_before_there_is_something_to_keep(tmp_path: Path) -> None:
    history = History(tmp_path / "state")
    assert history.minutes(0, 2 * AT) == history.plays(0, 2 * AT) == []
    assert history.first is None
    history.prune(0, 1)
    history.erase()
    history.close()
    assert list(tmp_path.iterdir()) == []


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.write([minute()], [])
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    history.close()


def test_what_is_too_old_or_of_a_wrong_clock_goes_and_leaves_no_byte(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.write([minute(AT), minute(AT + 600), minute(AT + 9_000_000)], [play(AT), play(AT + 600, "Stays")])
    history.prune(AT + 60, AT + 86_400)
    assert [each.at for each in history.minutes(0, 3 * AT)] == [(AT + 600) // 60 * 60]
    assert [each.title for each in history.plays(0, 3 * AT)] == ["Stays"]
    history.close()
    assert b"Stays" in bytes_of(tmp_path)
    assert TITLE.encode() not in bytes_of(tmp_path)


def test_erased_is_erased_while_it_is_open_too(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number in range(300):
        history.write([minute(AT + 60 * number)], [play(AT + number, f"{TITLE} {number}")])
    assert bytes_of(tmp_path).count(TITLE.encode()) >= 300
    before = sum(path.stat().st_size for path in tmp_path.iterdir())
    history.erase()
    assert bytes_of(tmp_path).count(TITLE.encode()) == 0
    assert (tmp_path / FILE).stat().st_size < before / 2
    assert history.first is None
    history.write([minute()], [play(title="After")])
    assert [each.title for each in history.plays(0, 2 * AT)] == ["After"]
    history.close()


def test_who_reads_meanwhile_is_waited_for_and_one_who_hangs_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien_device.history.store.BUSY_S", 0.1)
    history = History(tmp_path)
    history.write([minute()], [play()])
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM play").fetchall()
        with pytest.raises(DataError, match="another process holds it"):
            history.erase()
    history.erase()
    assert TITLE.encode() not in bytes_of(tmp_path)
    history.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_file_is_said_and_can_be_erased(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    history = History(tmp_path)
    with pytest.raises(DataError, match=r"history\.sqlite3: damaged; erase"):
        history.write([minute()], [])
    with pytest.raises(DataError, match="damaged"):
        history.check()
    history.erase()
    history.write([minute()], [])
    assert len(history.minutes(0, 2 * AT)) == 1
    history.close()


def test_a_file_with_other_tables_is_said_and_can_be_erased(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as plain, plain:
        plain.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        plain.execute("CREATE TABLE minute (at INTEGER PRIMARY KEY)")
    history = History(tmp_path)
    for use in (history.check, lambda: history.write([minute()], [])):
        with pytest.raises(DataError, match=r"history\.sqlite3: its tables are not those of mien; erase"):
            use()
    history.erase()
    history.write([minute()], [play()])
    history.check()


def test_a_damaged_file_on_a_disk_that_cannot_be_written_is_not_said_to_be_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(DataError, match="Read-only file system; is the disk read-only"):
        History(tmp_path).erase()


def test_a_history_of_tomorrow_is_left_alone(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.write([minute()], [])
    history.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as plain, plain:
        plain.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(DataError, match="newer mien"):
        history.minutes(0, 1)


def test_a_full_disk_takes_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    with SmallDisk(tmp_path / "disk", 2 << 20) as disk:
        history = History(disk.folder)
        history.write([minute()], [play()])
        disk.fill()
        with pytest.raises(DataError, match="disk"):
            history.write([minute(AT + 60 * n) for n in range(3000)], [])
        disk.free()
        assert len(history.minutes(0, 2 * AT)) == 1
        history.write([minute(AT + 60)], [])
        assert len(history.minutes(0, 2 * AT)) == 2
        history.close()


def handed_to_the_disk() -> int:
    """Bytes that this process has written to files so far."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["wchar"])


def test_an_hour_with_somebody_in_view_all_the_time_costs_less_than_a_quarter_of_a_megabyte(tmp_path: Path) -> None:
    """Beside a month that is there already."""
    history = History(tmp_path)
    history.write([minute(AT - 60 * n) for n in range(30 * 1440)], [play(AT - 200 * n) for n in range(12_000)])
    before = handed_to_the_disk()
    for number in range(round(3600 / WRITE_S)):
        at = AT + 60 + WRITE_S * number
        history.write(
            [minute(at + 60 * n) for n in range(round(WRITE_S / 60))],
            [play(at + 200 * n) for n in range(round(WRITE_S / 200))],
        )
    assert handed_to_the_disk() - before < 250_000
    history.close()


WRITER = """
import sys
from pathlib import Path
from tests.device.history.test_store import AT, minute, play
from mien_device.history.store import History
history = History(Path(sys.argv[1]))
number = 0
while True:
    history.write([minute(AT + 60 * number)], [play(AT + 60 * number, str(number))])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("after", [0, 3, 20])
def test_killed_in_the_middle_it_has_all_that_was_written_and_no_half_of_anything(tmp_path: Path, after: int) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout is not None
        written = -1
        while written < after:
            written = int(writer.stdout.readline())
        time.sleep(0.002 * after)
        writer.kill()
        written = int((writer.stdout.read().split() or [b"%d" % written])[-1])
    history = History(tmp_path)
    history.check()
    minutes, plays = history.minutes(0, 2 * AT), history.plays(0, 2 * AT)
    assert written + 1 <= len(minutes) <= written + 2, "what was said to be written is there"
    assert [int(each.title) for each in plays] == list(range(len(minutes))), (
        "minute and song come together or not at all"
    )
    history.close()
