"""The mood classifiers as a reader gets them: Markdown, JSON, pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien_training import runs
from mien_training.report import draw_confusion, draw_reliability
from mien_training.songs.moods.compare import Folds, MoodReport


def write_report(out: Path, report: MoodReport) -> None:
    """Write report.md, report.json and the pictures into the folder.

    Raises:
        DataError: a file cannot be written.

    """
    draw(out, report, "")
    runs.write_json(out / "report.json", report.model_dump(mode="json"))
    text = f"# Moods of songs from a table\n\n{section(report, '')}\n"
    runs.write_bytes(out / "report.md", text.encode())


def draw(out: Path, report: MoodReport, prefix: str) -> None:
    """The confusion of every model and its calibration, as two PNGs whose names begin with `prefix`."""
    asked = {model.name: model.songs for model in report.models if model.name != "majority"}
    draw_confusion(out / f"{prefix}confusion.png", {name: folds.scores.model_dump() for name, folds in asked.items()})
    diagrams = {
        name: {"ece": folds.scores.ece, "reliability": [group.model_dump() for group in folds.reliability]}
        for name, folds in asked.items()
    }
    draw_reliability(out / f"{prefix}reliability.png", diagrams)


def overview(report: MoodReport) -> str:
    """The models as rows of one Markdown table."""
    moods = report.config.moods
    header = ["model", "median", "mean", "lowest–highest", "sd of folds", "by artist", "macro F1", "ECE"]
    header += [f"recall {mood}" for mood in moods]
    rows = [header, ["---"] * len(header)]
    for model in report.models:
        folds = model.songs
        rows.append(
            [
                model.name,
                _percent(folds.median),
                _percent(folds.mean),
                f"{100 * folds.lowest:.1f}–{100 * folds.highest:.1f} %",
                f"{100 * folds.fold_sd:.1f}",
                _percent(model.artists.median),
                f"{folds.scores.macro_f1:.3f}",
                f"{folds.scores.ece:.3f}",
                *(_percent(folds.scores.recall[mood] or 0.0) for mood in moods),
            ]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def section(report: MoodReport, prefix: str) -> str:
    """All about one comparison, its pictures' names beginning with `prefix`; headings from the second level on."""
    config = report.config
    counts = ", ".join(f"{mood} {count}" for mood, count in report.counts.items())
    songs = sum(report.counts.values())
    parts = [
        f"{songs} songs of `{config.data}` by {report.artists} artists: {counts}. {config.folds} folds, {config.seeds} initial "
        f"seeds from {config.seed} on, {config.epochs} epochs.",
        overview(report),
        "\n".join(f"- **{model.name}**: {model.about}." for model in report.models),
        f"![confusion]({prefix}confusion.png)\n\n![calibration]({prefix}reliability.png)",
        "Accuracy fold by fold, the middle one of the initial seeds of each model:",
        _by_fold(report),
        "Right answers by initial seed:",
        _by_seed(report),
        *(_confusion(model.name, model.songs, config.seeds) for model in report.models if model.name != "majority"),
    ]
    return "\n\n".join(parts)


def _by_fold(report: MoodReport) -> str:
    header = ["model", "seed", *(str(number + 1) for number in range(report.config.folds))]
    rows = [header, ["---"] * len(header)]
    for model in report.models:
        middle = int(np.argsort(model.songs.by_seed, kind="stable")[len(model.songs.by_seed) // 2])
        accuracies = model.songs.accuracy[middle]
        rows.append([model.name, str(report.config.seed + middle), *(f"{100 * value:.1f}" for value in accuracies)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _by_seed(report: MoodReport) -> str:
    header = ["model", *(str(report.config.seed + number) for number in range(report.config.seeds))]
    rows = [header, ["---"] * len(header)]
    for model in report.models:
        rows.append([model.name, *(f"{100 * value:.1f}" for value in model.songs.by_seed)])
        rows.append([f"{model.name}, by artist", *(f"{100 * value:.1f}" for value in model.artists.by_seed)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _confusion(name: str, folds: Folds, seeds: int) -> str:
    labels = folds.scores.labels
    rows = [[f"{name}: true", *labels], ["---"] * (len(labels) + 1)]
    for label, counts in zip(labels, folds.scores.confusion, strict=True):
        rows.append([label, *(f"{count / seeds:.1f}" for count in counts)])
    return "Songs, mean over the seeds:\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
