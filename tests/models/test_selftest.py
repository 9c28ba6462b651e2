"""The self-test: the shipped model passes it, and a model that is fed wrongly does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models import selftest
from mien_models.errors import ModelError
from mien_models.finder import ModelFinder
from mien_models.labels import Emotion
from mien_models.manifest import read_kind, save_manifest
from mien_models.preprocess import Image
from mien_models.runner import Answer, Classifier
from mien_models.selftest import load_prototypes, self_test, self_test_finder, surely_found, surely_read
from mien_models.shipped import find_model, shipped_models
from tests.make_tiny_finder import TINY_FINDER
from tests.make_tiny_model import TINY_MODEL


def test_prototypes_are_seven_different_faces() -> None:
    faces = load_prototypes()
    assert list(faces) == list(Emotion)
    assert all(face.shape == (48, 48) and face.dtype == np.uint8 and face.std() > 10 for face in faces.values())
    assert len({face.tobytes() for face in faces.values()}) == 7


@pytest.mark.parametrize("name", [n for n in shipped_models() if read_kind(find_model(n)) == "emotion"])
def test_shipped_models_pass_and_read_most_faces(name: str) -> None:
    classifier = Classifier.open(find_model(name))
    assert self_test(classifier) >= 4
    assert set(classifier.manifest.reads) <= set(surely_read(classifier))


def fed(change: Callable[[Image], Image]) -> Classifier:
    """The shipped model, its faces changed on the way as by a wrong scale or normalisation."""
    classifier = Classifier.open(find_model("emotion"))
    scores = classifier.scores
    classifier.scores = lambda face: scores(change(face))  # type: ignore[method-assign]
    return classifier


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda face: face // 255, id="scaled to 0…1"),
        pytest.param(lambda face: (face.astype(int) - 128).astype(np.uint8), id="raw bytes as int8"),
        pytest.param(lambda face: 255 - face, id="negative"),
        pytest.param(lambda face: face.T.copy(), id="rows and columns exchanged"),
    ],
)
def test_a_model_that_is_fed_wrongly_is_refused(change: Callable[[Image], Image]) -> None:
    with pytest.raises(ModelError, match=r"test faces are read otherwise than when it was made .*another scale"):
        self_test(fed(change))


def test_labels_in_another_order_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier.open(find_model("emotion"))
    read = classifier.read

    def shuffled(face: Image) -> Answer:
        return Answer(np.roll(read(face).probabilities, 1), 1.0)

    monkeypatch.setattr(classifier, "read", shuffled)
    with pytest.raises(ModelError, match="happy as sad"):
        self_test(classifier)


def test_a_model_that_promises_nothing_is_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "load_prototypes", lambda: pytest.fail("nothing to look at"))
    assert self_test(Classifier.open(TINY_MODEL)) == 0


def test_a_promise_that_is_not_kept(model: Path, edit: Callable[[Callable[[dict[str, Any]], object]], None]) -> None:
    edit(lambda manifest: manifest.update(reads=list(Emotion)))
    with pytest.raises(ModelError, match=r"of 7 test faces"):
        self_test(Classifier.open(model))


def test_a_finder_that_overlooks_what_it_promised_is_refused(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(TINY_FINDER, tmp_path / "tiny"))
    finder = ModelFinder.open(directory)
    assert finder.manifest.finds == surely_found(finder) == ()
    assert self_test_finder(finder) == 0

    save_manifest(finder.manifest.model_copy(update={"finds": (Emotion.HAPPY, Emotion.SAD)}), directory)
    with pytest.raises(ModelError, match=r"2 of 2 test faces are not found .*\(happy, sad\)"):
        self_test_finder(ModelFinder.open(directory))
