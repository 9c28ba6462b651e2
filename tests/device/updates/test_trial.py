"""A new model's trial, with real networks on real average faces."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mien_device.config.schema import UpdatesConfig
from mien_device.updates import Phase
from mien_device.updates.reader import ExchangeableReader
from mien_device.updates.shadow import LONGEST_STEP_S, Shadow
from mien_device.updates.store import Store
from mien_device.updates.trial import Trial
from mien_models.labels import Emotion
from mien_models.preprocess import Image
from mien_models.runner import Answer, Classifier
from mien_models.selftest import load_prototypes
from tests.device.updates.conftest import Key, model, unlike

Make = Callable[..., UpdatesConfig]


class Room:
    """Faces come by; the model that answers reads them, and the trial sees it."""

    def __init__(self, folder: Path, config: UpdatesConfig) -> None:
        self.store = Store(folder, config.keys)
        self.reader = ExchangeableReader(Classifier.open(self.store.begin()))
        self.now = 0.0
        self.trial = Trial(config, self.store, self.reader, Classifier.open, lambda: self.now)
        self._faces: Iterator[Image] = itertools.cycle(load_prototypes().values())

    def look(self, faces: int = 300) -> None:
        """Until the phase ends, at most at so many faces."""
        before = self.trial.phase
        for _ in range(faces):
            face = next(self._faces)
            self.now += 0.1
            self.trial.compare(face, self.reader.read(face))
            if self.trial.phase is not before:
                return

    @property
    def version(self) -> str:
        return self.reader.classifier.manifest.version


def test_a_model_that_reads_alike_comes_to_stay(key: Key, config: Make, tmp_path: Path) -> None:
    room = Room(tmp_path / "models", config())
    old = room.version
    room.trial.begin(model(tmp_path / "new", key))
    assert (room.trial.phase, room.version) == (Phase.SHADOW, old)
    room.look()
    assert (room.trial.phase, room.version) == (Phase.PROBATION, "99.1")
    room.look()
    assert (room.trial.phase, room.version) == (Phase.IDLE, "99.1")
    assert re.fullmatch(r"emotion 99\.1 stays: 100 % of \d+ faces are read as before", room.store.record.last)
    assert Room(tmp_path / "models", config()).version == "99.1"


def test_a_model_that_reads_otherwise_never_answers(key: Key, config: Make, tmp_path: Path) -> None:
    room = Room(tmp_path / "models", config())
    old = room.version
    room.trial.begin(unlike(tmp_path / "new", key))
    room.look()
    assert (room.trial.phase, room.version, room.trial.beside) == (Phase.IDLE, old, None)
    assert "70 % are wanted" in room.store.record.last
    assert Room(tmp_path / "models", config()).version == old


def test_on_probation_it_is_taken_back_for_disagreement(key: Key, config: Make, tmp_path: Path) -> None:
    """What agreed in the shadow may not agree with another room."""
    careless = Room(tmp_path / "models", config(agreement=0))
    old = careless.version
    careless.trial.begin(unlike(tmp_path / "new", key))
    careless.look()
    assert (careless.trial.phase, careless.version) == (Phase.PROBATION, "99.2")
    careless.trial.save()
    careless.store.end()
    room = Room(tmp_path / "models", config())
    room.trial.resume()
    assert room.version == "99.2"
    room.look()
    assert (room.trial.phase, room.version) == (Phase.IDLE, old)


def test_a_restart_goes_on_where_it_was(key: Key, config: Make, tmp_path: Path) -> None:
    room = Room(tmp_path / "models", config(shadow_faces=1000))
    room.trial.begin(model(tmp_path / "new", key))
    room.look(40)
    room.trial.save()
    room.store.end()
    room = Room(tmp_path / "models", config(shadow_faces=50))
    room.trial.resume()
    assert (room.trial.shadow.compared, room.trial.shadow.agreement) == (40, 1.0)
    room.look(11)
    assert room.trial.phase is Phase.PROBATION


def test_a_model_that_fails_its_self_test_is_not_even_tried(key: Key, config: Make, tmp_path: Path) -> None:
    room = Room(tmp_path / "models", config())
    room.trial.begin(unlike(tmp_path / "new", key))
    assert room.trial.phase is Phase.SHADOW
    room.trial.give_up("for the next")
    liar = model(tmp_path / "liar", key, "99.3", tmp_path / "new", name="emotion", reads=[str(e) for e in Emotion])
    room.trial.begin(liar)
    assert room.trial.phase is Phase.IDLE
    assert "test faces are read otherwise" in room.store.record.last


class Failing:
    """A network that the runtime cannot run."""

    def __init__(self, classifier: Classifier) -> None:
        self.manifest = classifier.manifest

    def read(self, face: Image) -> Answer:
        raise RuntimeError("node number 3 failed to invoke")

    def close(self) -> None:
        pass


def test_a_model_that_fails_in_the_shadow_costs_nothing(key: Key, config: Make, tmp_path: Path) -> None:
    room = Room(tmp_path / "models", config())
    room.trial.begin(model(tmp_path / "new", key))
    assert room.trial.beside is not None
    room.trial.beside = Failing(room.trial.beside)  # type: ignore[assignment]
    room.look(1)
    assert room.trial.phase is Phase.IDLE
    assert "node number 3" in room.store.record.last


@pytest.mark.parametrize("step_s", [1.0, 3600.0])
def test_an_empty_room_makes_no_time_pass(step_s: float) -> None:
    shadow, now = Shadow(seconds=60.0, faces=1), 0.0
    reader = Classifier.open(Store(Path("none"), ()).path(""))
    answer = reader.read(load_prototypes()[Emotion.HAPPY])
    for _ in range(6):
        shadow.add(answer, answer, now)
        now += step_s
    assert shadow.watched_s == 5 * min(step_s, LONGEST_STEP_S)


def test_faces_that_nobody_could_read_say_nothing() -> None:
    reader = Classifier.open(Store(Path("none"), ()).path(""))
    good = reader.read(load_prototypes()[Emotion.HAPPY])
    shadow = Shadow(seconds=0.001, faces=1)
    shadow.add(Answer(good.probabilities, 0.1), good, 0.0)
    shadow.add(Answer(good.probabilities, 0.1), good, 1.0)
    assert (shadow.compared, shadow.done) == (0, False)
