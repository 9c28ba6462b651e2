"""The report of a training: what the model explains, genre by genre, and whether its deviations are honest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien_training import runs
from mien_training.music.validation import AxisScores, Held, Scores, Validation
from mien_training.report import draw_places

if TYPE_CHECKING:
    from mien_training.music.emotify import Songs

_NOTES = """\
- **R²** is the share of the variance between songs that is explained: 0 is what the mean of the training songs reaches.
- **CCC** is the concordance correlation (Lin 1989): 1 only where every prediction is the truth.
- **baseline** is the error of always answering the mean of the training songs.
- **±sd** is the share of songs whose error is within the deviation that the model states; .68 were honest and normal. **90 %** is the
  share inside the interval that is to hold nine in ten.
- Halves of the listeners agree so far that at most {valence:.2f} of valence and {arousal:.2f} of arousal could be explained.
- No artist is on both sides of a fold. Reach, noise and size of the deviations are chosen inside the training songs of each fold.
"""


def write_report(out: Path, validation: Validation, songs: Songs, held: Held) -> None:
    """Write report.md and report.png into `out`; `held` is of the first way to deal out the artists."""
    draw_places(out / "report.png", songs.places, held.places, held.deviations, songs.genres)
    runs.write_bytes(out / "report.md", _markdown(validation).encode())


def table(validation: Validation) -> str:
    """The figures of both axes, as a Markdown table."""
    head = "| songs | axis | n | R² | CCC | RMSE | baseline | mean sd | ±sd | 90 % |\n|---|---|---|---|---|---|---|---|---|---|"
    lines = [
        _lines(f"{validation.data}, artists dealt out by seed {seed}", s) for seed, s in enumerate(validation.folds)
    ]
    lines.append(_lines(f"{validation.data}, each genre by the others", validation.unheard_genre))
    if validation.deam:
        lines.append(_lines("DEAM, published split, openSMILE's features", validation.deam))
    lines += [
        _lines(f"the same songs, dealt out by seed {seed}", scores) for seed, scores in enumerate(validation.deam_dealt)
    ]
    return "\n".join([head, *lines])


def _markdown(validation: Validation) -> str:
    genres = sorted(validation.folds[0].valence.r2_by_genre)
    rows = [
        f"| {axis} | " + " | ".join(f"{_mean_r2(validation, axis, genre):.3f}" for genre in genres) + " |"
        for axis in ("valence", "arousal")
    ]
    parts = [
        "# What the model hears of artists that it has not heard",
        table(validation),
        "R² within each genre, against that genre's own mean:",
        "\n".join([f"| axis | {' | '.join(genres)} |", "|---" * (len(genres) + 1) + "|", *rows]),
        "![Predicted by true places, and errors by stated deviations](report.png)",
        _NOTES.format(valence=validation.agreement_valence, arousal=validation.agreement_arousal),
    ]
    return "\n\n".join(parts)


def _mean_r2(validation: Validation, axis: str, genre: str) -> float:
    return float(np.mean([getattr(scores, axis).r2_by_genre[genre] for scores in validation.folds]))


def _lines(name: str, scores: Scores) -> str:
    return "\n".join(_line(name, axis, scores.n, getattr(scores, axis)) for axis in ("valence", "arousal"))


def _line(name: str, axis: str, n: int, scores: AxisScores) -> str:
    figures = (
        scores.r2,
        scores.ccc,
        scores.rmse,
        scores.baseline_rmse,
        scores.mean_sd,
        scores.within_sd,
        scores.within_90,
    )
    return f"| {name} | {axis} | {n} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"
