"""Versions of MQTT, ways to the broker, and how a connection begins and ends."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import queue
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mien_device.config import HomeAssistantConfig
from mien_device.demo.broker import DemoBroker
from mien_device.home.announcer import Announcer
from mien_device.home.backoff import TAKE_OVERS
from mien_device.home.commands import SetVolume
from mien_device.home.discovery import Device
from mien_device.home.once import try_connect
from mien_device.home.pulse import LIVELY_S
from mien_device.home.session import LARGEST_PACKET
from mien_models.errors import BrokerError
from tests.device.home.examples import EVENT, INFO, STATS, mood, mqtt_config, publishing
from tests.listener import Listener
from tests.mosquitto import HOST, PASSWORD, USER, Mosquitto, require_mosquitto
from tests.needs import give_up
from tests.waiting import LIMIT_S, wait_until


@pytest.fixture(scope="module")
def web_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    require_mosquitto()
    with Mosquitto(tmp_path_factory.mktemp("web"), tls=True, websockets=True) as broker:
        yield broker


@pytest.mark.parametrize(("protocol", "version"), [("auto", "5"), ("5", "5"), ("3.1.1", "3.1.1")])
def test_the_version_of_mqtt(broker: Mosquitto, protocol: str, version: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with publishing(mqtt_config(broker.port, protocol=protocol), "version") as (publisher, _):
        wait_until(lambda: publisher.connected)
    assert f"MQTT {version}" in caplog.text


def test_a_broker_that_knows_only_the_older_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with DemoBroker() as old:
        config = mqtt_config(old.port)
        try_connect(config, None)
        with Listener(old.port) as home, publishing(config, "old") as (publisher, commands):
            home.wait_for("mien/old/availability", "online")
            home.publish("mien/old/volume/set", "5")
            assert commands.get(timeout=LIMIT_S) == SetVolume(5)
            publisher.publish(EVENT)
            home.wait_for("mien/old/event")
        with pytest.raises(BrokerError, match="closed the connection before it answered"):
            try_connect(mqtt_config(old.port, protocol="5"), None)
    assert "MQTT 3.1.1" in caplog.text
    ours = [record for record in caplog.records if record.name.startswith("mien")]
    assert [record for record in ours if record.levelno >= logging.WARNING] == [], "that is no trouble"


@pytest.mark.parametrize("secure", [False, True])
def test_websockets(web_broker: Mosquitto, secure: bool) -> None:
    port = web_broker.secure_websocket_port if secure else web_broker.websocket_port
    extra = {"tls": True, "ca_file": web_broker.ca_file} if secure else {}
    config = mqtt_config(port, transport="websockets", **extra)
    try_connect(config, None)
    with Listener(web_broker.port, topics="mien/web/#") as home, publishing(config, "web") as (publisher, commands):
        home.wait_for("mien/web/availability", "online")
        for faces in range(50):
            publisher.publish(mood(faces=faces))
        wait_until(lambda: '"faces":49' in (home.received("mien/web/mood/state") or [""])[-1])
        for _ in range(100):
            home._client.publish("mien/web/volume/set", "7", qos=1)
        assert [commands.get(timeout=LIMIT_S) for _ in range(100)] == [SetVolume(7)] * 100
        assert publisher.connected


def test_no_websocket_there(web_broker: Mosquitto) -> None:
    with pytest.raises(BrokerError, match=r"no websocket at /mqtt.*mqtt.websocket_path"):
        try_connect(mqtt_config(web_broker.port, transport="websockets"), None)


def test_a_client_certificate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    require_mosquitto()
    with Mosquitto(tmp_path, tls=True, client_certificates=True) as broker:
        port, tls = broker.tls_port or 0, {"tls": True, "ca_file": broker.ca_file}
        certificate = {"client_cert_file": broker.client_certificate, "client_key_file": broker.client_key}
        with publishing(mqtt_config(port, **tls, **certificate), "certified") as (publisher, _):
            wait_until(lambda: publisher.connected)
        with pytest.raises(BrokerError, match=r"mqtt\.client_cert_file|TLS failed"):
            try_connect(mqtt_config(port, **tls), None)


def test_a_refused_subscription_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), None)
    if plugin is None:
        give_up("this mosquitto has no plugin that refuses subscriptions")
    broker = Mosquitto(tmp_path)
    salt = b"0123456789ab"
    client = {
        "username": USER,
        "password": base64.b64encode(hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 101, 64)).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": 101,
    }
    access = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    (tmp_path / "dynsec.json").write_text(json.dumps({"defaultACLAccess": access, "clients": [client]}))
    with broker._config.open("a") as file:
        file.write(f"plugin {plugin}\nplugin_opt_config_file {tmp_path}/dynsec.json\n")
    with broker, publishing(mqtt_config(broker.port, username=USER), "denied", PASSWORD) as (publisher, _):
        wait_until(lambda: "does not let us read mien/denied/+/set, mien/denied/request/+" in caplog.text)
        assert publisher.connected, "what it may say it still says"


def test_messages_that_the_broker_throws_away_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    require_mosquitto()
    broker = Mosquitto(tmp_path)
    (tmp_path / "acl").write_text("topic read #\ntopic write mien/mute/availability\n")
    (tmp_path / "acl").chmod(0o600)
    with broker._config.open("a") as file:
        file.write(f"acl_file {tmp_path}/acl\n")
    with broker, publishing(mqtt_config(broker.port), "mute", start=False) as (publisher, _):
        publisher.publish(mood())
        publisher.start(INFO)
        wait_until(lambda: "does not let us write mien/mute/mood/state (and 1 more); allow it" in caplog.text)
        for faces in range(2, 5):
            publisher.publish(mood(faces=faces))
            time.sleep(0.1)
        assert caplog.text.count("does not let us write") == 1


def test_a_command_that_is_retained_while_we_are_connected(broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with (
        Listener(broker.port, topics="mien/stale/#") as home,
        publishing(mqtt_config(broker.port), "stale") as (_, commands),
    ):
        home.wait_for("mien/stale/availability", "online")
        home.publish("mien/stale/request/next", "", retain=True)
        home.publish("mien/stale/volume/set", "", retain=True)
        home.publish("mien/stale/volume/set", "5")
        assert commands.get(timeout=LIMIT_S) == SetVolume(5)
        assert "MQTT command" not in caplog.text, "nothing was wrong with clearing them"
        home.publish("mien/stale/volume/set", "6", retain=True)
        home.publish("mien/stale/volume/set", "", retain=True)
        home.publish("mien/stale/volume/set", "7")
        assert commands.get(timeout=LIMIT_S) == SetVolume(7)
        assert "volume/set: was retained and is ignored" in caplog.text
        assert [topic for topic in home.topics() if "/response/" in topic] == []


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_no_event_arrives_long_after_the_fact(tmp_path: Path, protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    """A broker that is stopped: its kernel goes on to take what we send, and gives it all to it when it wakes."""
    require_mosquitto()
    with (
        Mosquitto(tmp_path) as broker,
        Listener(broker.port, topics="mien/late/#") as home,
        publishing(mqtt_config(broker.port, protocol=protocol, keepalive_s=60), "late") as (publisher, _),
    ):
        home.wait_for("mien/late/availability", "online")
        time.sleep(2 * LIVELY_S)
        publisher.publish(EVENT)
        home.wait_for("mien/late/event")  # the broker is asked first whether it listens
        assert broker._process is not None
        broker._process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(LIVELY_S + 1)
            for _ in range(3):
                publisher.publish(EVENT)
            time.sleep(LIVELY_S + 1)
            publisher.publish(mood(faces=2))
            publisher.publish(EVENT)
            wait_until(lambda: "the broker does not answer; events are dropped" in caplog.text)
            time.sleep(LIVELY_S + 1)  # the last one is too old by then as well
        finally:
            broker._process.send_signal(signal.SIGCONT)
        home.wait_for("mien/late/mood/state")
        time.sleep(0.5)
        assert len(home.received("mien/late/event")) == 1
        publisher.publish(EVENT)
        home.wait_for("mien/late/event", count=2)
        assert publisher.connected
        assert caplog.text.count("the broker does not answer") == 1


@pytest.mark.parametrize(("protocol", "answers"), [("5", 0), ("3.1.1", 1)])
def test_a_payload_beyond_all_measure(broker: Mosquitto, protocol: str, answers: int) -> None:
    """With MQTT 5 the broker keeps it from us, with 3.1.1 it is read, and answered."""
    device = f"huge-{answers}"
    with (
        Listener(broker.port, topics=f"mien/{device}/#") as home,
        publishing(mqtt_config(broker.port, protocol=protocol), device) as (publisher, commands),
    ):
        home.wait_for(f"mien/{device}/availability", "online")
        home.publish(f"mien/{device}/volume/set", b"1" * (2 * LARGEST_PACKET))
        home.publish(f"mien/{device}/volume/set", "5")
        assert commands.get(timeout=LIMIT_S) == SetVolume(5)
        home.wait_for(f"mien/{device}/response/volume", count=answers)
        assert publisher.connected


def test_an_event_expires(broker: Mosquitto) -> None:
    got: queue.Queue[MQTTMessage] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda client, *_: client.subscribe("mien/expires/event")
    client.on_message = lambda *arguments: got.put(arguments[-1])
    ready: queue.Queue[None] = queue.Queue()
    client.on_subscribe = lambda *_: ready.put(None)
    client.connect(HOST, broker.port)
    client.loop_start()
    try:
        ready.get(timeout=LIMIT_S)
        with publishing(mqtt_config(broker.port), "expires") as (publisher, _):
            wait_until(lambda: publisher.connected)
            publisher.publish(EVENT)
            message = got.get(timeout=LIMIT_S)
        assert (message.qos, message.retain) == (0, False)
        assert message.properties is not None
        assert 0 < message.properties.MessageExpiryInterval <= 10
    finally:
        client.disconnect()
        client.loop_stop()


def test_who_takes_our_name_is_recognised_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """Only MQTT 5 has a word for it, and not every broker says it: Debian's mosquitto leaves even a new client to guess.

    So here the two packets of a broker that does, as sections 3.2 and 3.14 of the standard write them.
    """
    with socket.create_server((HOST, 0)) as server:
        threading.Thread(target=_welcome_and_displace, args=(server,), daemon=True).start()
        with publishing(mqtt_config(server.getsockname()[1]), "one"):
            wait_until(lambda: "(session taken over); another device uses the client id mien-one" in caplog.text)


def test_a_broker_that_takes_small_packets_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    require_mosquitto()
    broker = Mosquitto(tmp_path)
    with broker._config.open("a") as file:
        file.write("max_packet_size 2000\n")
    device = Device("small", "Mien small", "mien", frozenset(), 60.0)
    announcer = Announcer(HomeAssistantConfig(), device, tmp_path)
    config = "homeassistant/device/mien_small/config"
    with (
        broker,
        Listener(broker.port) as home,
        publishing(mqtt_config(broker.port), "small", announcer=announcer) as (publisher, _),
    ):
        home.wait_for("mien/small/availability", "online")
        wait_until(lambda: f"{config} has " in caplog.text)
        assert "the broker takes at most 2000; raise the broker's max_packet_size" in caplog.text
        publisher.publish(mood())
        home.wait_for("mien/small/mood/state")
        assert publisher.connected
        assert config not in home.topics()
        assert "lost" not in caplog.text
        assert "ended" not in caplog.text
        assert "another device" not in caplog.text


def test_the_reason_of_a_broker_that_hangs_up_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Again and again within seconds: no other device is suspected, since it says why."""
    with socket.create_server((HOST, 0)) as server:
        for _ in range(TAKE_OVERS + 1):
            threading.Thread(target=_welcome_and_displace, args=(server, 0x97), daemon=True).start()
        caplog.set_level(logging.DEBUG)
        with publishing(mqtt_config(server.getsockname()[1]), "one"):
            wait_until(lambda: caplog.text.count("the broker ended the connection (quota exceeded)") > TAKE_OVERS)
        assert "another device" not in caplog.text


def _welcome_and_displace(server: socket.socket, reason: int = 0x8E) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK: success, no properties
        time.sleep(0.3)
        connection.sendall(bytes([0xE0, 2, reason, 0]))  # DISCONNECT, by default: session taken over


def test_why_it_stops_is_said_before_offline(broker: Mosquitto) -> None:
    with Listener(broker.port, topics="mien/why/#") as home:
        with publishing(mqtt_config(broker.port), "why") as (publisher, _):
            home.wait_for("mien/why/availability", "online")
            publisher.close("failed: no camera")
        home.wait_for("mien/why/availability", "offline")
        assert home.topics()[-2:] == ["mien/why/info", "mien/why/availability"]
        assert json.loads(home.received("mien/why/info")[-1])["stopped"] == "failed: no camera"


def test_a_birth_is_answered_with_everything(broker: Mosquitto, tmp_path: Path) -> None:
    device = Device("born", "Mien born", "mien", frozenset(), 60.0)
    announcer = Announcer(HomeAssistantConfig(), device, tmp_path, uniform=lambda low, high: low)
    with (
        Listener(broker.port) as home,
        publishing(mqtt_config(broker.port), "born", announcer=announcer, start=False) as (publisher, _),
    ):
        publisher.publish(mood())
        publisher.publish(STATS)
        publisher.start(INFO)
        home.wait_for("mien/born/availability", "online")
        config = "homeassistant/device/mien_born/config"
        assert home.topics().index(config) < home.topics().index("mien/born/mood/state")
        home.wait_for("mien/born/stats")
        home.publish("homeassistant/status", "online")
        home.wait_for(config, count=2)
        home.wait_for("mien/born/mood/state", count=2)
        home.wait_for("mien/born/stats", count=2)
        home.publish("mien/born/request/announce", "")
        home.wait_for(config, count=3)
        home.wait_for("mien/born/response/announce")
        with Listener(broker.port, topics="homeassistant/#") as late:
            time.sleep(0.2)
            assert late.topics() == [], "it is not retained"
