"""The small parts behind the publisher: waits, outbox, identity, the log, and the choice between publishers."""

from __future__ import annotations

import builtins
import logging
import select
import sys
from pathlib import Path
from typing import Any

import pytest

from mien_device.config.schema import MqttConfig
from mien_device.home.backoff import SHORT_S, STABLE_AFTER_TAKE_OVER_S, STABLE_S, TAKE_OVERS, Backoff
from mien_device.home.identity import device_id
from mien_device.home.log import LogPublisher
from mien_device.home.open import open_publisher
from mien_device.home.outbox import EVENTS, Outbox
from mien_models.errors import ConfigError, MissingDependencyError
from mien_models.labels import Mood
from tests.device.home.examples import EVENT, INFO, NOW_PLAYING, PROBABILITIES, STATS, VOLUME, mood


def longest(low: float, high: float) -> float:
    return high


def test_waits_double_up_to_a_limit_and_start_again_after_a_good_connection() -> None:
    backoff = Backoff(first_s=1, most_s=60, uniform=longest)
    assert [backoff.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.lost(STABLE_S) == 1
    assert backoff.refused() == 60
    for _ in range(10_000):
        assert backoff.failed() <= 60


def test_waits_are_never_the_same_for_two_devices() -> None:
    waits = {Backoff().failed() for _ in range(20)}
    assert len(waits) == 20
    assert all(0.5 <= wait <= 1 for wait in waits)


def test_short_connections_in_a_row_are_taken_for_a_take_over() -> None:
    backoff = Backoff(uniform=longest)
    waits = [backoff.lost(SHORT_S / 2) for _ in range(TAKE_OVERS)]
    assert waits == [1, 2, 60]
    assert backoff.taken_over
    assert backoff.lost(60) == 60, "the other one waits as long as we do, which proves nothing"
    assert backoff.lost(STABLE_AFTER_TAKE_OVER_S) == 1
    assert not backoff.taken_over


def test_a_broker_that_is_restarted_again_and_again_is_no_take_over() -> None:
    backoff = Backoff(uniform=longest)
    for _ in range(3 * TAKE_OVERS):
        backoff.lost(SHORT_S / 2)
        backoff.failed()
    assert not backoff.taken_over


def test_the_outbox_hands_out_the_newest_state_and_all_of_them_after_a_connect() -> None:
    outbox = Outbox()
    outbox.put_state("a", "1")
    outbox.put_state("b", "1")
    outbox.put_state("a", "2")
    assert outbox.take_states(busy={"b"}) == [("a", "2")]
    assert outbox.take_states(set()) == [("b", "1")]
    assert outbox.take_states(set()) == []
    outbox.open()
    assert outbox.take_states(set()) == [("a", "2"), ("b", "1")]
    outbox.close()


def test_the_outbox_takes_events_only_with_a_connection_and_few_of_them() -> None:
    outbox = Outbox()
    outbox.put_event("e", "early")
    outbox.open()
    for number in range(EVENTS + 5):
        outbox.put_event("e", str(number))
    assert [payload for _, payload in outbox.take_events()] == [str(n) for n in range(5, EVENTS + 5)]
    outbox.put_event("e", "unsent")
    outbox.shut()
    outbox.put_event("e", "late")
    outbox.open()
    assert outbox.take_events() == []
    outbox.close()


def test_the_bell_rings_until_it_is_hushed_and_never_blocks() -> None:
    outbox = Outbox()
    for _ in range(100_000):
        outbox.ring()
    assert select.select([outbox.bell], [], [], 0)[0]
    outbox.hush()
    assert not select.select([outbox.bell], [], [], 0)[0]
    outbox.close()
    outbox.close()
    outbox.put_state("a", "1")


def test_the_device_id_is_that_of_the_configuration_or_of_the_machine(tmp_path: Path) -> None:
    machine = tmp_path / "machine-id"
    machine.write_text("0123456789abcdef0123456789abcdef\n")
    state = tmp_path / "state"
    assert device_id("hallway", state, machine) == "hallway"
    of_machine = device_id("", state, machine)
    assert of_machine == device_id("", state, machine) == "b0a81de1"
    assert of_machine not in machine.read_text()
    assert not state.exists()


@pytest.mark.parametrize("content", [None, "", "uninitialized\n", "0123456789ABCDEF", "\udcff"])
def test_without_a_machine_id_chance_decides_once(tmp_path: Path, content: str | None) -> None:
    machine, state = tmp_path / "machine-id", tmp_path / "deep" / "state"
    if content is not None:
        machine.write_text(content, errors="surrogateescape")
    first = device_id("", state, machine)
    assert len(first) == 8
    assert device_id("", state, machine) == first
    assert [path.name for path in state.iterdir()] == ["device-id"]
    (state / "device-id").write_text("damaged")
    second = device_id("", state, machine)
    assert second != first
    assert device_id("", state, machine) == second


def test_a_device_id_that_cannot_be_kept_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert len(device_id("", tmp_path / "file", tmp_path / "none")) == 8
    assert "set mqtt.device_id" in caplog.text


def test_the_log_tells_changes_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    publisher = open_publisher(MqttConfig(), None, "x", print)
    assert isinstance(publisher, LogPublisher)
    publisher.start(INFO)
    for message in (mood(), mood(), mood(Mood.NONE, faces=0)):
        publisher.publish(message)
    for _ in range(2):
        publisher.publish(NOW_PLAYING)
    publisher.publish(VOLUME)
    publisher.publish(STATS)
    publisher.publish(EVENT)
    publisher.publish(PROBABILITIES)
    publisher.close()
    assert "log" in publisher.name
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == ["mien", "mood:", "mood:", "music:"]


def test_without_paho_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def no_paho(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("paho"):
            raise ImportError("no paho")
        return real_import(name, *rest, **more)

    for name in ("mqtt", "session"):
        monkeypatch.delitem(sys.modules, f"mien_device.home.{name}", raising=False)
    monkeypatch.setattr(builtins, "__import__", no_paho)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mien\[device\]'"):
        open_publisher(MqttConfig(host="broker"), None, "x", print)


@pytest.mark.parametrize(
    ("settings", "password", "reason"),
    [
        ({"host": "b"}, "secret", "mqtt.username"),
        ({"host": "b", "tls_insecure": True}, None, "mqtt.tls_insecure.*tls = true"),
        ({"host": "b", "ca_file": "ca.pem"}, None, "mqtt.ca_file.*tls = true"),
        ({"host": "b", "tls": True, "client_key_file": "key.pem"}, None, "mqtt.client_cert_file"),
        (
            {"host": "b", "tls": True, "ca_file": "/nowhere/ca.pem"},
            None,
            "/nowhere/ca.pem: 'mqtt.ca_file': No such file",
        ),
        ({"host": "b", "tls": True, "ca_file": __file__}, None, "'mqtt.ca_file': not a certificate"),
        ({"host": "b", "tls": True, "client_cert_file": __file__}, None, "'mqtt.client_cert_file': cannot be used"),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, Any], password: str | None, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        open_publisher(MqttConfig(**settings), password, "x", print)
    assert "secret" not in str(caught.value)
