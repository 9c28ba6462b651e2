"""Reading of picture files, whatever they are called and whatever is in them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mien_models.preprocess import Image


def read_picture(path: Path, *, colour: bool) -> Image | None:
    """The picture in `path`, blue-green-red (h, w, 3) or grey (h, w); None if it is none that OpenCV can decode.

    Not `cv2.imread`: that takes down the process at a file name that is not UTF-8 (OpenCV 4.14).

    Raises:
        OSError: the file cannot be read.

    """
    content = np.frombuffer(path.read_bytes(), np.uint8)
    if not len(content):
        return None
    try:
        return cv2.imdecode(content, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)  # type: ignore[return-value]
    except cv2.error:  # a header that promises more pixels than OpenCV takes
        return None
