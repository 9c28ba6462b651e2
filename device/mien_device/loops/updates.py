"""The updates' thread: looks for new models, hands faces to the one on trial, and tells the home."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from mien_device.config.schema import UpdatesConfig
from mien_device.home import Publisher
from mien_device.home.commands import UpdateModel
from mien_device.home.messages import ModelUpdate
from mien_device.home.payloads import CommandError
from mien_device.latest import Closed, Latest
from mien_device.updates import Offer, Phase
from mien_device.updates.reader import ExchangeableReader
from mien_device.updates.search import Search
from mien_device.updates.source import at_hand
from mien_device.updates.store import Store
from mien_device.updates.trial import Open, Trial
from mien_models.errors import MienError, ModelError
from mien_models.preprocess import Image
from mien_models.runner import Answer

log = logging.getLogger(__name__)

TURN_S = 0.5
LOOK_S = 60.0
"""The folder is looked into so often."""
STEP = 5
"""The home is told of a trial's progress in steps of so many per cent: it keeps every one."""
_LONGEST = 255


class Updates:
    """Faces come from the vision thread through a slot for one, so that nothing waits for the second model."""

    def __init__(
        self,
        config: UpdatesConfig,
        store: Store,
        reader: ExchangeableReader,
        open_model: Open,
        publisher: Publisher,
        stop: threading.Event,
        tell: Callable[[], None],
    ) -> None:
        """Prepare it.

        Args:
            config: whose models, from where, and how they are tried.
            store: after its `begin`.
            reader: which answers with the model that `store` named.
            open_model: opens a model directory.
            publisher: told where things stand.
            stop: ends the loop.
            tell: called when another model answers.

        """
        self._config, self._store, self._reader = config, store, reader
        self._publisher, self._stop, self._tell = publisher, stop, tell
        self._trial = Trial(config, store, reader, open_model)
        self._search = Search(config)
        self._faces: Latest[tuple[Image, Answer]] = Latest()
        self._asked: UpdateModel | None = None
        self._offer: Offer | None = None
        self._fetching = False
        self._words = store.record.last
        self._told: ModelUpdate | None = None

    def greet(self) -> None:
        """Say where things stand, before anything has begun."""
        self._say()

    def command(self, command: UpdateModel) -> None:
        """Take note of what the home asks; the thread does it.

        Raises:
            CommandError: a model is being tried already.

        """
        if command.install and self._trial.phase is not Phase.IDLE:
            raise CommandError("a new model is being tried already; see update/state")
        self._asked = command
        self._faces.nudge()

    def close(self) -> None:
        """End the loop."""
        self._faces.close()

    def run(self) -> None:
        """The loop."""
        self._trial.resume()
        look_at = time.monotonic()
        while not self._stop.is_set():
            self._reader.watch = self._see if self._trial.beside is not None else None
            self._say()
            try:
                pair = self._faces.take(TURN_S)
            except Closed:
                break
            asked, self._asked = self._asked, None
            if asked is not None:
                self._carry_out(asked)
            elif pair is not None:
                self._compare(*pair)
            elif self._trial.phase is Phase.IDLE and time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_S
                self._look(ask_network=False)
                if self._offer is not None and self._config.automatic:
                    self._install(self._offer)
        self._reader.watch = None
        self._trial.save()

    def end(self, failure: BaseException | None) -> None:
        """The daemon has come to its end, by this failure if there was one: only a new model's own counts against it."""
        if failure is None or (isinstance(failure, MienError) and not isinstance(failure, ModelError)):
            self._store.end()

    def _see(self, face: Image, answer: Answer) -> None:
        self._faces.put((face, answer))

    def _compare(self, face: Image, answer: Answer) -> None:
        before = self._trial.phase
        exchanged = self._trial.compare(face, answer)
        if self._trial.phase is not before:
            self._offer, self._words = None, self._store.record.last
        if exchanged:
            self._tell()

    def _carry_out(self, command: UpdateModel) -> None:
        if not command.install:
            self._store.change(rejected=())  # who asks again wants to be asked again
        if self._trial.phase is Phase.IDLE and not (command.install and self._offer is not None):
            self._look(ask_network=True)
            self._words = self._search.trouble or ("" if self._offer is not None else "there is no new model")
        if command.install and self._offer is not None:
            self._install(self._offer)

    def _look(self, *, ask_network: bool) -> None:
        before, running = self._offer, self._reader.classifier.manifest
        self._offer = self._search.look(running, self._store.record.rejected, ask_network=ask_network)
        if self._offer is not None and self._offer != before:
            log.info("model update: %s %s is offered by %s", self._offer.name, self._offer.version, self._offer.place)

    def _install(self, offer: Offer) -> None:
        """Fetch and check it, and begin its trial."""
        before, self._words = self._words, ""
        self._fetching = True
        self._say()
        try:
            with at_hand(offer, self._config.keys, self._stop.is_set) as source:
                self._trial.begin(source)
            self._words = self._store.record.last
        except (MienError, OSError) as error:
            self._words = str(error)
            if self._words != before:  # one that lies there half is tried again every minute
                log.warning("model update: %s", error)
        self._fetching = False
        if self._trial.phase is Phase.IDLE:
            self._offer = None  # it failed, and is not begun again by itself before somebody looks

    def _say(self) -> None:
        """Tell the home, where that is news."""
        message = self._message()
        if message is not None and message != self._told:
            self._told = message
            self._publisher.publish(message)

    def _message(self) -> ModelUpdate | None:
        """Where things stand; None where nothing has changed that is worth a message."""
        phase = Phase.FETCHING if self._fetching else self._trial.phase
        running, trying = self._reader.classifier.manifest, phase in {Phase.SHADOW, Phase.PROBATION}
        shadow, told = self._trial.shadow, self._told
        step = int(100 * shadow.progress) // STEP * STEP if trying else None
        if trying and told is not None and (told.phase, told.update_percentage) == (phase.value, step):
            return None
        latest, words = running.version, self._words
        if phase is Phase.SHADOW and (beside := self._trial.beside) is not None:
            latest = _version(beside.manifest.name, beside.manifest.version, running.name)
        elif phase is not Phase.PROBATION and self._offer is not None:
            latest = _version(self._offer.name, self._offer.version, running.name)
        agreement = shadow.agreement if trying else None
        if agreement is not None:
            where = "in the shadow" if phase is Phase.SHADOW else "on probation"
            words = f"{where}: {agreement:.0%} of {shadow.compared} faces are read alike"
        return ModelUpdate(
            installed_version=running.version,
            latest_version=latest,
            title=running.name,
            release_summary=words[:_LONGEST],
            in_progress=phase in {Phase.FETCHING, Phase.SHADOW},
            update_percentage=step,
            phase=phase.value,
            agreement=None if agreement is None else round(100 * agreement),
            faces=shadow.compared if trying else 0,
        )


def _version(name: str, version: str, known: str) -> str:
    """A version as the home compares it; another model's has its name with it."""
    return version if name == known else f"{name} {version}"
