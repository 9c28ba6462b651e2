"""A repository of Debian packages on a test's machine, with a stand-in for picamera2."""

from __future__ import annotations

from tests.systemd.machine import Machine

CONTROL = """\
Package: python3-picamera2
Version: 0.3.31-1
Architecture: all
Maintainer: The mien authors <mien@example.org>
Depends: python3, python3-numpy
Description: stand-in for the Pi's camera library, which Debian does not have
"""
MODULE = """\
# Like simplejpeg below the real one: compiled against the NumPy of the system, and broken by another.
import subprocess
import numpy
system = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "python3-numpy"], capture_output=True, text=True, check=True).stdout
if numpy.__version__ != system.split(":")[-1].split("-")[0]:
    raise ValueError(f"numpy.dtype size changed, may indicate binary incompatibility: {numpy.__version__}, not {system}")
"""
BUILD = """\
set -e
cd /repository
mkdir -p package/DEBIAN package/usr/lib/python3/dist-packages/picamera2
mv control package/DEBIAN/
mv module package/usr/lib/python3/dist-packages/picamera2/__init__.py
dpkg-deb --build --root-owner-group package picamera2.deb >/dev/null
{ cat package/DEBIAN/control; echo "Filename: ./picamera2.deb"; echo "Size: $(stat -c %s picamera2.deb)"
  echo "SHA256: $(sha256sum picamera2.deb | cut -d' ' -f1)"; } > Packages
rm -r package
echo 'deb [trusted=yes] file:/repository ./' > /etc/apt/sources.list.d/repository.list
"""


def offer_picamera2(machine: Machine) -> None:
    """Let apt offer python3-picamera2, as it does on Raspberry Pi OS."""
    for name, text in (("control", CONTROL), ("module", MODULE), ("build", BUILD)):
        machine.write(f"/repository/{name}", text)
    machine.run("sh /repository/build")
