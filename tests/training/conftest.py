"""Small data sets made on the spot, and the two things that a machine may lack: TensorFlow and FER2013."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mien_models.labels import Emotion, Head
from mien_training.emotion.datasets import Faces, read_faces
from tests.make_tiny_model import picture
from tests.needs import give_up

ROOT = Path(__file__).parents[2]

# Keras 3.15 saves variables through a numpy call that numpy 2 finds old-fashioned; nothing of ours is in it.
KERAS_WARNING = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

HEADER = "emotion,pixels,Usage"
VOTES_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
# Position of each emotion among the columns of the votes.
VOTES_COLUMN = {"neutral": 0, "happy": 1, "surprise": 2, "sad": 3, "angry": 4, "disgust": 5, "fear": 6, "contempt": 7}


@pytest.fixture(scope="session")
def tensorflow() -> None:
    backend = os.environ.get(
        "KERAS_BACKEND", "tensorflow"
    )  # the same tests with jax or torch, where these are installed
    if importlib.util.find_spec(backend) is None or importlib.util.find_spec("keras") is None:
        give_up(f"Keras with {backend} is not installed (the `training` extra)")
    from mien_training.backend import import_keras

    import_keras()


@pytest.fixture(scope="session")
def fer2013(shared_data: Path) -> Path:
    """The folder with fer2013.csv.xz and fer2013new.csv."""
    folder = shared_data / "data" / "fer2013"
    if not (folder / "fer2013.csv.xz").is_file():
        give_up(f"no data/fer2013/fer2013.csv.xz in {shared_data} (set MIEN_DATA)")
    return folder


@pytest.fixture(scope="session")
def real_faces(fer2013: Path) -> Faces:
    """The whole of it; reading takes a quarter of a minute."""
    return read_faces(fer2013 / "fer2013.csv.xz", fer2013 / "fer2013new.csv")


@pytest.fixture
def tiny_architectures(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--arch tiny`, and `plain`: the same network with an earlier system's kind of recipe."""
    from mien_training.emotion.networks import ARCHITECTURES, Architecture
    from tests.training.emotion.tiny_training import PLAIN, tiny

    monkeypatch.setitem(ARCHITECTURES, "tiny", Architecture("for tests", tiny))
    monkeypatch.setitem(ARCHITECTURES, "plain", Architecture("for tests", tiny, PLAIN, (Head.FER,)))


@dataclass(frozen=True)
class Dataset:
    """Paths of a data set in the published format."""

    data: Path
    ferplus: Path


def csv_line(label: object, face: npt.NDArray[np.uint8], usage: str) -> str:
    return f"{label},{' '.join(map(str, face.ravel()))},{usage}"


def votes_line(usage: str, **votes: int) -> str:
    counts = [0] * 10
    for name, count in votes.items():
        counts[{**VOTES_COLUMN, "unknown": 8, "nf": 9}[name]] = count
    return ",".join([usage, "fer0000000.png", *map(str, counts)])


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Dataset]:
    """Write `training` and `validation` noisy pictures of all emotions in turn, all taggers of one mind."""

    def make(training: int = 56, validation: int = 14) -> Dataset:
        rng = np.random.default_rng(0)
        lines, votes = [HEADER], [VOTES_HEADER]
        for number in range(training + validation):
            usage = "Training" if number < training else "PublicTest"
            emotion = list(Emotion)[number % 7]
            noisy = picture(emotion) * 0.8 + 20 + rng.normal(0, 5, (48, 48))
            lines.append(csv_line(number % 7, noisy.astype(np.uint8), usage))
            votes.append(votes_line(usage, **{emotion.value: 10}))
        dataset = Dataset(tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv")
        dataset.data.write_text("\n".join(lines) + "\n")
        dataset.ferplus.write_text("\n".join(votes) + "\n")
        return dataset

    return make
