"""What Linux tells of the board: how hot it is, and whether it is held back."""

from __future__ import annotations

from pathlib import Path

SYS = Path("/sys")
_HOT, _SLOWED, _CAPPED, _LOW = 1 << 3, 1 << 2, 1 << 1, 1 << 0
"""Bits of `vcgencmd get_throttled` that speak of now: soft temperature limit, throttled, frequency capped, under-voltage
(Raspberry Pi documentation, "vcgencmd")."""


def temperature_c(sys: Path = SYS) -> float | None:
    """Of the processor in °C; None where the board does not tell.

    By the kernel's thermal zones (Documentation/ABI/testing/sysfs-class-thermal, thousandths of a degree): the one that
    names the processor, else the first.
    """
    zones = sorted(sys.glob("class/thermal/thermal_zone*"))
    zones.sort(key=lambda zone: "cpu" not in _read(zone / "type") and "pkg" not in _read(zone / "type"))
    for zone in zones:
        text = _read(zone / "temp")
        if text.lstrip("-").isdecimal():
            return int(text) / 1000
    return None


def throttled(sys: Path = SYS) -> bool | None:
    """Whether the board is slowed down, too hot or short of voltage now; None where it does not tell.

    From the firmware's flags where the kernel still shows them, else from the alarm of its under-voltage sensor.
    """
    for path in sorted(sys.glob("devices/platform/soc*/*firmware/get_throttled")):
        try:
            return bool(int(_read(path), 16) & (_HOT | _SLOWED | _CAPPED | _LOW))
        except ValueError:
            continue
    for sensor in sorted(sys.glob("class/hwmon/hwmon*")):
        if _read(sensor / "name") == "rpi_volt" and (alarm := _read(sensor / "in0_lcrit_alarm")):
            return alarm == "1"
    return None


def undervoltage(sys: Path = SYS) -> bool | None:
    """Whether the board gets less than 4.63 V now; None where it does not tell."""
    for sensor in sorted(sys.glob("class/hwmon/hwmon*")):
        if _read(sensor / "name") == "rpi_volt" and (alarm := _read(sensor / "in0_lcrit_alarm")):
            return alarm == "1"
    for path in sorted(sys.glob("devices/platform/soc*/*firmware/get_throttled")):
        try:
            return bool(int(_read(path), 16) & _LOW)
        except ValueError:
            continue
    return None


def power_trouble(sys: Path = SYS) -> str | None:
    """What the home is told of the power supply."""
    if not undervoltage(sys):
        return None
    return "the power supply gives too little voltage; use one made for this board, and a short thick cable"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
