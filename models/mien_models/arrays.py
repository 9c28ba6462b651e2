"""Files of arrays (.npz), read without ever running what is in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import MienError


def read_arrays(path: Path, explain: Callable[[Exception], MienError]) -> dict[str, npt.NDArray[Any]]:
    """All arrays of a .npz file, by name.

    Raises:
        MienError: what `explain` makes of the reason why the file cannot be read.

    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # numpy passes on whatever zipfile, zlib and its own header parser raise
        raise explain(error) from error
