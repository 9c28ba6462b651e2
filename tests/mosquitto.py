"""A real mosquitto on ports of its own, with a plain and a TLS listener, for end-to-end tests."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from tests.waiting import LIMIT_S

USER, PASSWORD = "mien", "open sesame! ÄÖ"
HOST = "127.0.0.1"


def require_mosquitto() -> None:
    """Skip without mosquitto; in continuous integration fail instead, so that nothing is skipped there unnoticed."""
    missing = [tool for tool in ("mosquitto", "mosquitto_passwd", "openssl") if _find(tool) is None]
    if not missing:
        return
    reason = f"{', '.join(missing)} not installed (Debian: apt install mosquitto openssl)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _find(tool: str) -> str | None:
    return shutil.which(tool, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def free_port() -> int:
    """A port that nobody uses, and that nobody is given before it is used.

    So it is none of those that the kernel gives away (32768 and above), and each process with tests has its own range.
    """
    return next(_PORTS)


def _own_ports(first: int = 10_000, size: int = 5_000) -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    begin = os.getpid() * 16  # another run beside this one begins elsewhere
    for number in itertools.count(begin):
        port = first + worker * size + number % size
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        yield port


_PORTS = _own_ports()


class Mosquitto:
    """Runs between `__enter__` and `__exit__`; keeps its ports over `stop` and `start`, what is retained if `persistent`.

    Without `password` anyone may connect. The TLS listener's certificate is for localhost and 127.0.0.1.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: bool = False,
        tls: bool = False,
        persistent: bool = False,
        websockets: bool = False,
        client_certificates: bool = False,
    ) -> None:
        """Every listener has a port of its own; `client_certificates`: the one with TLS wants one of each client."""
        self.folder = folder
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            "user root",
            f"persistence {str(persistent).lower()}",
            f"persistence_location {folder}/",
            f"allow_anonymous {str(not password).lower()}",
        ]
        if password:
            lines.append(f"password_file {make_password_file(folder)}")
        lines += [f"listener {self.port} {HOST}"]
        if tls:
            authority = Authority(folder / "ca")
            certificate, key = authority.issue("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
            self.ca_file = authority.certificate
            lines += [f"listener {self.tls_port} {HOST}", f"certfile {certificate}", f"keyfile {key}"]
            if client_certificates:
                lines += [f"cafile {authority.certificate}", "require_certificate true"]
                self.client_certificate, self.client_key = authority.issue("client", "extendedKeyUsage=clientAuth")
            if websockets:
                self.secure_websocket_port = free_port()
                lines += [f"listener {self.secure_websocket_port} {HOST}", "protocol websockets"]
                lines += [f"certfile {certificate}", f"keyfile {key}"]
        if websockets:
            self.websocket_port = free_port()
            lines += [f"listener {self.websocket_port} {HOST}", "protocol websockets"]
        self._ports = [int(line.split()[1]) for line in lines if line.startswith("listener ")]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start, and wait until it can be connected to."""
        log = (self.folder / "mosquitto.log").open("ab")
        with log:
            self._process = subprocess.Popen([str(_find("mosquitto")), "-c", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                for port in self._ports:
                    socket.create_connection((HOST, port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise AssertionError(f"mosquitto did not start:\n{(self.folder / 'mosquitto.log').read_text()}")

    def stop(self) -> None:
        """End it, as an administrator would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LIMIT_S)
            self._process = None

    def kill(self) -> None:
        """End it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT_S)
            self._process = None

    @property
    def log(self) -> str:
        """What mosquitto wrote so far."""
        return (self.folder / "mosquitto.log").read_text()

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def make_password_file(folder: Path) -> Path:
    """A file that knows `USER` and `PASSWORD`."""
    path = folder / "passwords"
    path.touch(mode=0o600)
    subprocess.run([str(_find("mosquitto_passwd")), "-b", str(path), USER, PASSWORD], check=True, capture_output=True)
    return path


class Authority:
    """A certificate authority of our own, made by openssl."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        extensions = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *(
                "-subj",
                f"/CN=test authority {folder.parent.name}",
                "-keyout",
                self._key,
                "-out",
                self.certificate,
                *extensions,
            ),
        )

    def issue(self, name: str, extension: str, *validity: str) -> tuple[Path, Path]:
        """A certificate and its key. `validity` are options of `openssl x509`."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(extension + "\n")
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial"),
            *("-out", certificate, "-extfile", extensions, *(validity or ("-days", "2"))),
        )
        return certificate, key


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([str(_find("openssl")), *map(str, arguments)], check=True, capture_output=True)
