"""The features of many sound files, computed once and kept beside the training."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_models.listening import features
from mien_models.listening.listen import hear
from mien_training import runs

_LOG = logging.getLogger(__name__)
Vectors = npt.NDArray[np.float32]


def features_of(paths: Sequence[Path], cache: Path, workers: int = 1) -> Vectors:
    """What the device hears of each file, (files, excerpts, features): from `cache`, a .npz, where they lie there already.

    Files with fewer excerpts than others have them repeated.

    Raises:
        DataError: the cache is damaged.
        MusicError: a file cannot be heard.

    """
    known = _read(cache)
    keys = [_key(path) for path in paths]
    missing = [place for place, key in enumerate(keys) if key not in known]
    if missing:
        _LOG.info("listening to %d of %d files", len(missing), len(paths))
        # A fresh interpreter: a forked one may hang in what threads of the parent held.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            heard = pool.map(_features, [paths[place] for place in missing], chunksize=4)
            for done, (place, vector) in enumerate(zip(missing, heard, strict=True), 1):
                known[keys[place]] = vector
                if done % 50 == 0:
                    _LOG.info("%d of %d", done, len(missing))
        runs.write_arrays(cache, known, compress=False)
    most = max(len(known[key]) for key in keys)
    return np.stack([np.resize(known[key], (most, known[key].shape[1])) for key in keys])


def _features(path: Path) -> Vectors:
    return hear(path).features


def _read(cache: Path) -> dict[str, Vectors]:
    return runs.read_arrays(cache) if cache.exists() else {}


def _key(path: Path) -> str:
    """By content and by what the features mean, so that neither can change unnoticed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return f"{features.VERSION}-{hashlib.sha256(content).hexdigest()}"
