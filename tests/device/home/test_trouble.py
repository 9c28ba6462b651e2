"""`try_connect`: each way to fail has its own line, with its remedy."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mien_device.home.backoff import Backoff
from mien_device.home.mqtt import MqttPublisher
from mien_device.home.once import try_connect
from mien_device.home.trouble import connection_trouble, refusal_trouble
from mien_models.errors import BrokerError
from tests.device.home.examples import INFO, mqtt_config, publishing
from tests.listener import Listener
from tests.mosquitto import HOST, PASSWORD, USER, Authority, Mosquitto, free_port, require_mosquitto
from tests.waiting import wait_until


def trouble(port: int, password: str | None = None, timeout_s: float = 5, **settings: object) -> str:
    with pytest.raises(BrokerError) as caught:
        try_connect(mqtt_config(port, **settings), password, timeout_s)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_good_broker_is_no_trouble(strict_broker: Mosquitto) -> None:
    try_connect(mqtt_config(strict_broker.port, username=USER), PASSWORD)
    tls = {"tls": True, "ca_file": strict_broker.ca_file, "username": USER}
    try_connect(mqtt_config(strict_broker.tls_port or 0, **tls), PASSWORD)
    try_connect(mqtt_config(strict_broker.tls_port or 0, host="localhost", **tls), PASSWORD)


def test_a_check_does_not_throw_the_running_device_out(broker: Mosquitto) -> None:
    with Listener(broker.port, topics="mien/+/availability") as home:
        try_connect(mqtt_config(broker.port), None)
        time.sleep(0.1)
        assert not home.messages, "it has no will and says nothing"


def test_a_name_that_does_not_resolve() -> None:
    # .invalid never exists (RFC 2606); without a network the resolver says something else, also a gaierror
    assert "'broker.invalid' cannot be resolved" in trouble(1883, host="broker.invalid")


def test_nobody_listens() -> None:
    assert "connection refused; check that the broker runs" in trouble(free_port())


def test_nobody_answers() -> None:
    with socket.create_server((HOST, 0)) as mute:
        assert "no answer within 0.3 s; is this an MQTT port?" in trouble(mute.getsockname()[1], timeout_s=0.3)
        assert "no answer within 0.3 s; check mqtt.host" in trouble(mute.getsockname()[1], timeout_s=0.3, tls=True)


def test_a_wrong_password(strict_broker: Mosquitto) -> None:
    text = trouble(strict_broker.port, "hunter2-wrong", username=USER)
    assert text.startswith(f"MQTT broker {HOST}:{strict_broker.port}: refused user 'mien'")
    assert "check mqtt.username and the password (mqtt.password_file" in text
    assert "hunter2" not in text
    text = trouble(strict_broker.port)
    assert text.startswith(f"MQTT broker {HOST}:{strict_broker.port}: refused a client without a user name")
    assert "set mqtt.username and the password" in text


@pytest.mark.parametrize("setting", ["max_qos 0", "retain_available false"])
def test_a_broker_that_cannot_do_what_we_need(tmp_path: Path, setting: str) -> None:
    broker = Mosquitto(tmp_path)
    config = tmp_path / "mosquitto.conf"
    before, after = ("", f"{setting}\n") if "qos" in setting else (f"{setting}\n", "")
    config.write_text(before + config.read_text() + after)
    with broker, publishing(mqtt_config(broker.port), "poor") as (publisher, _):
        wait_until(lambda: publisher.last_error)
        assert "mien needs QoS 1 and retained messages: allow them" in str(publisher.last_error)


def test_an_unknown_authority(strict_broker: Mosquitto, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other").certificate
    assert strict_broker.tls_port
    assert "unknown authority" in trouble(strict_broker.tls_port, tls=True, ca_file=other)
    assert "unknown authority" in trouble(strict_broker.tls_port, tls=True), (
        "the system's authorities do not know it either"
    )


def test_a_wrong_host_name(strict_broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    wrong = {"host": "127.0.0.2", "tls": True, "ca_file": strict_broker.ca_file}
    port = strict_broker.tls_port or 0
    with relay(port) as relayed:
        assert "not for '127.0.0.2'; set mqtt.host" in trouble(relayed, **wrong)
    with relay(port) as relayed:
        assert "refused a client" in trouble(relayed, tls_insecure=True, **wrong), "the name no longer matters"
    assert "NAME IS NOT CHECKED" in caplog.text


class relay:  # noqa: N801 - reads as a function
    """Passes one connection on 127.0.0.2 on to a port of 127.0.0.1: the same broker under a name it has no certificate for."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.2", 0))
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> int:
        self._threads.append(threading.Thread(target=self._run))
        self._threads[0].start()
        return int(self._server.getsockname()[1])

    def _run(self) -> None:
        with self._server.accept()[0] as near, socket.create_connection((HOST, self._target)) as far:
            back = threading.Thread(target=_pump, args=(far, near))
            back.start()
            _pump(near, far)
            back.join()

    def __exit__(self, *_: object) -> None:
        self._threads[0].join()
        self._server.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        (
            ("-not_before", "20400101000000Z", "-not_after", "20410101000000Z"),
            "not valid yet; this computer's clock says 20",
        ),
        (("-not_before", "20200101000000Z", "-not_after", "20210101000000Z"), "has expired"),
    ],
)
def test_the_clock(tmp_path: Path, validity: tuple[str, ...], expected: str) -> None:
    authority = Authority(tmp_path / "ca")
    try:
        certificate, key = authority.issue("server", "subjectAltName=IP:127.0.0.1", *validity)
    except subprocess.CalledProcessError:
        certificate, key = _issue_by_ca(authority, validity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=_handshake_once, args=(server, context))
        thread.start()
        assert expected in trouble(server.getsockname()[1], tls=True, ca_file=authority.certificate)
        thread.join()


def test_a_clock_that_is_set_later_does_not_cost_a_minute(tmp_path: Path) -> None:
    """As a board without a battery starts: years behind, and right as soon as the network is there."""
    broker = Mosquitto(tmp_path, tls=True)
    authority = Authority.__new__(Authority)
    authority.folder, authority.certificate = tmp_path / "ca", broker.ca_file
    valid_from = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)  # a certificate knows no parts of it
    begin = valid_from.strftime("%Y%m%d%H%M%SZ")
    _issue_by_ca(authority, ("-not_before", begin, "-not_after", "20410101000000Z"))
    backoff = Backoff(first_s=60.0, most_s=60.0)
    config = mqtt_config(broker.tls_port or 0, tls=True, ca_file=broker.ca_file)
    with broker:
        publisher = MqttPublisher(config, None, "late", lambda command: None, backoff=backoff)
        publisher.start(INFO)
        try:
            wait_until(lambda: "not valid yet" in (publisher.last_error or ""))
            wait_until(lambda: publisher.connected)
            assert datetime.now(UTC) >= valid_from
        finally:
            publisher.close()


def _issue_by_ca(authority: Authority, validity: tuple[str, ...]) -> tuple[Path, Path]:
    """As `Authority.issue`: only openssl 3.4 and later can set the dates with `x509`, older ones with `ca`."""
    folder = authority.folder
    (folder / "index.txt").touch()
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    start, end = validity[1], validity[3]
    certificate = folder / "server.pem"
    subprocess.run(
        [
            *("openssl", "ca", "-batch", "-config", str(folder / "ca.cnf"), "-startdate", start, "-enddate", end),
            *(
                "-cert",
                str(authority.certificate),
                "-keyfile",
                str(folder / "ca.key"),
                "-in",
                str(folder / "server.csr"),
            ),
            *("-out", str(certificate), "-notext", "-extfile", str(folder / "server.ext")),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, folder / "server.key"


def _handshake_once(server: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()


def test_tls_and_plain_mixed_up(strict_broker: Mosquitto) -> None:
    assert "if this is its TLS port, set mqtt.tls" in trouble(strict_broker.tls_port or 0)
    assert "check mqtt.port and mqtt.tls" in trouble(strict_broker.port, tls=True)


def test_words_for_the_rest() -> None:
    assert "No route to host; check the network" in connection_trouble(OSError(113, "No route to host"), "b", 1883, 5)
    assert "server unavailable" in refusal_trouble("Server unavailable", "b", 1883, "")


@pytest.fixture(autouse=True)
def _needs_openssl() -> None:
    require_mosquitto()
