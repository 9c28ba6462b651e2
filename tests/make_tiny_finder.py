"""Make tests/data/tiny_finder: a face finder of a few kB that takes bright squares for faces, for tests of everything around it.

    python tests/make_tiny_finder.py           # wants TensorFlow; the result runs without

It is fed 160×128. A cell of 8×8 pixels that is white is the middle of a face 16 pixels wide and high, with its landmarks in the
quarters of its box. Its score falls with the cell's brightness: white is .99, three quarters .73, half nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.cells import LEVELS, NUMBERS, encode
from mien_models.preprocess import Image

TINY_FINDER = Path(__file__).parent / "data" / "tiny_finder"
HEIGHT, WIDTH = 128, 160
SIDE = 16

_CARD = """\
# tiny finder

Made by tests/make_tiny_finder.py, by hand, from no data. It finds no faces: it finds white squares, for tests.
"""
_FACE = np.array([[0, 0], [SIDE, SIDE], [-4, -4], [4, -4], [0, 0], [-4, 4], [4, 4]], np.float32)


def squares(*cells: tuple[int, int], brightness: int = 255, height: int = HEIGHT, width: int = WIDTH) -> Image:
    """A dark picture, but not so dark that it is brightened, with white cells, by row and column."""
    picture = np.full((height, width), 80, np.uint8)
    for row, column in cells:
        picture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = brightness
    return picture


def make_run(directory: Path, brightness: int = 255, bias: float = -9.8) -> None:
    """Leave in `directory` what `mien-train faces` would, with squares so bright. Wants TensorFlow."""
    directory.mkdir(parents=True, exist_ok=True)
    config = {"format": 1, "network": "faces", "data": ["white squares"], "width": WIDTH, "height": HEIGHT}
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (directory / "validation.json").write_text(json.dumps({"start": 0.6}), encoding="utf-8")
    places = [(row, column) for row in range(2, 14, 3) for column in range(2, 18, 3)]
    pixels = np.stack([squares(place, brightness=brightness) for place in places])
    faces = np.stack([np.add(_FACE, (8 * column + 4, 8 * row + 4)) for row, column in places])
    faces[:, 1] = SIDE
    np.savez_compressed(directory / "calibration.npz", pixels=pixels)
    nothing: dict[str, npt.NDArray[Any]] = {"ignored": faces[:0], "ignored_of": np.zeros(0, int)}
    np.savez_compressed(
        directory / "holdout.npz", pixels=pixels, faces=faces, faces_of=np.arange(len(faces)), **nothing
    )
    network(bias).save(directory / "model.keras")


def network(bias: float = -9.8) -> Any:
    """A Keras model that averages cells, and weighs how bright they are; only the finest grid ever finds anything."""
    from mien_convert.floating import import_keras

    keras = import_keras()
    pixels = keras.Input((HEIGHT, WIDTH, 1), name="pixels")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    outputs = []
    for level in LEVELS:
        mean = keras.layers.AveragePooling2D(level.stride, padding="same")(x)
        slope, offset = (14.4, bias) if level.stride == SIDE // 2 else (0.1, -10.0)
        score = keras.layers.Conv2D(1, 1, name=f"score_{level.stride}")
        shape = keras.layers.Conv2D(NUMBERS, 1, name=f"shape_{level.stride}")
        outputs += [score(mean), shape(mean)]
        score.set_weights([np.full((1, 1, 1, 1), slope), np.full(1, offset)])
        # The weights carry a trifle of the numbers, or the converter would find nothing to calibrate.
        numbers = encode(np.zeros((1, 2), np.float32), level.base, _FACE)[0]
        shape.set_weights([np.full((1, 1, 1, NUMBERS), 1e-3), numbers])
    return keras.Model(pixels, outputs, name="tiny_finder")


def main() -> int:
    """Make the model anew."""
    from mien_convert.__main__ import main as mien_convert

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "tiny"
        make_run(run)
        code = mien_convert(["quantize", str(run), "--out", str(TINY_FINDER), "--version", "1"])
    (TINY_FINDER / "CARD.md").write_text(_CARD, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
