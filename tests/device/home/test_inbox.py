"""Anything may arrive on the topics that mien listens to."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien_device.config import MusicMode
from mien_device.home.commands import (
    LONGEST_MESSAGE,
    THINGS,
    Command,
    JudgeTrack,
    NextTrack,
    PlaySong,
    Restart,
    SayFeeling,
    SeekTrack,
    SetCamera,
    SetMode,
    SetPaused,
    SetVolume,
    ShowMessage,
    TakeSnapshot,
    UpdateModel,
)
from mien_device.home.contract import EXAMPLES
from mien_device.home.inbox import COMPLAINT_INTERVAL_S, LONGEST_TRANSACTION, MAX_PAYLOAD, Inbox
from mien_device.home.messages import Response
from mien_device.home.payloads import CommandError, Measure, Spot
from mien_models.labels import Emotion


class Post:
    """An inbox, what it handed on, and what it answered."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken: list[Command] = []
        self.answers: list[tuple[str, Response]] = []
        self.inbox = Inbox(
            self.taken.append,
            lambda verb, response: self.answers.append((verb, response)),
            {"stats": lambda: {"fps": 9.5}},
            clock=lambda: self.now,
        )

    def receive(self, topic: str, payload: bytes | dict[str, Any], *, retained: bool = False) -> Response | None:
        """The answer, if there is one."""
        self.answers.clear()
        if isinstance(payload, dict):
            payload = json.dumps(payload).encode()
        self.inbox.receive(topic, payload, retained=retained)
        assert len(self.answers) <= 1
        return self.answers[0][1] if self.answers else None


@pytest.fixture
def post() -> Post:
    return Post()


SONG = "0123456789abcdef0123456789abcdef"
GOOD: list[tuple[str, bytes, object, Command]] = [
    ("volume", b"0", 0, SetVolume(0)),
    ("volume", b"100", 100, SetVolume(100)),
    ("camera", b"OFF", "OFF", SetCamera(False)),
    ("pause", b"ON", "ON", SetPaused(True)),
    ("mode", b"off", "off", SetMode(MusicMode.OFF)),
    ("next", b"PRESS", "PRESS", NextTrack()),
    ("next", b"PRESS", None, NextTrack()),
    ("seek", b"90.5", 90.5, SeekTrack(Spot(90.5, Measure.SECONDS))),
    ("seek", b"90", "90", SeekTrack(Spot(90, Measure.SECONDS))),
    ("seek", b"+15", "+15", SeekTrack(Spot(15, Measure.ON))),
    ("seek", b"-7.25", "-7.25", SeekTrack(Spot(-7.25, Measure.ON))),
    ("seek", b"50%", "50%", SeekTrack(Spot(0.5, Measure.SHARE))),
    ("play", SONG.encode(), SONG, PlaySong(SONG)),
    ("like", b"PRESS", "PRESS", JudgeTrack(liked=True)),
    ("dislike", b"PRESS", None, JudgeTrack(liked=False)),
    ("feeling", b"sad", "sad", SayFeeling(Emotion.SAD)),
    ("feeling", b"none", "none", SayFeeling(None)),
    ("restart", b"PRESS", None, Restart()),
    ("snapshot", b"PRESS", None, TakeSnapshot()),
    ("update", b"check", "check", UpdateModel(install=False)),
    ("update", b"install", "install", UpdateModel(install=True)),
    ("message", "Grüß Gott\n☺".encode(), "Grüß Gott\n☺", ShowMessage("Grüß Gott\n☺")),
]


@pytest.mark.parametrize(("thing", "text", "value", "command"), GOOD)
def test_what_is_understood(post: Post, thing: str, text: bytes, value: object, command: Command) -> None:
    assert post.receive(f"{thing}/set", text) is None, "the state is the answer"
    request = {"transaction": "t-1"} if value is None else {"value": value, "transaction": "t-1"}
    answer = post.receive(f"request/{thing}", request)
    assert answer == Response(status="ok", data={} if value is None else {"value": value}, transaction="t-1")
    assert post.taken == [command, command]


def test_every_thing_is_tried() -> None:
    assert {thing for thing, *_ in GOOD} == set(THINGS)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("volume/set", b"101", "whole number from 0 to 100"),
        ("volume/set", b"50\n", "is not"),
        ("volume/set", b"+5", "whole number"),
        ("volume/set", b"", "whole number"),
        ("volume/set", "٣".encode(), "whole number"),
        ("volume/set", b"\xff", "not plain text"),
        ("volume/set", b"1" * (MAX_PAYLOAD + 1), "8193 bytes are too long"),
        ("next/set", b"press", "is not PRESS"),
        ("pause/set", b"on", "is not ON or OFF"),
        ("mode/set", b"party", "one of follow, lift, calm, energise, vent, shuffle, off"),
        ("message/set", b"a" * 256, "256 characters are too many"),
        ("message/set", b"\xed\xa0\x80", "not plain text"),
        ("message/set", b"bell \x07", "without control characters"),
        ("reboot/set", b"PRESS", "no such command"),
        ("request/volume", {"value": "50"}, "is not a whole number"),
        ("request/volume", {"value": True}, "is not a whole number"),
        ("request/volume", {"value": 50.0}, "is not a whole number"),
        ("request/volume", {"value": -1}, "from 0 to 100"),
        ("request/volume", {"valeu": 50}, "unknown key 'valeu'"),
        ("request/volume", {}, "nothing is not a whole number from 0 to 100"),
        ("request/volume", {"value": 5, "transaction": ["a"]}, "the transaction is neither"),
        ("request/volume", b'{"value": 5, "transaction": "\\ud800"}', "the transaction is neither"),
        ("request/camera", {"value": True}, "true is not ON or OFF"),
        ("request/volume", b"50", "not a JSON object"),
        ("request/volume", b"{", "not JSON"),
        ("request/volume", b"[" * 1000, "not JSON"),
        ("request/volume", b"\xff", "'\\\\xff' is not JSON"),
        ("request/volume", b"[1]", "'[1]' is not a JSON object"),
        ("request/volume", {"value": [1]}, "a list is not a whole number"),
        ("request/mode", b'{"value":' + b"[" * 900 + b"]" * 900 + b"}", "a list is not one of"),
        ("request/next", {"value": {}}, "an object is not PRESS"),
        ("seek/set", b"1e3", "is not a place in a song: seconds such as 90"),
        ("seek/set", b"101%", "is not a place in a song"),
        ("seek/set", b"-5%", "is not a place in a song"),
        ("seek/set", b"5\n", "is not a place in a song"),
        ("request/seek", {"value": -5}, "-5 is not a place in a song"),
        ("request/seek", b'{"value": NaN}', "NaN is not a place in a song"),
        ("request/seek", b'{"value": 1e999}', "Infinity is not a place in a song"),
        ("request/seek", {"value": True}, "true is not a place in a song"),
        ("request/seek", {}, "nothing is not a place in a song"),
        ("request/reboot", b"", "no such request; there are: camera"),
    ],
)
def test_what_is_not_is_answered(post: Post, topic: str, payload: bytes | dict[str, Any], reason: str) -> None:
    answer = post.receive(topic, payload)
    assert answer is not None
    assert answer.status == "error"
    assert reason in str(answer.error)
    assert post.taken == []


def test_an_error_names_the_transaction(post: Post) -> None:
    answer = post.receive("request/volume", {"value": 500, "transaction": 7})
    assert answer is not None
    assert (answer.status, answer.transaction) == ("error", 7)


def test_a_question_is_answered_with_data(post: Post) -> None:
    assert post.receive("request/stats", b"") == Response(status="ok", data={"fps": 9.5})


def test_an_order_from_long_ago_is_neither_carried_out_nor_answered(post: Post) -> None:
    assert post.receive("camera/set", b"ON", retained=True) is None
    assert post.receive("request/camera", {"value": "ON"}, retained=True) is None
    assert post.taken == []


def test_what_the_device_cannot_do_is_the_answer(post: Post) -> None:
    def cannot(command: Command) -> None:
        raise CommandError("the camera is switched off")

    post.inbox._on_command = cannot
    answer = post.receive("request/snapshot", {"transaction": "a"})
    assert answer == Response(status="error", error="the camera is switched off", transaction="a")


def test_a_setting_is_answered_when_it_is_saved(post: Post) -> None:
    waiting: list[Callable[[bool], None]] = []
    post.inbox._when_saved = waiting.append
    assert post.receive("request/volume", {"value": 5, "transaction": 1}) is None
    assert post.taken == [SetVolume(5)], "it is carried out at once"
    waiting.pop()(True)
    assert post.answers.pop() == ("volume", Response(status="ok", data={"value": 5}, transaction=1))
    assert post.receive("volume/set", b"6") is None
    waiting.pop()(True)
    assert post.answers == [], "the state is the answer"
    for topic in ("request/camera", "camera/set"):
        post.receive(topic, {"value": "OFF"} if topic.startswith("request") else b"OFF")
        waiting.pop()(False)
        assert "will not outlive a restart" in str(post.answers.pop()[1].error)
    assert post.receive("request/next", {}) is not None, "what is not kept is answered at once"
    assert waiting == []


def test_a_defect_costs_only_this_command(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    def broken(command: Command) -> None:
        raise ZeroDivisionError

    post.inbox._on_command = broken
    answer = post.receive("next/set", b"PRESS")
    assert answer is not None
    assert "see mien's log" in str(answer.error)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("topic", ["request/" + "a" * 40, "request/UP", "../set", "request/a b", "x/y/set"])
def test_no_topic_of_the_senders_choice_is_answered_on(post: Post, topic: str) -> None:
    assert post.receive(topic, b"PRESS") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {}, optional={"value": JSON | st.sampled_from(["ON", "PRESS", 50, 101, -1]), "transaction": JSON, "valeu": JSON}
)


@given(
    topic=st.sampled_from([f"{thing}/set" for thing in (*THINGS, "other")])
    | st.sampled_from([f"request/{thing}" for thing in (*THINGS, "stats", "other")])
    | st.text(max_size=30),
    payload=st.binary(max_size=2 * MAX_PAYLOAD)
    | NEARLY.map(lambda value: json.dumps(value).encode())
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    retained=st.booleans(),
)
@settings(max_examples=2000)
def test_whatever_comes_is_a_command_an_answer_or_nothing(topic: str, payload: bytes, retained: bool) -> None:
    post = Post()
    answer = post.receive(topic, payload, retained=retained)
    assert len(post.taken) <= 1
    if answer is not None:
        sent = answer.payload().encode()
        assert json.loads(sent)["status"] == answer.status
        assert len(sent) < 4 * MAX_PAYLOAD
        assert str(answer.error or "").isprintable()
        assert (answer.status == "error") <= (post.taken == [])


def test_the_inbox_complains_seldom_and_counts(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(1000):
        assert post.receive("volume/set", b"loud") is not None, "each is answered"
    post.receive("volume/set", b"3", retained=True)
    post.receive("volume/set", b"4")
    assert len(caplog.records) == 1
    assert post.taken == [SetVolume(4)]
    post.now = COMPLAINT_INTERVAL_S
    post.receive("volume/set", b"loud")
    assert "1000 more commands" in caplog.records[1].getMessage()


def test_the_answer_in_the_document_is_the_real_one(post: Post) -> None:
    answer = post.receive("request/volume", {"value": 300, "transaction": 8})
    assert answer in EXAMPLES


@pytest.mark.parametrize(
    "text", ["Le dîner est prêt\u202f!", "می\u200cخواهم", "👨\u200d👩\u200d👧", "one\ttwo", "one\ntwo"]
)
def test_words_are_anything_that_people_write(post: Post, text: str) -> None:
    post.receive("message/set", text.encode())
    post.receive("message/set", text.replace("\n", "\r\n").encode())
    assert post.taken == [ShowMessage(text), ShowMessage(text)]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("character", ["a", "Д", "😀"])
def test_the_longest_words_may_be_asked_for_in_any_json(post: Post, character: str, ascii_only: bool) -> None:
    request = {"value": character * LONGEST_MESSAGE, "transaction": "é" * LONGEST_TRANSACTION}
    answer = post.receive("request/message", json.dumps(request, ensure_ascii=ascii_only).encode())
    assert answer is not None
    assert answer.status == "ok"
    assert post.taken == [ShowMessage(character * LONGEST_MESSAGE)]
