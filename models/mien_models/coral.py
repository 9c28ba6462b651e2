"""The Edge TPU as a device: tried where a crash does no harm, opened, and reset when it no longer answers."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from typing import Any, Protocol

from mien_models import runtime

log = logging.getLogger(__name__)

USB_IDS = frozenset({("1a6e", "089a"), ("18d1", "9302")})
"""Vendor and product, before its firmware is loaded and after (coral.ai's udev rules)."""
_USBDEVFS_RESET = 0x5514
"""_IO('U', 20) of linux/usbdevice_fs.h."""


class Tpu(Protocol):
    """An accelerator that may fail in any way. Its interpreters are used by one thread."""

    def probe(self, model: Path) -> str | None:
        """Why it cannot run `model` at this moment, or None if it can. Neither crashes nor hangs."""

    def open(self, model: Path, threads: int) -> Any:
        """An allocated interpreter for `model` that uses it.

        Raises:
            ModelError: it is gone, or cannot run this model.

        """

    def reset(self) -> None:
        """Do to it what pulling it out and plugging it in would, as far as that can be done. Raises nothing."""


class EdgeTpu:
    """A Coral on USB or PCI Express. A `Tpu`."""

    def probe(self, model: Path) -> str | None:
        return runtime.try_edgetpu(runtime.EDGETPU_LIBRARY, model)

    def open(self, model: Path, threads: int) -> Any:
        return runtime.open_on_edgetpu(model, threads)

    def reset(self) -> None:
        """Through the file of the device: that needs no root, unlike sysfs. One on PCI Express has no such file."""
        for device in usb_devices():
            try:
                reset_usb(device)
            except OSError as error:
                log.warning("Edge TPU: %s: cannot be reset: %s", device, error.strerror)
            else:
                log.info("Edge TPU: %s: reset", device)


def usb_devices(sys: Path = Path("/sys"), dev: Path = Path("/dev")) -> list[Path]:
    """The files of the Corals on USB, by Linux's Documentation/ABI/testing/sysfs-bus-usb."""
    found = []
    for entry in sorted(sys.glob("bus/usb/devices/*")):
        texts = {name: _read(entry / name) for name in ("idVendor", "idProduct", "busnum", "devnum")}
        if (texts["idVendor"], texts["idProduct"]) in USB_IDS and texts["busnum"] and texts["devnum"]:
            found.append(dev / "bus/usb" / f"{int(texts['busnum']):03}" / f"{int(texts['devnum']):03}")
    return found


def reset_usb(device: Path) -> None:
    """Reset a USB device.

    Raises:
        OSError: it may not be, or it is none.

    """
    file = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(file, _USBDEVFS_RESET, 0)
    finally:
        os.close(file)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
