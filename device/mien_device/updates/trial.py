"""A new model's trial: first it runs beside the one that answers, then it answers and that one runs beside it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from mien_device.config.schema import UpdatesConfig
from mien_device.updates import Phase
from mien_device.updates.reader import ExchangeableReader
from mien_device.updates.shadow import Shadow
from mien_device.updates.store import Store
from mien_models.errors import MienError
from mien_models.preprocess import Image
from mien_models.runner import Answer, Classifier
from mien_models.selftest import self_test

log = logging.getLogger(__name__)

SAVE_S = 300.0
"""How far it has come is written down so often: each time wears the card out a little."""
_FAILURES = (MienError, RuntimeError, ValueError)
"""What the runtime raises for a network that it cannot run."""

Open = Callable[[Path], Classifier]


class Trial:
    """Used by one thread, which hands it the faces that the answering model has read."""

    def __init__(
        self,
        config: UpdatesConfig,
        store: Store,
        reader: ExchangeableReader,
        open_model: Open,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store` after its `begin`; `reader` answers with the model that it named; `clock` counts seconds."""
        self._config, self._store, self._reader, self._open, self._clock = config, store, reader, open_model, clock
        self._shadow = self._fresh()
        self.beside: Classifier | None = None
        """The second model; None: there is no trial."""

    @property
    def phase(self) -> Phase:
        """Where it stands, on the disk as well."""
        return self._store.record.phase

    @property
    def shadow(self) -> Shadow:
        """What was counted in this phase."""
        return self._shadow

    def begin(self, source: Path) -> None:
        """Install a model and let it run beside.

        Raises:
            MienError: it cannot be installed; nothing has changed then.

        """
        name, manifest = self._store.install(source)
        self._store.try_out(name)
        self._shadow = self._fresh()
        try:
            self.beside = self._opened(name)
        except _FAILURES as error:
            self.give_up(str(error))
            return
        log.info("model update: %s %s runs beside %s", manifest.name, manifest.version, self._answering())

    def resume(self) -> None:
        """Go on with one that a restart interrupted."""
        record = self._store.record
        if record.phase is Phase.IDLE:
            return
        try:
            self.beside = self._opened(record.candidate if record.phase is Phase.SHADOW else record.previous or "")
        except _FAILURES as error:
            self._failed_beside(error)
            return
        self._shadow = self._fresh()
        self._shadow.watched_s, self._shadow.compared, self._shadow.agreed = (
            record.watched_s,
            record.compared,
            record.agreed,
        )

    def compare(self, face: Image, answer: Answer) -> bool:
        """Let the second model read a face too; whether another model answers from now on."""
        if self.beside is None:
            return False
        try:
            second = self.beside.read(face)
        except _FAILURES as error:
            self._failed_beside(error)
            return False
        now = self._clock()
        self._shadow.add(answer, second, now)
        if self._shadow.done:
            return self._decide()
        if now - self._saved_at >= SAVE_S:
            self.save()
        return False

    def save(self) -> None:
        """Write down how far it has come."""
        if self.phase is not Phase.IDLE:
            shadow, self._saved_at = self._shadow, time.monotonic()
            self._store.change(watched_s=round(shadow.watched_s, 1), compared=shadow.compared, agreed=shadow.agreed)

    def give_up(self, reason: str) -> bool:
        """Back to the model of before, at once; whether another one answers now."""
        failed, self.beside = self.beside, None
        back = failed if self.phase is Phase.PROBATION else None
        if back is not None:
            failed = self._reader.exchange(back)
        if failed is not None:
            failed.close()
        self._store.give_up(reason)
        return back is not None

    def _decide(self) -> bool:
        share, faces, wanted = (
            round(100 * (self._shadow.agreement or 0.0)),
            self._shadow.compared,
            self._config.agreement,
        )
        if share < wanted:
            return self.give_up(f"it reads {share} % of {faces} faces as the one of before does, {wanted} % are wanted")
        if self.phase is Phase.PROBATION:
            self._settle(f"{share} % of {faces} faces are read as before")
            return False
        assert self.beside is not None  # noqa: S101 - it has just read a face
        self._store.switch()  # on the disk first: what answers after a power cut now has answered before
        self.beside = self._reader.exchange(self.beside)
        self._shadow = self._fresh()
        log.info("model update: %s answers; it read %d %% of %d faces alike", self._answering(), share, faces)
        return True

    def _failed_beside(self, error: Exception) -> None:
        if self.phase is Phase.SHADOW:
            self.give_up(f"it failed: {error}")
        else:  # no way back is left, and the new one works
            self._settle("the one of before cannot be run any more")

    def _settle(self, words: str) -> None:
        if self.beside is not None:
            self.beside.close()
        self.beside = None
        self._store.settle(f"{self._answering()} stays: {words}")
        log.info("model update: %s", self._store.record.last)

    def _opened(self, name: str) -> Classifier:
        classifier = self._open(self._store.path(name))
        self_test(classifier)
        return classifier

    def _fresh(self) -> Shadow:
        self._saved_at = self._clock()
        return Shadow(60 * self._config.shadow_minutes, self._config.shadow_faces)

    def _answering(self) -> str:
        manifest = self._reader.classifier.manifest
        return f"{manifest.name} {manifest.version}"
