"""What the board tells, on trees of files as Linux shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien_device.health.board import temperature_c, throttled


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_pi(tmp_path: Path) -> None:
    write(tmp_path / "class/thermal/thermal_zone0/type", "cpu-thermal\n")
    write(tmp_path / "class/thermal/thermal_zone0/temp", "48312\n")
    write(tmp_path / "devices/platform/soc/soc:firmware/get_throttled", "50000\n")
    assert temperature_c(tmp_path) == 48.312
    assert throttled(tmp_path) is False, "what was once is not now"
    write(tmp_path / "devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    assert throttled(tmp_path) is True


@pytest.mark.parametrize(("alarm", "expected"), [("0", False), ("1", True)])
def test_a_pi_with_a_newer_kernel(tmp_path: Path, alarm: str, expected: bool) -> None:
    write(tmp_path / "class/hwmon/hwmon0/name", "cpu_thermal\n")
    write(tmp_path / "class/hwmon/hwmon1/name", "rpi_volt\n")
    write(tmp_path / "class/hwmon/hwmon1/in0_lcrit_alarm", f"{alarm}\n")
    assert throttled(tmp_path) is expected


def test_the_processors_zone_is_preferred(tmp_path: Path) -> None:
    for number, (kind, temp) in enumerate([("acpitz", "27800"), ("x86_pkg_temp", "51000")]):
        write(tmp_path / f"class/thermal/thermal_zone{number}/type", kind)
        write(tmp_path / f"class/thermal/thermal_zone{number}/temp", temp)
    assert temperature_c(tmp_path) == 51


@pytest.mark.parametrize("text", ["", "warm", "\xff"])
def test_a_board_that_does_not_tell(tmp_path: Path, text: str) -> None:
    assert (temperature_c(tmp_path), throttled(tmp_path)) == (None, None)
    write(tmp_path / "class/thermal/thermal_zone0/temp", text)
    write(tmp_path / "devices/platform/soc/soc:firmware/get_throttled", text)
    assert (temperature_c(tmp_path), throttled(tmp_path)) == (None, None)
