"""From what listeners felt to a place on the plane of valence and arousal."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

# Where the nine emotions of the Geneva Emotional Music Scale (Zentner, Grandjean, Scherer 2008) lie: valence and arousal of the words
# joy, tenderness, nostalgia, calm, power, amazement, tension, sadness and solemn as 1,827 people rated them (Warriner, Kuperman,
# Brysbaert 2013), brought from 1…9 to -1…1.
PLACES = MappingProxyType(
    {
        "amazement": (0.57, 0.32),
        "solemnity": (-0.08, -0.53),
        "tenderness": (0.47, -0.47),
        "nostalgia": (0.41, -0.16),
        "calmness": (0.47, -0.83),
        "power": (0.24, 0.10),
        "joyful_activation": (0.80, 0.13),
        "tension": (-0.35, 0.02),
        "sadness": (-0.65, -0.55),
    }
)
STRETCH = 2.0
"""No song makes everybody feel the same, so mean places lie close together; this spreads them over the plane."""

_PLACES = np.array(list(PLACES.values()))
_MIDDLE = _PLACES.mean(axis=0)
"""A song that moves people to all nine emotions equally lies at 0: music is felt as pleasant and calm more than words are."""


def place(felt: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Valence and arousal, (…, 2), of a song of which listeners named the nine emotions so often, (…, 9), in the order of `PLACES`.

    All that was named counts alike, whoever named it. What nobody felt anything at lies at 0.
    """
    votes = np.asarray(felt, np.float64)
    total = votes.sum(axis=-1, keepdims=True)
    mean = votes @ _PLACES / np.maximum(total, 1e-9)
    return np.where(total > 0, np.clip(STRETCH * (mean - _MIDDLE), -1, 1), 0.0)
