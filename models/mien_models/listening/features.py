"""What a model is told of a recording: numbers in families, of each excerpt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mien_models.listening.dynamics import dynamics
from mien_models.listening.excerpts import Excerpt
from mien_models.listening.harmony import harmony, scale
from mien_models.listening.rhythm import attacks, modulation, percussion, rhythm
from mien_models.listening.timbre import Values, cepstrum, contrast, mel, shape

VERSION: Final = 2
"""Raised whenever a feature changes its meaning: models trained on other versions are refused."""

FAMILIES: Final[dict[str, tuple[Callable[[Excerpt], Values], int]]] = {
    "mel": (mel, 80),
    "cepstrum": (cepstrum, 60),
    "shape": (shape, 30),
    "contrast": (contrast, 14),
    "dynamics": (dynamics, 14),
    "harmony": (harmony, 17),
    "scale": (scale, 18),
    "rhythm": (rhythm, 26),
    "attacks": (attacks, 10),
    "modulation": (modulation, 64),
    "percussion": (percussion, 6),
}
"""What computes each family, and how many numbers it is."""

COUNT: Final = sum(count for _, count in FAMILIES.values())


def features(excerpts: Sequence[Excerpt]) -> npt.NDArray[np.float32]:
    """All families in order, (excerpts, COUNT), finite."""
    each = [np.concatenate([compute(excerpt) for compute, _ in FAMILIES.values()]) for excerpt in excerpts]
    return np.asarray(each, np.float32)
