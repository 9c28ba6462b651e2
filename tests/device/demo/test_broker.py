"""The demo's broker: what mien needs of a broker works through it, and nothing of it stays behind."""

from __future__ import annotations

import logging
import socket
import threading

import psutil
import pytest

from mien_device.demo import broker as demo_broker
from mien_device.demo.broker import LOOPBACK, DemoBroker
from mien_device.demo.show import Spectator
from mien_models.errors import BrokerError
from tests.listener import Listener


def test_retained_messages_reach_a_late_subscriber() -> None:
    with DemoBroker() as broker, Listener(broker.port) as early:
        early.publish("a/state", "1", retain=True)
        early.publish("a/event", "2", retain=False)
        early.wait_for("a/state", "1")
        with Listener(broker.port) as late:
            late.wait_for("a/state", "1")
            assert {(message.topic, message.retain) for message in late.messages} == {("a/state", True)}


def test_the_last_will_is_sent_when_the_socket_is_cut() -> None:
    with DemoBroker() as broker, Listener(broker.port) as watcher:
        doomed = Listener(broker.port, will=("a/availability", "offline"))
        doomed.cut()
        watcher.wait_for("a/availability", "offline")


def test_it_listens_on_the_loopback_only_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with DemoBroker() as broker, Listener(broker.port):
        listening = [c.laddr for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening == [(LOOPBACK, broker.port)]
    assert not [thread for thread in threading.enumerate() if thread.name == "mien-demo-broker"]
    with pytest.raises(ConnectionRefusedError), socket.create_connection((LOOPBACK, broker.port)):
        pass
    assert capsys.readouterr() == ("", "")
    assert not caplog.records


def test_connected_clients_do_not_keep_it_from_stopping() -> None:
    with DemoBroker() as broker:
        clients = [Listener(broker.port) for _ in range(3)]
        idle = socket.create_connection((LOOPBACK, broker.port))
    for client in clients:
        client.close()
    idle.close()


def test_the_same_port_can_be_used_again_at_once() -> None:
    with DemoBroker() as first, Listener(first.port):
        pass
    with DemoBroker(first.port) as second:
        assert second.port == first.port


def test_a_taken_port_is_named() -> None:
    with (
        DemoBroker() as first,
        pytest.raises(BrokerError, match=f"port {first.port}.*choose another"),
        DemoBroker(first.port),
    ):
        pass


def test_what_keeps_it_from_starting_is_raised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("another version of amqtt")

    monkeypatch.setattr(demo_broker, "_import_amqtt", broken)
    with pytest.raises(ValueError, match="another version"), DemoBroker():
        pass


def test_a_broker_that_hangs_up_is_named_and_nobody_waits_for_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as nobody:

        def hang_up() -> None:
            nobody.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        port = nobody.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} hung up"), Spectator(port, lambda: None, as_json=True):
            pass
