"""From the bytes on a topic to a command, an answer, or a complaint. Nothing that arrives here can raise."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from mien_device.home.commands import THINGS, Command
from mien_device.home.messages import Response
from mien_device.home.payloads import CommandError, shown

log = logging.getLogger(__name__)

MAX_PAYLOAD = 8192
"""Bytes. The longest command that means anything is a message for the screen with a transaction, of characters that JSON
may write in twelve bytes each."""
LONGEST_TRANSACTION = 128
"""Characters of the text by which a request is told from another."""
LARGEST_TRANSACTION = 2**53
"""Every whole number below it, and above its negative, is the same in every JSON library."""
COMPLAINT_INTERVAL_S = 10.0
"""Rejected commands are logged this often at most."""

SET, REQUEST = "/set", "request/"
_VERB = re.compile("[a-z_]{1,32}")

Query = Callable[[], dict[str, Any]]
"""Answers a request that asks for something instead of changing it."""
WhenSaved = Callable[[Callable[[bool], None]], None]
"""Calls what it is given when all settings so far are on the disk, with False if they cannot be written; on any thread."""

FAILED = "it failed; see mien's log"
UNSAVED = "done, but it cannot be saved and will not outlive a restart; see mien's log"


def at_once(then: Callable[[bool], None]) -> None:
    """A `WhenSaved` for settings that nobody keeps."""
    then(True)


class Inbox:
    """Hands good commands on, answers requests, and complains of the rest, seldom."""

    def __init__(
        self,
        on_command: Callable[[Command], None],
        answer: Callable[[str, Response], None],
        queries: Mapping[str, Query] | None = None,
        when_saved: WhenSaved = at_once,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare it.

        Args:
            on_command: takes a command; what it raises as `CommandError` is the answer.
            answer: sends a response on `response/<verb>`, given the verb.
            queries: requests that are answered with data, by verb.
            when_saved: a setting that outlives a restart is answered only then: whoever reads `ok` may cut the power.
            clock: seconds, monotonic.

        """
        self._on_command = on_command
        self._answer = answer
        self._queries = queries or {}
        self._when_saved = when_saved
        self._clock = clock
        self._quiet_until = -float("inf")
        self._unsaid = 0

    def receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """A message came on `topic`, which is `<thing>/set` or `request/<verb>`."""
        is_request = topic.startswith(REQUEST)
        verb = topic.removeprefix(REQUEST) if is_request else topic.removesuffix(SET)
        if retained:
            # An order from long ago, which must not be carried out now; its sender is not waiting for an answer either.
            # An empty one is no order: that is how a retained message is cleared.
            if payload:
                self._complain(topic, "was retained and is ignored; publish commands without the retain flag")
            return
        transaction: str | int | None = None
        try:
            check_size(payload)
            if is_request:
                request = _read_request(payload)
                transaction = _read_transaction(request)
                response = self._request(verb, _read_value(request))
            else:
                response = self._carry_out(verb, payload)
        except CommandError as error:
            self._complain(topic, str(error))
            response = Response(status="error", error=str(error), transaction=transaction)
        except Exception:
            log.exception("%s: the command failed", shown(topic).strip("'"))
            response = Response(status="error", error=FAILED, transaction=transaction)
        else:
            response = response.model_copy(update={"transaction": transaction})
        if response.status == "ok" and verb in THINGS and THINGS[verb].kept:
            self._when_saved(lambda saved: self._reply(verb, is_request, response if saved else _unsaved(transaction)))
        else:
            self._reply(verb, is_request, response)

    def _reply(self, verb: str, is_request: bool, response: Response) -> None:
        # What was set well is answered by its state; a verb that is no word would make a topic of the sender's choice.
        if _VERB.fullmatch(verb) and (is_request or response.status == "error"):
            self._answer(verb, response)

    def _carry_out(self, name: str, payload: bytes) -> Response:
        thing = THINGS.get(name)
        if thing is None:
            raise CommandError("there is no such command")
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            raise CommandError(f"{shown(payload)} is not plain text") from None
        self._on_command(thing.command(thing.payload.read(text)))
        return Response(status="ok")

    def _request(self, verb: str, value: object) -> Response:
        if query := self._queries.get(verb):
            return Response(status="ok", data=query())
        thing = THINGS.get(verb)
        if thing is None:
            raise CommandError(f"there is no such request; there are: {', '.join(sorted({*THINGS, *self._queries}))}")
        self._on_command(thing.command(thing.payload.read_json(value)))
        return Response(status="ok", data={} if value is None else {"value": value})

    def _complain(self, topic: str, reason: str) -> None:
        now = self._clock()
        if now < self._quiet_until:
            self._unsaid += 1
            return
        more = f" (and {self._unsaid} more commands were rejected before)" if self._unsaid else ""
        log.warning("MQTT command %s: %s%s", shown(topic).strip("'"), reason, more)
        self._quiet_until, self._unsaid = now + COMPLAINT_INTERVAL_S, 0


def _unsaved(transaction: str | int | None) -> Response:
    return Response(status="error", error=UNSAVED, transaction=transaction)


def check_size(payload: bytes) -> None:
    """Whether a message is short enough to mean anything.

    Raises:
        CommandError: it is not.

    """
    if len(payload) > MAX_PAYLOAD:
        raise CommandError(f"{len(payload)} bytes are too long, {MAX_PAYLOAD} are the most")


def _read_request(payload: bytes) -> dict[str, Any]:
    """Nothing at all, or a JSON object.

    Raises:
        CommandError: it is something else.

    """
    if not payload.strip():
        return {}
    try:
        request = json.loads(payload)
    except (ValueError, RecursionError):
        raise CommandError(f"{_as_text(payload)} is not JSON") from None
    if not isinstance(request, dict):
        raise CommandError(f"{_as_text(payload)} is not a JSON object")
    return request


def _as_text(payload: bytes) -> str:
    return shown(payload.decode(errors="backslashreplace"))


def _read_transaction(request: dict[str, Any]) -> str | int | None:
    transaction = request.get("transaction")
    if transaction is None:
        return None
    if isinstance(transaction, str) and len(transaction) <= LONGEST_TRANSACTION and transaction.isprintable():
        return transaction
    if isinstance(transaction, int) and not isinstance(transaction, bool) and abs(transaction) < LARGEST_TRANSACTION:
        return transaction
    raise CommandError(
        f"the transaction is neither a whole number nor a text of at most {LONGEST_TRANSACTION} characters"
    )


def _read_value(request: dict[str, Any]) -> object:
    if unknown := sorted(set(request) - {"value", "transaction"}):
        raise CommandError(f"unknown key {shown(unknown[0])}; a request has value and transaction")
    return request.get("value")
