"""What a regressor of valence is worth: over many splits, beside the mean and beside a plain regression."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mien_models.validation import Strict
from mien_training.music.validation import concordance
from mien_training.songs.valence import splits
from mien_training.songs.valence.clips import Clips
from mien_training.songs.valence.network import Settings, Trainer
from mien_training.songs.valence.splits import Rows, Split

log = logging.getLogger(__name__)

FOLDS = 5
MEAN = "mean"

Array = npt.NDArray[np.float32]
Answer = Callable[[Clips, Rows, Rows], tuple[Array, float]]
"""Learns from the first rows; answers for the second, and says its mean squared error on the first."""


class Judged(Strict):
    """One model over the splits of one kind."""

    model: str
    splits: str
    mse: list[float]
    """By split, in the labels' unit squared."""
    mean: float
    sd: float
    training_mse: float
    """Mean over the splits."""
    r2: float
    """One minus squared errors over those of the training clips' mean, all splits together."""
    ccc: float
    """Concordance correlation (Lin 1989) of all answers with the truth."""


def judge(
    clips: Clips,
    models: dict[str, Answer],
    count: int,
    seed: int,
    done: Sequence[Judged] = (),
    keep: Callable[[list[Judged]], None] = lambda _: None,
) -> list[Judged]:
    """Every model on `count` splits of clips, on as many of artists, and on folds of artists that ask each clip once.

    `clips` must be of five artists or more. What is `done` is not done again; `keep` is given all that is, after each.
    """
    kinds: dict[str, Sequence[Split]] = {
        "95/5 by clip": [splits.by_clip(len(clips), seed + number) for number in range(count)],
        "95/5 by artist": [splits.by_artist(clips.artists, seed + number) for number in range(count)],
        f"{FOLDS} folds by artist": splits.folds_by_artist(clips.artists, FOLDS, seed),
    }
    result: list[Judged] = []
    for kind, parts in kinds.items():
        base = [_mean(clips, *part)[0] for part in parts]
        for name, answer in models.items():
            if earlier := [one for one in done if (one.splits, one.model) == (kind, name)]:
                result += earlier
                continue
            answered = []
            for number, part in enumerate(parts, 1):
                answered.append(answer(clips, *part))
                if number % 5 == 0:
                    log.info("%s, %s: %d/%d", name, kind, number, len(parts))
            result.append(_judged(name, kind, clips, parts, answered, base))
            keep(result)
    return result


def mean_predictor() -> Answer:
    """Always the mean of what it learned from."""
    return _mean


def network(trainer: Trainer, settings: Settings, epochs: int) -> Answer:
    """The earlier system's network with these settings."""

    def answer(clips: Clips, known: Rows, asked: Rows) -> tuple[Array, float]:
        patches, valence = clips.patches, clips.valence
        fitted = trainer.fit(patches[known], valence[known], patches[asked], valence[asked], settings, epochs)
        return fitted.answers, fitted.training_mse

    return answer


def support_vectors() -> Answer:
    """Support vector regression on the spectrogram's summary: what a small model makes of the same sound."""

    def answer(clips: Clips, known: Rows, asked: Rows) -> tuple[Array, float]:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVR

        middle, spread = clips.valence[known].mean(), max(float(clips.valence[known].std()), 1e-6)
        model = make_pipeline(StandardScaler(), SVR(C=0.5, epsilon=0.1, gamma=0.3 / clips.summaries.shape[1]))
        model.fit(clips.summaries[known], (clips.valence[known] - middle) / spread)
        learned, answers = (model.predict(clips.summaries[rows]) * spread + middle for rows in (known, asked))
        return answers.astype(np.float32), float(np.mean((learned - clips.valence[known]) ** 2))

    return answer


def _mean(clips: Clips, known: Rows, asked: Rows) -> tuple[Array, float]:
    mean = clips.valence[known].mean()
    return np.full(len(asked), mean), float(clips.valence[known].var())


def _judged(
    name: str,
    kind: str,
    clips: Clips,
    parts: Sequence[Split],
    answered: list[tuple[Array, float]],
    base: list[Array],
) -> Judged:
    truths = [clips.valence[asked] for _, asked in parts]
    mse = [float(np.mean((answers - truth) ** 2)) for (answers, _), truth in zip(answered, truths, strict=True)]
    everything, truth, means = (np.concatenate(arrays) for arrays in ([a for a, _ in answered], truths, base))
    total = float(((means - truth) ** 2).sum())
    return Judged(
        model=name,
        splits=kind,
        mse=mse,
        mean=float(np.mean(mse)),
        sd=float(np.std(mse)),
        training_mse=float(np.mean([learned for _, learned in answered])),
        r2=1 - float(((everything - truth) ** 2).sum()) / total if total else 0.0,
        ccc=concordance(everything, truth),
    )
