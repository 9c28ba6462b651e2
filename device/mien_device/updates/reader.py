"""The network that answers, exchangeable between two faces."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mien_models.preprocess import Image
from mien_models.runner import Answer, Classifier

Watch = Callable[[Image, Answer], None]
"""Is told of a face, grey uint8 (48, 48), and of what was read there; returns at once."""


class ExchangeableReader:
    """Reads faces with one classifier, until it is given another. For any thread."""

    def __init__(self, classifier: Classifier) -> None:
        """Begin with this one."""
        self._classifier = classifier
        self._lock = threading.Lock()
        self.watch: Watch | None = None
        """Somebody who wants to see every face that is read."""

    @property
    def classifier(self) -> Classifier:
        """The one that answers. To look at, not to run: it is in use."""
        return self._classifier

    def read(self, face: Image) -> Answer:
        """What it makes of a grey face (48, 48)."""
        with self._lock:
            answer = self._classifier.read(face)
        if (watch := self.watch) is not None:
            watch(face, answer)
        return answer

    def exchange(self, classifier: Classifier) -> Classifier:
        """Answer with this one from the next face on; the one of before, which nobody runs any more."""
        with self._lock:
            before, self._classifier = self._classifier, classifier
        return before
