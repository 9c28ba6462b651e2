"""Networks that go on when the Edge TPU does not: at once on the processor, and back on it when it answers again.

The steps: a failed or overdue answer is computed again on the processor. In the background the device is reset, tried in a
child process, and opened anew; if that fails it is tried again after growing pauses.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mien_models.coral import EdgeTpu, Tpu
from mien_models.errors import ModelError
from mien_models.mark import Mark
from mien_models.runtime import Accelerator, open_on_processor

log = logging.getLogger(__name__)

ANSWER_S = 2.0
"""An answer takes milliseconds; one that takes so long will not come."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
"""Between two tries to come back; each pause is twice the one before."""
PATIENCE = 5
"""So many times as long is the first pause after each run that was cut off: 25 s, 2 min, 10 min."""


class Ladder:
    """Opens the networks of a process on one Edge TPU, and moves all of them together: it serves one process at a time."""

    def __init__(self, tpu: Tpu | None = None, first_pause_s: float = FIRST_PAUSE_S, mark: Path | None = None) -> None:
        """Nothing is opened yet.

        Args:
            tpu: the Coral, if none is given.
            first_pause_s: before the first try to come back.
            mark: a file that is there while the Edge TPU is in use. One that is there at the start says that the last run was cut
                off, perhaps by it; each time it is left alone for longer. None: nobody takes note.

        """
        self._tpu = tpu or EdgeTpu()
        self._mark = Mark(mark)
        self._first_pause_s = min(LONGEST_PAUSE_S, first_pause_s * PATIENCE**self._mark.count)
        self._lock = threading.Lock()
        self._networks: list[SteadyInterpreter] = []
        self._closed = threading.Event()
        self._absent = False
        """Whether one that was only hoped for is not there: then no further network asks for it."""
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the processor does what the Edge TPU should; None while nothing is wrong."""
        return self._trouble

    def open(self, model: Path, accelerator: Accelerator, threads: int) -> SteadyInterpreter:
        """A network that is kept running. Where an Edge TPU is only hoped for (`auto`), its absence now is no trouble.

        Raises:
            ModelError: not even the processor can run it.

        """
        network = SteadyInterpreter(self, model, threads)
        if self._absent:
            return network
        if self._mark.count and self._trouble is None and not self._in_use:
            self.failed(f"mien was cut off {self._mark.count} times while it computed")
        if self._trouble is None:
            reason = self._tpu.probe(model) if not self._in_use else None
            try:
                if reason is None:
                    self._mark.set()
                    network.move_to(self._tpu.open(model, threads), Accelerator.EDGETPU)
            except ModelError as error:
                self._mark.clear()
                reason = str(error).partition(";")[0]
            if reason is not None:
                log.info("accelerator: cpu (%s)", reason)
                if accelerator is Accelerator.EDGETPU:
                    self.failed(reason)
                else:
                    self._absent = True
                    return network
        self._networks.append(network)
        return network

    def failed(self, reason: str) -> None:
        """Move every network to the processor, and look for a way back. At once, from the thread that uses them."""
        with self._lock:
            if self._trouble is not None:
                return
            self._trouble = f"the Edge TPU does not answer ({reason}), the processor does its work"
        log.warning("accelerator: %s", self._trouble)
        self._mark.clear()
        for network in self._networks:
            network.move_to(None, Accelerator.CPU)
        threading.Thread(target=self._come_back, name="mien-accelerator", daemon=True).start()

    def forget(self, network: SteadyInterpreter) -> None:
        """It is used no more, and moved no more; its file may go."""
        with self._lock:
            self._networks = [other for other in self._networks if other is not network]

    def close(self) -> None:
        """Look for no way back any more, and let go of the device. May be called twice."""
        with self._lock:
            self._closed.set()
        self._mark.clear()
        for network in self._networks:
            network.move_to(None, Accelerator.CPU)

    @property
    def _in_use(self) -> bool:
        """Whether this process has the device: another one, a probe too, then cannot open it."""
        return any(network.accelerator is Accelerator.EDGETPU for network in self._networks)

    def _come_back(self) -> None:
        pause_s = self._first_pause_s
        while not self._closed.is_set():
            self._tpu.reset()
            if self._closed.wait(pause_s):
                return
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            reason = next((reason for network in self._networks if (reason := self._tpu.probe(network.model))), None)
            if reason is None and (reason := self._open_all()) is None:
                self._trouble = None
                log.info("accelerator: the Edge TPU answers again")
                return
            log.debug("accelerator: still on the processor: %s", reason)

    def _open_all(self) -> str | None:
        networks = self._networks
        with self._lock:
            if self._closed.is_set():
                return "nobody needs it any more"
            self._mark.set()
        try:
            opened = [self._tpu.open(network.model, network.threads) for network in networks]
        except ModelError as error:
            self._mark.clear()
            return str(error)
        with self._lock:
            if self._closed.is_set():  # meanwhile; the mark would make the next start believe that it was cut off
                self._mark.clear()
                return "nobody needs it any more"
            for network, interpreter in zip(networks, opened, strict=True):
                network.offer(interpreter)
        return None


class SteadyInterpreter:
    """What `Classifier` and `ModelFinder` use of an interpreter, whatever runs it. For one thread, but `offer`."""

    def __init__(self, ladder: Ladder, model: Path, threads: int) -> None:
        """On the processor at first."""
        self.model, self.threads = model, threads
        self.accelerator = Accelerator.CPU
        self._ladder = ladder
        self._processor = open_on_processor(model, threads)
        """Always at hand: to open it may take longer than a frame has time."""
        self._interpreter = self._processor
        self._fed: dict[int, npt.NDArray[Any]] = {}
        self._offered: Any = None
        self._hand: _Hand | None = None

    def move_to(self, interpreter: Any, accelerator: Accelerator) -> None:
        """Go on there; None: on the processor."""
        if self._hand is not None:
            self._hand.rest()
        self._interpreter = self._processor if interpreter is None else interpreter
        self._hand = None if interpreter is None else _Hand()
        self.accelerator = accelerator

    def close(self) -> None:
        """Let go of the device, for good."""
        self.move_to(None, Accelerator.CPU)
        self._ladder.forget(self)

    def offer(self, interpreter: Any) -> None:
        """Go on there from the next answer on. From any thread."""
        self._offered = interpreter

    def get_input_details(self) -> Any:
        return self._interpreter.get_input_details()

    def get_output_details(self) -> Any:
        return self._interpreter.get_output_details()

    def set_tensor(self, index: int, value: npt.NDArray[Any]) -> None:
        self._fed[index] = value

    def get_tensor(self, index: int) -> Any:
        return self._interpreter.get_tensor(index)

    def invoke(self) -> None:
        """Compute, where that is possible."""
        if self._offered is not None:
            self.move_to(self._offered, Accelerator.EDGETPU)
            self._offered = None
        if self._hand is not None:
            reason = self._hand.do(lambda: self._run(self._interpreter), ANSWER_S)
            if reason is None:
                return
            self.move_to(None, Accelerator.CPU)
            self._ladder.failed(reason)
        self._run(self._processor)

    def _run(self, interpreter: Any) -> None:
        for index, value in self._fed.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()


class _Hand:
    """A thread that does one thing after the other for us, and can be left behind if it never comes back."""

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="mien-edgetpu", daemon=True).start()

    def do(self, task: Callable[[], None], limit_s: float) -> str | None:
        """None once it is done; else why it was not. It must not be asked again then."""
        self._tasks.put(task)
        try:
            return self._answers.get(timeout=limit_s)
        except queue.Empty:
            return f"no answer for {limit_s:g} s"

    def rest(self) -> None:
        """Nothing will be asked any more."""
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except (RuntimeError, ValueError, OSError) as error:
                self._answers.put(str(error).strip().partition("\n")[0] or type(error).__name__)
                return
            self._answers.put(None)
