"""Training of the model that listens: validate on unheard artists, learn from all songs, write model and report."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_training import runs
from mien_training.music import deam
from mien_training.music.emotify import Songs, agreement, read_emotify
from mien_training.music.fit import Floats, fit
from mien_training.music.folds import by_artist
from mien_training.music.hearing import features_of
from mien_training.music.pack import pack
from mien_training.music.report import write_report
from mien_training.music.validation import Held, Scores, Validation, score

_LOG = logging.getLogger(__name__)

FEATURES, MODEL, VALIDATION = "features.npz", "model", "validation.json"
FOLDS = 5
SEEDS = tuple(range(10))
"""Ways to deal out the artists over the folds: a single one is off by some hundredths of R²."""
_FEWEST_ARTISTS = 10


def train(data: Path, out: Path, deam_folder: Path | None, workers: int, version: str, command: str) -> Validation:
    """Leave in `out` the model directory, the figures, a report, and the features for the next time.

    Raises:
        ConfigError: nothing can be written in `out`.
        DataError: the data cannot be read.
        MusicError: a song cannot be heard.

    """
    runs.check_out(out)
    songs = read_emotify(data)
    artists = len(set(songs.artists))
    if artists < _FEWEST_ARTISTS:
        raise DataError(f"{data}: songs of {artists} artists only; validation needs {_FEWEST_ARTISTS}")
    runs.make_folder(out)
    tables = deam.read_deam(deam_folder) if deam_folder else None
    features = features_of(songs.paths, out / FEATURES, workers)
    held = [_hold_back(features, songs, by_artist(songs.artists, FOLDS, seed)) for seed in SEEDS]
    other = _hold_back(features, songs, songs.genres)
    valence, arousal = agreement(songs)
    validation = Validation(
        data=data.resolve().name,
        songs=len(songs),
        artists=artists,
        agreement_valence=valence,
        agreement_arousal=arousal,
        folds=tuple(_judge(songs, one) for one in held),
        unheard_genre=_judge(songs, other),
        deam=deam.measure(*tables) if tables else None,
        deam_dealt=deam.measure_dealt(*tables) if tables else (),
    )
    model = fit(features, songs.places, songs.artists)
    pack(model, metrics(validation), command, _name(validation), version, len(SEEDS), out / MODEL)
    runs.write_json(out / VALIDATION, validation.model_dump(mode="json"))
    write_report(out, validation, songs, held[0])
    return validation


def metrics(validation: Validation) -> dict[str, float]:
    """The manifest's figures: means over the ways to deal out the artists."""
    figures = ("r2", "ccc", "rmse", "baseline_rmse", "mean_sd", "within_sd", "within_90")
    found = {
        f"unheard_artists_{axis}_{figure}": round(validation.mean(axis, figure), 4)
        for axis in ("valence", "arousal")
        for figure in figures
    }
    genre, n = validation.unheard_genre, float(validation.songs)
    others = {
        "unheard_genre_valence_r2": round(genre.valence.r2, 4),
        "unheard_genre_arousal_r2": round(genre.arousal.r2, 4),
    }
    agree = {
        "listeners_agreement_valence": round(validation.agreement_valence, 4),
        "listeners_agreement_arousal": round(validation.agreement_arousal, 4),
    }
    return {"unheard_artists_songs": n, **found, **others, **agree}


def _hold_back(features: Floats, songs: Songs, fold_of: npt.NDArray[Any]) -> Held:
    _LOG.info("fitting %d models, each without a part of the songs", len(np.unique(fold_of)))
    return Held(features, songs.places, songs.artists, fit, fold_of)


def _judge(songs: Songs, held: Held) -> Scores:
    return score(songs.places, held.places, held.deviations, held.baseline, songs.genres)


def _name(validation: Validation) -> str:
    return f"Emotify ({validation.songs} songs of {validation.artists} artists)"
