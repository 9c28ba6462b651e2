"""A comparison of trainings as a reader gets it: Markdown, JSON, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mien_models.labels import Head
from mien_training import runs
from mien_training.checkpoint import History
from mien_training.emotion.comparison import Judged, RunReport
from mien_training.emotion.stability import MOVE
from mien_training.report import draw_comparison, draw_confusion, draw_curves, draw_reliability

_NOTES = f"""\
- **Unseen** faces are those of the split named above; no run was trained on them. On PublicTest the runs chose their epochs
  and weights, so it flatters all of them a little.
- **Seen** is the accuracy on a fixed sample of the faces that the run was trained on, as they are, without augmentation. Where it
  is far above the unseen one, the network knows its training faces by heart; a figure that was measured on such faces says nothing.
- **ECE** is the expected calibration error in 15 equal bins of confidence (Guo et al. 2017): how far what a network says of its own
  certainty is from how often it is right.
- **Changes** is the share of answers that differ from the answer on the face as it is, when the crop is shifted left, right, up or
  down by {100 * MOVE:.0f} % of its side, or drawn {100 * MOVE:.0f} % larger or smaller, border pixels repeated: the mean of the
  six, and in brackets the share of faces whose answer changes in any of them.
- **Multiply-adds** are those of convolutions and dense layers for one face, each multiplication with its addition counted once;
  pooling, normalisation, activations and resizing are left out.
- **by FER+** is the accuracy by the majority of FER+'s taggers, eight classes, on the faces that have one, and **changes by FER+** how
  many of these answers change; for runs that learned it.
- **int8** is the size of the converted network and its median time of a face on one thread of the machine that made this report.
"""


def write_report(out: Path, reports: list[RunReport], histories: list[History]) -> None:
    """Write report.md, report.json and the pictures into `out`, which is made if need be.

    Raises:
        ConfigError: the folder cannot be made.
        DataError: a file cannot be written.

    """
    runs.make_folder(out)
    for report, history in zip(reports, histories, strict=True):
        scores = {head.value: judged.model_dump(mode="json") for head, judged in report.unseen.items()}
        draw_confusion(out / f"{report.run}-confusion.png", scores)
        draw_reliability(out / f"{report.run}-reliability.png", scores)
        if history:
            draw_curves(out / f"{report.run}-curves.png", history)
    trained = {report.run: history for report, history in zip(reports, histories, strict=True) if history}
    if trained:
        draw_comparison(out / "curves.png", trained)
    runs.write_json(out / "report.json", as_json(reports))
    runs.write_bytes(out / "report.md", as_markdown(reports).encode())


def as_json(reports: list[RunReport]) -> dict[str, Any]:
    """Everything that was measured."""
    return {"runs": [report.model_dump(mode="json") for report in reports]}


def as_markdown(reports: list[RunReport]) -> str:
    """The whole report; its pictures lie beside it."""
    curves = ["![validation accuracy by epoch](curves.png)"] if any(report.epochs_trained for report in reports) else []
    parts = [_title(reports), overview(reports), *curves, _NOTES.rstrip()]
    for report in reports:
        parts += [f"## {report.run}", _story(report)]
        parts += [_classes(head, judged) for head, judged in report.unseen.items()]
        pictures = ("confusion", "reliability", *(["curves"] if report.epochs_trained else []))
        parts += [f"![{name}]({report.run}-{name}.png)" for name in pictures]
    return "\n\n".join(parts) + "\n"


def overview(reports: list[RunReport]) -> str:
    """The runs as rows of one Markdown table."""
    ferplus = any(Head.FERPLUS in report.unseen for report in reports)
    header = ["run", "architecture", "accuracy", "macro F1", "ECE", *(["by FER+"] if ferplus else [])]
    header += [
        "seen",
        "changes",
        *(["changes by FER+"] if ferplus else []),
        "parameters",
        "multiply-adds",
        "int8",
        "epochs",
    ]
    rows = [_row(report, ferplus=ferplus) for report in reports]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def _row(report: RunReport, *, ferplus: bool) -> list[str]:
    first = next(iter(report.unseen.values()))
    by_votes = report.unseen.get(Head.FERPLUS)
    int8 = report.int8
    return [
        report.run,
        report.config.arch,
        f"{100 * first.accuracy:.1f} %",
        f"{first.macro_f1:.3f}",
        f"{first.ece:.3f}",
        *([f"{100 * by_votes.accuracy:.1f} %" if by_votes else ""] if ferplus else []),
        f"{100 * report.seen_accuracy:.1f} %",
        _changes(first),
        *([_changes(by_votes) if by_votes else ""] if ferplus else []),
        f"{report.parameters / 1e6:.2f} M",
        f"{report.multiply_adds / 1e6:.1f} M",
        f"{int8.bytes / 1000:.0f} kB, {int8.milliseconds:.2f} ms" if int8 else "",
        f"{report.epochs_trained}{' (stopped early)' if report.stopped_early else _own(report)}",
    ]


def _own(report: RunReport) -> str:
    return f" of {report.cut_short_of}" if report.cut_short_of else ""


def _changes(judged: Judged) -> str:
    shares = judged.stability
    return f"{100 * shares.changed:.1f} % ({100 * shares.changed_in_any:.1f} %)" if shares else ""


def _title(reports: list[RunReport]) -> str:
    first = next(iter(reports[0].unseen.values()))
    return f"# Trainings compared\n\nMeasured on {first.n} faces of {first.usage} of {first.data}, by their {first.judged_by} labels."


def _story(report: RunReport) -> str:
    config = report.config
    seen = f"Seen: {100 * report.seen_accuracy:.1f} % of {report.seen_n} faces that it was trained on."
    if not report.epochs_trained:
        mean = "the mean of the weights" if len(config.warm_start) > 1 else "the weights"
        calibrated = "calibrated and " if config.calibrate else ""
        return f"{config.arch}: {mean} of {', '.join(config.warm_start)}, {calibrated}not trained further. {seen}"
    stop = (
        f"stopped early after {config.patience} epochs without a better one"
        if report.stopped_early
        else f"which its own recipe has {report.cut_short_of} of"
        if report.cut_short_of
        else "trained to the end"
    )
    return (
        f"{config.arch}: {report.epochs_trained} of {config.epochs} epochs, {stop}; {report.seconds_per_epoch:.0f} s an epoch. "
        f"{config.optimizer}, learning rate {config.learning_rate:g} ({config.schedule}), batch {config.batch}, "
        f"augmentation {config.augmentation}{', mixup' if config.mixup else ''}. {seen}"
    )


def _classes(head: Head, judged: Judged) -> str:
    rows = [f"By {head} labels, n = {judged.n}: accuracy {100 * judged.accuracy:.2f} %, ECE {judged.ece:.4f}.", ""]
    rows += ["| class | " + " | ".join(judged.labels) + " |", "|" + " --- |" * (len(judged.labels) + 1)]
    for name, shares in (("precision", judged.precision), ("recall", judged.recall)):
        rows.append(f"| {name} | " + " | ".join(_percent(shares[label]) for label in judged.labels) + " |")
    return "\n".join(rows)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
