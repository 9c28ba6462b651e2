"""Make tests/data/tiny_emotion and tiny_float.tflite: a model of 3 kB that answers as the real one does, for tests of everything around it.

    python tests/make_tiny_model.py            # wants TensorFlow; the result runs without

It answers with the picture of `PICTURES` that the face is most like. `picture("happy")` is read as happy, with .93 or
more by the FER+ head, the one the device answers with, and less surely by the FER head. The last picture, "contempt", is
known to the FER+ head only; the device drops contempt and reads it as what is left, neutral.

In a test: `from tests.make_tiny_model import TINY_MODEL, picture`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.labels import CONTEMPT, HEAD_LABELS, LABEL_SETS, Emotion, Head
from mien_models.preprocess import FACE_SIZE, Image

TINY_MODEL = Path(__file__).parent / "data" / "tiny_emotion"
TINY_FLOAT = Path(__file__).parent / "data" / "tiny_float.tflite"
"""The same before quantisation."""

_RAMP = np.array([1.0, 0.5, 0.0])
_LEFT, _TOP = np.tile(_RAMP, (3, 1)), np.tile(_RAMP[:, np.newaxis], (1, 3))
_CENTRE = np.full((3, 3), 0.5)
_CENTRE[1, 1] = 1.0
_CENTRE[[0, 0, 2, 2], [0, 2, 0, 2]] = 0.0

PICTURES: dict[str, npt.NDArray[np.float64]] = {
    Emotion.ANGRY: _LEFT,  # bright on the left, dark on the right
    Emotion.DISGUST: 1 - _TOP,  # bright at the bottom
    Emotion.FEAR: 1 - _LEFT,  # bright on the right
    Emotion.HAPPY: np.ones((3, 3)),  # white
    Emotion.SAD: np.zeros((3, 3)),  # black
    Emotion.SURPRISE: _TOP,  # bright at the top
    Emotion.NEUTRAL: np.full((3, 3), 0.5),  # grey
    CONTEMPT: _CENTRE,  # bright in the middle, dark in the corners
}
"""The brightness in [0, 1] of each ninth of the picture that is read as this label."""

_CARD = """\
# tiny

Made by tests/make_tiny_model.py, by hand, from no data. It reads no faces: it tells apart nine-part pictures, for tests.
"""

_SHARPNESS = {Head.FER: 1.5, Head.FERPLUS: 3.0}


def picture(label: str, size: int = FACE_SIZE) -> Image:
    """The grey picture (size, size) that the tiny model reads as `label`; `size` a multiple of three."""
    ninth = np.ones((size // 3, size // 3))
    return np.kron(255 * PICTURES[label], ninth).round().astype(np.uint8)


def make_run(directory: Path) -> None:
    """Leave in `directory` what `mien-train emotion` would. Wants TensorFlow."""
    make_faces(directory)
    network().save(directory / "model.keras")


def make_faces(directory: Path) -> None:
    """Leave in `directory` a run without its network: settings, faces to calibrate and to judge with."""
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "format": 1,
        "arch": "tiny",
        "data": "synthetic pictures",
        "heads": list(LABEL_SETS),
        "command": "python make_tiny_model.py",
    }
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    rng = np.random.default_rng(0)
    faces, labels = noisy_pictures(rng, 10)
    np.savez_compressed(directory / "calibration.npz", faces=faces)
    faces, labels = noisy_pictures(rng, 5)
    # FER's label numbers are the first seven of FER+'s; contempt has none there.
    fer = np.where(labels < len(Emotion), labels, -1)
    np.savez_compressed(directory / "holdout.npz", faces=faces, fer=fer, ferplus=labels)


def noisy_pictures(rng: np.random.Generator, times: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Faces (n, 48, 48) and their FER+ labels (n,): each picture `times` times, with noise and contrast."""
    labels = np.repeat(np.arange(len(HEAD_LABELS[Head.FERPLUS])), times)
    clean = np.stack([picture(HEAD_LABELS[Head.FERPLUS][label]) for label in labels]).astype(np.float64)
    contrast = rng.uniform(0.8, 1, (len(labels), 1, 1))
    noisy = 127.5 + (clean - 127.5) * contrast + rng.normal(0, 10, clean.shape)
    return np.clip(noisy.round(), 0, 255).astype(np.uint8), labels


def network() -> Any:
    """A Keras model that averages the ninths of the face and weighs each head's labels by their distance to its pictures.

    softmax(−s·|x − p|²) over pictures p is a linear layer with weights 2s·p and biases −s·|p|², as |x|² cancels out.
    """
    from mien_convert.floating import import_keras

    keras = import_keras()
    ninth = FACE_SIZE // 3
    inputs = keras.Input((FACE_SIZE, FACE_SIZE, 1), name="face")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    average = keras.layers.Conv2D(
        1, ninth, strides=ninth, use_bias=False, kernel_initializer=keras.initializers.Constant(ninth**-2)
    )
    x = keras.layers.Flatten()(average(x))
    outputs = {}
    for head, sharpness in _SHARPNESS.items():
        pictures = np.stack([PICTURES[label].ravel() for label in HEAD_LABELS[head]])
        dense = keras.layers.Dense(len(pictures), activation="softmax", name=head.value)
        outputs[head.value] = dense(x)
        dense.set_weights([2 * sharpness * pictures.T, -sharpness * (pictures**2).sum(axis=1)])
    return keras.Model(inputs, outputs, name="tiny")


def main() -> int:
    """Make the model anew."""
    from mien_convert.__main__ import main as mien_convert

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "tiny"
        make_run(run)
        out = ["--out", str(TINY_MODEL), "--float", str(TINY_FLOAT)]
        code = mien_convert(["quantize", str(run), *out, "--version", "1"])
    (TINY_MODEL / "CARD.md").write_text(_CARD, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
