"""Less work while the board is hot, without going to and fro."""

from __future__ import annotations

import itertools
from pathlib import Path

from mien_device.health.board import power_trouble, undervoltage
from mien_device.health.heat import COOL_C, HOT_C, SETTLE_S, SLOWEST, Cooling


def test_slower_step_by_step_and_back() -> None:
    cooling, strides = Cooling(), list[int]()
    for second in range(200):
        strides.append(cooling.update(HOT_C + 1 if second < 100 else COOL_C - 1, second))
    assert strides[0] == 2, "at once when it is hot"
    assert sorted(set(strides)) == [1, 2, 4, 8]
    assert max(strides) == SLOWEST
    assert strides[-1] == 1
    changes = [second for second in range(1, 200) if strides[second] != strides[second - 1]]
    assert all(later - sooner >= SETTLE_S for sooner, later in itertools.pairwise(changes))


def test_between_the_two_marks_nothing_changes() -> None:
    cooling = Cooling()
    cooling.update(HOT_C, 0)
    trouble = cooling.trouble
    for second in range(1, 500):
        assert cooling.update(COOL_C + 1 + second % 6, second) == 2
        assert cooling.trouble == trouble, "the same words: a home stores every change"


def test_a_board_that_does_not_tell_is_not_slowed_down() -> None:
    cooling = Cooling()
    assert [cooling.update(None, second) for second in range(100)] == [1] * 100
    assert cooling.trouble is None


def test_too_little_voltage(tmp_path: Path) -> None:
    assert (undervoltage(tmp_path), power_trouble(tmp_path)) == (None, None)
    sensor = tmp_path / "class/hwmon/hwmon1"
    sensor.mkdir(parents=True)
    (sensor / "name").write_text("rpi_volt\n")
    for alarm in "01":
        (sensor / "in0_lcrit_alarm").write_text(f"{alarm}\n")
        assert undervoltage(tmp_path) is (alarm == "1")
    assert "power supply" in (power_trouble(tmp_path) or "")


def test_too_little_voltage_by_the_firmwares_flags(tmp_path: Path) -> None:
    flags = tmp_path / "devices/platform/soc/soc:firmware/get_throttled"
    flags.parent.mkdir(parents=True)
    flags.write_text("50000\n")
    assert undervoltage(tmp_path) is False, "it was, and is not now"
    flags.write_text("50008\n")
    assert undervoltage(tmp_path) is False, "hot is another thing"
    flags.write_text("50005\n")
    assert undervoltage(tmp_path) is True
