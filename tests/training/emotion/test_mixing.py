"""Several sources of faces in one training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.labels import Emotion, Head
from mien_training import runs
from mien_training.__main__ import main
from mien_training.emotion.datasets import NO_LABEL, Faces
from mien_training.emotion.mixing import with_negatives, with_others
from tests.make_tiny_model import picture
from tests.training.conftest import KERAS_WARNING, Dataset

VOTES = np.array([[0, 0, 0, 10, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 6, 0, 2, 0, 2, 0]], np.uint8)


def faces(labels: list[int], votes: np.ndarray | None = None) -> Faces:
    n = len(labels)
    return Faces(np.full((n, 48, 48), n, np.uint8), np.array(labels), votes, np.array(["Training"] * n))


def test_labels_of_other_faces_teach_both_heads_by_their_weight() -> None:
    from mien_training.emotion.ferplus import soft_targets

    both = with_others(faces([3, 4], VOTES), faces([6, NO_LABEL, 0]), 0.25)

    assert both.fer.tolist() == [3, 4, 6, NO_LABEL, 0]
    assert both.ferplus.tolist() == [3, 4, 6, NO_LABEL, 0]
    assert both.weight.tolist() == [1, 1, 0.25, 0.25, 0.25]
    assert both.pixels[:, 0, 0].tolist() == [2, 2, 3, 3, 3]
    assert both.votes is not None
    assert soft_targets(both.votes)[2].tolist() == [0, 0, 0, 0, 0, 0, 1, 0]
    assert both.take(np.array([4, 0])).weight.tolist() == [0.25, 1]


def test_without_votes_there_are_none() -> None:
    both = with_others(faces([3, 4]), faces([6]), 2)
    assert both.votes is None
    assert both.readable.tolist() == [1, 1, 1]


def test_votes_of_others_stay_their_own() -> None:
    both = with_others(faces([3, 4], VOTES), faces([1, 2], VOTES[::-1]), 1)
    assert both.votes is not None
    np.testing.assert_array_equal(both.votes, np.concatenate([VOTES, VOTES[::-1]]))


def test_negatives_come_after_and_nobody_reads_them() -> None:
    both = with_negatives(with_others(faces([3, 4], VOTES), faces([6]), 0.5), np.full((2, 48, 48), 9, np.uint8))
    assert both.readable.tolist() == pytest.approx([1, 0.8, 1, 0, 0])
    assert both.weight.tolist() == [1, 1, 0.5, 1, 1]
    assert both.usage.tolist() == ["Training"] * 5


def folder(tmp_path: Path) -> Path:
    for emotion in Emotion:
        (tmp_path / "mine" / emotion).mkdir(parents=True)
        for number in range(4):
            cv2.imwrite(str(tmp_path / "mine" / emotion / f"{number}.png"), picture(emotion))
    return tmp_path / "mine"


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
@KERAS_WARNING
def test_a_folder_is_mixed_in_and_weighs_what_it_is_told(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien_training.emotion import train

    seen: list[tuple[Faces, Faces, dict[str, np.ndarray]]] = []

    def watched(config: train.TrainConfig, training: Faces, validation: Faces, *_: object) -> None:
        seen.append((training, validation, train._targets(training, config)))
        runs.claim(tmp_path / "run", config)
        (tmp_path / "run" / runs.VALIDATION).write_text("{}")

    monkeypatch.setattr(train, "train", watched)
    dataset = make_dataset(14, 7)
    command = [
        "emotion",
        "--data",
        str(dataset.data),
        "--ferplus",
        str(dataset.ferplus),
        "--out",
        str(tmp_path / "run"),
    ]
    assert main([*command, "--also", str(folder(tmp_path)), "0.5"]) == 0

    training, validation, targets = seen[0]
    added = len(training) - 14
    assert 20 <= added <= 28  # a tenth of the folder's is held back
    assert len(validation) == 7
    for head in (Head.FER, Head.FERPLUS):
        assert targets[head].sum(axis=1).tolist() == pytest.approx([1.0] * 14 + [0.5] * added)
    assert json.loads((tmp_path / "run" / runs.CONFIG).read_text())["others"] == [["mine", 0.5]]


@pytest.mark.parametrize("weight", ["0", "-1", "1e-320", "1e40", "nan", "inf", "much"])
def test_a_weight_is_a_number_above_nothing(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    weight: str,
    tensorflow: None,
) -> None:
    dataset = make_dataset(7, 7)
    assert main(["emotion", "--data", str(dataset.data), "--out", str(tmp_path / "run"), "--also", "mine", weight]) == 3
    assert f"--also mine {weight}: the weight is no number from 0.001 to 1000" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
