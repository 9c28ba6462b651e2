"""What is asked for on the page goes the way of what the home asks for over MQTT: the same reading, the same answers."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future

from mien_device.home.commands import THINGS, Command
from mien_device.home.inbox import FAILED, UNSAVED, Inbox, WhenSaved, check_size
from mien_device.home.messages import Response
from mien_device.home.payloads import CommandError
from mien_device.page import Json, Outcome, Reply

PATIENCE_S = 5.0
"""A setting is on the disk after a second; who waits for longer waits for a disk that hangs."""
_OUTCOMES = {FAILED: Outcome.FAILED, UNSAVED: Outcome.UNSAVED}


class Asking:
    """Used by any thread."""

    def __init__(self, on_command: Callable[[Command], None], when_saved: WhenSaved) -> None:
        self._inbox = Inbox(on_command, self._answered, when_saved=when_saved)
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Response]] = {}

    def ask(self, thing: str, value: Json) -> Reply:
        """Have a command carried out, and wait for the answer."""
        if thing not in THINGS:
            return Reply(Outcome.UNKNOWN, {}, f"there is no such command; there are: {', '.join(THINGS)}")
        number, answer = next(self._numbers), Future[Response]()
        request = json.dumps({"value": value, "transaction": number}).encode()
        try:
            check_size(request)
        except CommandError as error:
            return Reply(Outcome.REFUSED, {}, str(error))
        with self._lock:
            self._waiting[number] = answer
        try:
            self._inbox.receive(f"request/{thing}", request, retained=False)
            response = answer.result(PATIENCE_S)
        except TimeoutError:
            return Reply(Outcome.UNSAVED, {}, UNSAVED)
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if response.status == "ok":
            return Reply(Outcome.DONE, response.data)
        return Reply(_OUTCOMES.get(response.error or "", Outcome.REFUSED), {}, response.error)

    def _answered(self, verb: str, response: Response) -> None:
        # An answer without its number is to a request that could not be read, and there is none of these: `ask` wrote it.
        with self._lock:
            answer = self._waiting.pop(response.transaction, None) if isinstance(response.transaction, int) else None
        if answer is not None:
            answer.set_result(response)
