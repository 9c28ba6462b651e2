"""Anything may arrive on a `set` topic."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.home.commands import (
    COMPLAINT_INTERVAL_S,
    MAX_PAYLOAD,
    THINGS,
    Command,
    CommandError,
    CommandInbox,
    NextTrack,
    SetPaused,
    SetVolume,
    parse_command,
)


@pytest.mark.parametrize(
    ("thing", "payload", "command"),
    [
        ("volume", b"0", SetVolume(0)),
        ("volume", b"100", SetVolume(100)),
        ("volume", b"007", SetVolume(7)),
        ("next", b"PRESS", NextTrack()),
        ("pause", b"ON", SetPaused(True)),
        ("pause", b"OFF", SetPaused(False)),
    ],
)
def test_what_is_understood(thing: str, payload: bytes, command: Command) -> None:
    assert parse_command(thing, payload) == command


@pytest.mark.parametrize(
    ("thing", "payload", "reason"),
    [
        ("volume", b"101", "whole number from 0 to 100"),
        ("volume", b"50\n", r"'50\\n' is not"),
        ("volume", b"+5", "whole number"),
        ("volume", b"", "whole number"),
        ("volume", "٣".encode(), "not plain text"),
        ("volume", b"\xff", "not plain text"),
        ("volume", b"1" * (MAX_PAYLOAD + 1), "1025 bytes are too long"),
        ("next", b"press", "is not PRESS"),
        ("pause", b"on", "neither ON nor OFF"),
        ("reboot", b"PRESS", "no such command"),
    ],
)
def test_what_is_not(thing: str, payload: bytes, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        parse_command(thing, payload)


@given(thing=st.sampled_from([*THINGS, "other"]), payload=st.binary(max_size=2 * MAX_PAYLOAD))
def test_any_bytes_are_a_command_or_a_short_complaint(thing: str, payload: bytes) -> None:
    complaint, command = "", None
    try:
        command = parse_command(thing, payload)
    except CommandError as error:
        complaint = str(error)
    assert complaint.isprintable()
    assert len(complaint) < 250
    assert bool(complaint) == (command is None)


@given(st.text("0123456789", min_size=1, max_size=5))
def test_volumes(digits: str) -> None:
    try:
        assert parse_command("volume", digits.encode()) == SetVolume(int(digits))
    except CommandError:
        assert int(digits) > 100 or len(digits) > 3


def test_the_inbox_complains_seldom_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    now = [0.0]
    taken: list[Command] = []
    inbox = CommandInbox(taken.append, clock=lambda: now[0])
    for _ in range(1000):
        inbox.receive("volume", b"loud", retained=False)
    inbox.receive("volume", b"3", retained=True)
    inbox.receive("volume", b"4", retained=False)
    assert len(caplog.records) == 1
    assert taken == [SetVolume(4)]
    now[0] = COMPLAINT_INTERVAL_S
    inbox.receive("volume", b"loud", retained=False)
    assert "1000 more commands" in caplog.records[1].getMessage()
