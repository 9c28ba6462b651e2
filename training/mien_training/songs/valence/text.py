"""The search and the judgement as a reader gets them: Markdown, CSV, JSON, pictures."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from mien_training import runs
from mien_training.report import draw_losses
from mien_training.songs.valence.network import DROPOUT
from mien_training.songs.valence.run import ValenceReport


def write_report(out: Path, report: ValenceReport) -> None:
    """Write report.md, report.json, the search's table as trials.md, trials.csv and trials.json, and the curves.

    Raises:
        DataError: a file cannot be written.

    """
    draw(out, report, "")
    runs.write_json(out / "report.json", report.model_dump(mode="json"))
    runs.write_bytes(
        out / "report.md", f"# Valence of clips from their spectrograms\n\n{section(report, '')}\n".encode()
    )
    runs.write_bytes(out / "trials.md", f"{trials_table(report)}\n".encode())
    runs.write_json(out / "trials.json", [trial.model_dump(exclude={"history"}) for trial in report.trials])
    runs.write_bytes(out / "trials.csv", _as_csv(report).encode())


def draw(out: Path, report: ValenceReport, prefix: str) -> None:
    """Both losses by epoch of every trial, as a PNG whose name begins with `prefix`."""
    curves = {
        f"{trial.number}: rate {trial.settings.learning_rate:.2g}, batch {trial.settings.batch}": trial.history
        for trial in report.trials
    }
    draw_losses(out / f"{prefix}curves.png", curves, report.baseline_mse)


def trials_table(report: ValenceReport) -> str:
    """The search as one Markdown table."""
    rows = [["trial", "batch", "learning rate", "MSE", "MSE on training", ""], ["---"] * 6]
    for trial in report.trials:
        marks = {report.best: "**least error: picked**", report.worst: "what maximising would pick"}
        settings = trial.settings
        rows.append(
            [
                str(trial.number),
                str(settings.batch),
                f"{settings.learning_rate:.6f}",
                f"{trial.mse:.4f}",
                f"{trial.training_mse:.4f}",
                marks.get(trial.number, ""),
            ]
        )
    return _table(rows)


def overview(report: ValenceReport) -> str:
    """The models over all kinds of splits, as one Markdown table."""
    rows = [["splits", "model", "MSE, mean ± sd", "worst split", "MSE on training", "R²", "CCC"], ["---"] * 7]
    for judged in report.judged:
        rows.append(
            [
                judged.splits,
                judged.model,
                f"{judged.mean:.4f} ± {judged.sd:.4f}",
                f"{max(judged.mse):.4f}",
                f"{judged.training_mse:.4f}",
                f"{judged.r2:+.3f}",
                f"{judged.ccc:+.3f}",
            ]
        )
    return _table(rows)


def section(report: ValenceReport, prefix: str) -> str:
    """All about the run, its picture's name beginning with `prefix`."""
    config = report.config
    best = next(trial for trial in report.trials if trial.number == report.best)
    parts = [
        f"{report.clips} clips of `{config.data}` by {report.artists} artists; valence {report.label_mean:.3f} ± "
        f"{report.label_sd:.3f}. Mel spectrograms of 64 bands, averaged into 32 moments; dropout {DROPOUT:g}, Adam, {config.epochs} "
        "epochs; inputs and labels brought to mean 0 and standard deviation 1 by the training clips.",
        f"The search: two random starts, then a tree-structured Parzen estimator, on one split with {report.validation_clips} "
        f"validation clips, on which the mean predictor has an MSE of {report.baseline_mse:.4f}.",
        trials_table(report),
        f"Picked: batch {best.settings.batch}, learning rate {best.settings.learning_rate:.6f}.",
        f"![losses by epoch]({prefix}curves.png)",
        f"Over {config.splits} splits of each kind, on the {report.judged_clips} clips that the settings were not chosen on:",
        overview(report),
    ]
    return "\n\n".join(parts)


def _as_csv(report: ValenceReport) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["trial", "batch", "learning_rate", "mse", "training_mse"])
    for trial in report.trials:
        settings = trial.settings
        writer.writerow([trial.number, settings.batch, settings.learning_rate, trial.mse, trial.training_mse])
    return buffer.getvalue()


def _table(rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
