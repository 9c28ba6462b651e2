"""The publisher through a real mosquitto: what the home sees, and when."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from mien_device.home.commands import NextTrack, SetPaused, SetVolume
from mien_models.labels import Mood
from tests.device.home.examples import (
    EVENT,
    INFO,
    NOW_PLAYING,
    PROBABILITIES,
    STATS,
    VOLUME,
    mood,
    mqtt_config,
    publishing,
)
from tests.listener import Listener
from tests.mosquitto import HOST, PASSWORD, USER, Mosquitto, free_port
from tests.waiting import LIMIT_S, wait_until, well_within

STATES = ("info", "mood/state", "now_playing/state", "volume/state")


def test_online_comes_after_every_state(broker: Mosquitto) -> None:
    with (
        Listener(broker.port, topics="mien/order/#") as home,
        publishing(mqtt_config(broker.port), "order", start=False) as (publisher, _),
    ):
        publisher.publish(mood())
        publisher.publish(NOW_PLAYING)
        publisher.publish(VOLUME)
        publisher.start(INFO)
        home.wait_for("mien/order/availability", "online")
        assert sorted(home.topics()[:-1]) == sorted(f"mien/order/{state}" for state in STATES)
        assert home.received("mien/order/volume/state") == ["40"]


def test_states_are_retained_and_momentary_things_are_not(broker: Mosquitto) -> None:
    with (
        Listener(broker.port, topics="mien/keep/#") as home,
        publishing(mqtt_config(broker.port), "keep") as (publisher, _),
    ):
        wait_until(lambda: publisher.connected)
        publisher.publish(mood())
        publisher.publish(EVENT)
        publisher.publish(STATS)
        publisher.publish(PROBABILITIES)
        momentary = [f"mien/keep/{topic}" for topic in ("event", "stats", "mood/probabilities")]
        for topic in momentary:
            home.wait_for(topic)
        home.wait_for("mien/keep/mood/state")
        with Listener(broker.port, topics="mien/keep/#") as late:
            late.wait_for("mien/keep/mood/state")
            late.wait_for("mien/keep/availability", "online")
            assert not set(momentary) & set(late.topics())
            assert all(message.retain for message in late.messages)


def test_after_a_restart_of_the_broker_the_states_come_back_and_the_events_do_not(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with Mosquitto(tmp_path) as own, publishing(mqtt_config(own.port), "back") as (publisher, _):
        publisher.publish(mood(Mood.SAD))
        wait_until(lambda: publisher.connected)
        own.stop()
        wait_until(lambda: not publisher.connected)
        for _ in range(100):
            publisher.publish(EVENT)
        for changed in (Mood.ANGRY, Mood.HAPPY):
            publisher.publish(mood(changed))
        own.start()
        with Listener(own.port, topics="mien/back/#") as home:
            home.wait_for("mien/back/availability", "online")
            publisher.publish(STATS)
            home.wait_for("mien/back/stats")
            assert "mien/back/event" not in home.topics()
            moods = home.received("mien/back/mood/state")
            assert len(moods) == 1
            assert '"happy"' in moods[0]


def test_a_clean_close_says_offline_and_leaves_nothing_behind(broker: Mosquitto) -> None:
    threads = threading.active_count()
    with Listener(broker.port, topics="mien/bye/#") as home:
        with publishing(mqtt_config(broker.port), "bye") as (publisher, _):
            home.wait_for("mien/bye/availability", "online")
            publisher.close()
            publisher.close()
            publisher.publish(mood())  # a late message is no mistake
        home.wait_for("mien/bye/availability", "offline")
        assert not publisher.connected
    assert threading.active_count() == threads


def test_close_is_quick_when_there_is_no_broker() -> None:
    with publishing(mqtt_config(free_port()), "nobody") as (publisher, _):
        wait_until(lambda: publisher.last_error)
        publisher.close()
        assert "connection refused" in str(publisher.last_error)
    with publishing(mqtt_config(free_port()), "nobody", start=False):
        pass


def test_close_is_quick_when_the_broker_is_mute() -> None:
    with (
        socket.create_server((HOST, 0)) as mute,
        publishing(mqtt_config(mute.getsockname()[1]), "mute") as (publisher, _),
        mute.accept()[0],
        well_within(LIMIT_S),
    ):
        publisher.close()


def test_a_killed_process_is_offline(broker: Mosquitto) -> None:
    program = f"""
        import sys, time
        sys.path[:0] = {sys.path!r}
        from mien_device.home.mqtt import MqttPublisher
        from tests.device.home.examples import INFO, mqtt_config
        MqttPublisher(mqtt_config({broker.port}), None, "killed", print).start(INFO)
        time.sleep(60)
    """
    with Listener(broker.port, topics="mien/killed/availability") as home:
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
        home.wait_for("mien/killed/availability", "online")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        home.wait_for("mien/killed/availability", "offline")
    with Listener(broker.port, topics="mien/killed/availability") as late:
        late.wait_for("mien/killed/availability", "offline")


def test_commands_arrive_and_nonsense_does_not(broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with Listener(broker.port, topics="mien/obey/#") as home:
        home.publish("mien/obey/volume/set", "11", retain=True)
        with publishing(mqtt_config(broker.port), "obey") as (publisher, commands):
            home.wait_for("mien/obey/availability", "online")
            for payload in (b"", b"101", b"-1", b"5.5", b"\xff\x00", b"1" * 60_000, "٣".encode()):
                home.publish("mien/obey/volume/set", payload)
            home.publish("mien/obey/volume/set", "30")
            home.publish("mien/obey/pause/set", "ON")
            home.publish("mien/obey/next/set", "PRESS")
            received = [commands.get(timeout=LIMIT_S) for _ in range(3)]
            assert received == [SetVolume(30), SetPaused(True), NextTrack()]
            assert publisher.connected
            assert commands.empty()
            home.wait_for("mien/obey/response/volume", count=7)
            answers = [json.loads(answer) for answer in home.received("mien/obey/response/volume")]
            assert all(answer["status"] == "error" and answer["error"] for answer in answers)
        home.publish("mien/obey/volume/set", "", retain=True)
    assert ["retained" in record.getMessage() for record in caplog.records] == [True], (
        "the others came too soon after it"
    )
    assert home.received("mien/obey/response/next") == []


def test_whoever_asks_for_everything_again_and_again_gets_it_seldom(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien_device.home.mqtt.ANNOUNCE_INTERVAL_S", 3600.0)
    with (
        Listener(broker.port, topics="mien/again/#") as home,
        publishing(mqtt_config(broker.port), "again") as (publisher, _),
    ):
        publisher.publish(mood())
        home.wait_for("mien/again/availability", "online")
        for number in range(200):
            home.publish("mien/again/request/announce", json.dumps({"transaction": number}))
        wait_until(lambda: '"transaction": 199' in (home.received("mien/again/response/announce") or [""])[-1])
        publisher.publish(VOLUME)
        home.wait_for("mien/again/volume/state")
        assert len(home.received("mien/again/mood/state")) == 2, "on the connect, and once more"


def test_a_wrong_password_is_said_once_with_its_remedy_and_never_shown(
    strict_broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "hunter2-wrong"
    with publishing(mqtt_config(strict_broker.port, username=USER), "wrong", wrong) as (publisher, _):
        wait_until(lambda: sum("refused" in record.getMessage() for record in caplog.records) >= 3)
        assert not publisher.connected
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(warnings) == 1
        assert "check mqtt.username and the password" in warnings[0]
        assert wrong not in caplog.text + repr(publisher) + publisher.name + str(publisher.last_error)


def test_the_right_password_works_plain_and_over_tls(
    strict_broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    plain = mqtt_config(strict_broker.port, username=USER)
    tls = mqtt_config(strict_broker.tls_port or 0, username=USER, tls=True, ca_file=strict_broker.ca_file)
    with Listener(strict_broker.port, topics="mien/#", username=USER, password=PASSWORD) as home:
        for device_id, config in (("plain", plain), ("secret", tls)):
            with publishing(config, device_id, PASSWORD) as (publisher, _):
                home.wait_for(f"mien/{device_id}/availability", "online")
                for step in range(50):  # more than one TLS record's worth at once
                    publisher.publish(mood(faces=step))
                wait_until(
                    lambda topic=f"mien/{device_id}/mood/state": '"faces":49' in (home.received(topic) or [""])[-1]
                )
            home.wait_for(f"mien/{device_id}/availability", "offline")
    assert PASSWORD not in caplog.text


def test_many_commands_in_one_tls_record_all_arrive(strict_broker: Mosquitto) -> None:
    config = mqtt_config(strict_broker.tls_port or 0, username=USER, tls=True, ca_file=strict_broker.ca_file)
    with Listener(strict_broker.port, topics="none", username=USER, password=PASSWORD) as home:  # noqa: SIM117
        with publishing(config, "burst", PASSWORD) as (publisher, commands):
            wait_until(lambda: publisher.connected)
            for _ in range(100):
                home._client.publish("mien/burst/volume/set", "7", qos=1)
            assert [commands.get(timeout=LIMIT_S) for _ in range(100)] == [SetVolume(7)] * 100


def test_two_devices_with_one_client_id_slow_down_and_say_so(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    config = mqtt_config(broker.port)
    with publishing(config, "twin"), publishing(config, "twin"):
        wait_until(lambda: "another device uses the client id mien-twin" in caplog.text)


def test_a_failing_command_costs_only_itself(broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with (
        Listener(broker.port, topics="mien/fails/#") as home,
        publishing(mqtt_config(broker.port), "fails") as (publisher, commands),
    ):
        publisher._inbox._on_command = lambda command: 1 / 0  # type: ignore[assignment]
        home.wait_for("mien/fails/availability", "online")
        home.publish("mien/fails/next/set", "PRESS")
        wait_until(lambda: "next/set: the command failed" in caplog.text)
        publisher.publish(mood())
        home.wait_for("mien/fails/mood/state")
        assert commands.empty()
