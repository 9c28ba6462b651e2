"""A packed model that listens, measured on labelled songs through the very code that the device runs."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from mien_models.listening.listen import Listener, hear
from mien_models.listening.predictor import closeness, normal_scores, unpack
from mien_models.shipped import find_model
from mien_models.validation import Strict
from mien_training.music.emotify import read_emotify
from mien_training.music.fit import Floats
from mien_training.music.validation import Scores, score

_LOG = logging.getLogger(__name__)
_SAME = 0.99
"""From this much kinship on two excerpts are of one recording."""


class Evaluation(Strict):
    """Figures of a model on songs."""

    model: str
    version: str
    """Of extractor and model together."""
    data: str
    learned: int
    """How many of the songs the model learned from: figures that these are part of flatter it."""
    scores: Scores


def evaluate(name: str, data: Path) -> Evaluation:
    """Let the model `name` (shipped, or a directory) listen to all songs of a folder laid out like Emotify.

    Raises:
        ModelError: there is no such model, or it is damaged.
        DataError: the data cannot be read.
        MusicError: a song cannot be heard.

    """
    listener = Listener.open(find_model(name))
    songs = read_emotify(data)
    estimates, learned = [], 0
    for done, path in enumerate(songs.paths, 1):
        features = hear(path).features
        estimates.append(listener.predictor.estimate(features))
        learned += _is_learned(listener, features)
        if done % 50 == 0:
            _LOG.info("%d of %d songs", done, len(songs))
    places = np.array([[estimate.valence, estimate.arousal] for estimate in estimates])
    deviations = np.array([[estimate.valence_sd, estimate.arousal_sd] for estimate in estimates])
    return Evaluation(
        model=name,
        version=listener.version,
        data=data.resolve().name,
        learned=learned,
        scores=score(songs.places, places, deviations, listener.predictor.middle, songs.genres),
    )


def describe(evaluation: Evaluation) -> str:
    """The same in a few lines."""
    scores = evaluation.scores
    lines = [f"{evaluation.model} ({evaluation.version}) on {evaluation.data}, n = {scores.n}"]
    if evaluation.learned:
        lines.append(f"it learned from {evaluation.learned} of these songs: the figures flatter it")
    for axis, found in (("valence", scores.valence), ("arousal", scores.arousal)):
        lines.append(
            f"  {axis}  R2 {found.r2:.3f}  CCC {found.ccc:.3f}  RMSE {found.rmse:.3f} (mean: {found.baseline_rmse:.3f})"
            f"  within the stated deviation {100 * found.within_sd:.0f} %"
        )
    return "\n".join(lines)


def _is_learned(listener: Listener, features: Floats) -> bool:
    """Whether the model learned from the song with these features (excerpts, d)."""
    model = listener.predictor
    heard = normal_scores(features, model.quantiles) * model.weight
    songs = unpack(model.songs).reshape(-1, len(model.weight)) * model.weight
    return bool(closeness(heard, songs, float(model.reach)).max() > _SAME)
