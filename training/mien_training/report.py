"""Pictures of a training: how it went, and what it confuses."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from mien_training.runs import write_bytes


def draw_curves(path: Path, history: list[dict[str, Any]]) -> None:
    """Loss and validation accuracies by epoch, from the records of history.json, as a PNG."""
    figure = _figure(9, 4)
    left, right = figure.subplots(1, 2)
    epochs = [record["epoch"] for record in history]
    left.plot(epochs, [record["loss"] for record in history])
    left.set(title="loss on training", xlabel="epoch")
    for name in history[0]["validation"]:
        right.plot(epochs, [100 * record["validation"][name] for record in history], label=name)
    right.set(title="accuracy on validation (%)", xlabel="epoch")
    right.legend()
    _save(figure, path)


def draw_comparison(path: Path, histories: dict[str, list[dict[str, Any]]]) -> None:
    """Validation accuracy by epoch of several trainings, by their names, as a PNG: FER2013's labels, or FER+'s without them."""
    figure = _figure(8, 5)
    axes = figure.subplots()
    for name, history in histories.items():
        head = next(iter(history[0]["validation"]))
        accuracies = [100 * record["validation"][head] for record in history]
        axes.plot(
            [record["epoch"] for record in history], accuracies, marker="." if len(history) < 20 else "", label=name
        )
    axes.set(title="accuracy on validation (%)", xlabel="epoch")
    axes.legend()
    _save(figure, path)


def draw_search(path: Path, trials: list[dict[str, Any]]) -> None:
    """What each setting of a search came to, a panel for each setting, as a PNG; grey is what was given up.

    `trials` hold `state`, `accuracy` (0…1 or None) and `settings`.
    """
    tried = [trial for trial in trials if trial["accuracy"] is not None]
    names = list(tried[0]["settings"])
    figure = _figure(3.5 * len(names), 3.5)
    for axes, name in zip(figure.subplots(1, len(names), sharey=True, squeeze=False)[0], names, strict=True):
        values = [trial["settings"][name] for trial in tried]
        if not isinstance(values[0], float):
            values = [str(value) for value in values]
        elif min(values) * 10 < max(values) and min(values) > 0:
            axes.set_xscale("log")
        colours = ["C0" if trial["state"] == "complete" else "lightgrey" for trial in tried]
        axes.scatter(values, [100 * trial["accuracy"] for trial in tried], c=colours)
        axes.set(title=name)
    figure.supylabel("accuracy on validation (%)")
    _save(figure, path)


def draw_losses(path: Path, histories: dict[str, list[Any]], baseline: float) -> None:
    """Training and validation loss by epoch of several trainings, by their names, and the loss of a baseline, as a PNG.

    An epoch has `training` and `validation`.
    """
    figure = _figure(11, 4.5)
    for axes, name in zip(figure.subplots(1, 2, sharey=True), ("training", "validation"), strict=True):
        for label, history in histories.items():
            axes.plot(range(1, len(history) + 1), [getattr(epoch, name) for epoch in history], label=label)
        axes.axhline(baseline, color="k", linestyle="--", linewidth=1, label="mean predictor on validation")
        axes.set(title=f"mean squared error on {name}", xlabel="epoch", yscale="log")
    axes.legend(fontsize="small")
    _save(figure, path)


def draw_reliability(path: Path, scores: dict[str, Any]) -> None:
    """How often answers are right, by how sure they are: a panel for each label set, as a PNG.

    `scores` holds by label set what `emotion.comparison.Judged` holds. On the diagonal, confidence is what it says; above
    it the network is less sure than it may be, below it too sure.
    """
    figure = _figure(5 * len(scores), 5)
    for axes, (head, values) in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores.items(), strict=True):
        filled = [group for group in values["reliability"] if group["n"]]
        width = values["reliability"][0]["high"]
        middles = [(group["low"] + group["high"]) / 2 for group in filled]
        axes.bar(middles, [group["accuracy"] for group in filled], width, edgecolor="white", label="right")
        most = max((group["n"] for group in filled), default=1)
        axes.bar(middles, [0.1 * group["n"] / most for group in filled], width / 3, color="grey", label="how many")
        axes.plot([0, 1], [0, 1], "k--", linewidth=1)
        axes.set(
            title=f"{head}: ECE {values['ece']:.3f}",
            xlabel="confidence",
            ylabel="share right",
            xlim=(0, 1),
            ylim=(0, 1),
        )
        axes.legend()
    _save(figure, path)


def draw_confusion(path: Path, scores: dict[str, Any]) -> None:
    """A table for each head, true label by answer, in shares of the true label, as a PNG.

    `scores` holds by head what `emotion.metrics.Scores` holds.
    """
    figure = _figure(6 * len(scores), 5.5)
    for axes, (head, values) in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores.items(), strict=True):
        labels, counts = values["labels"], values["confusion"]
        shares = [[count / max(1, sum(row)) for count in row] for row in counts]
        axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        axes.set(title=f"{head}: {100 * values['accuracy']:.1f} % of {values['n']}", xlabel="answer", ylabel="true")
        axes.set_xticks(range(len(labels)), labels, rotation=45)
        axes.set_yticks(range(len(labels)), labels)
        for y, row in enumerate(shares):
            for x, share in enumerate(row):
                axes.text(
                    x, y, f"{100 * share:.0f}", ha="center", va="center", color="white" if share > 0.6 else "black"
                )
    _save(figure, path)


def draw_places(path: Path, truth: Any, places: Any, deviations: Any, genres: Any) -> None:
    """Predicted by true valence and arousal, and the error that deviations promise beside the one that was made, as a PNG.

    `truth`, `places` and `deviations` are (songs, 2), `genres` (songs,).
    """
    figure = _figure(12, 4.5)
    panels = figure.subplots(1, 3)
    for axis, name in enumerate(("valence", "arousal")):
        for genre in sorted(set(genres)):
            of = genres == genre
            panels[axis].plot(truth[of, axis], places[of, axis], ".", label=genre, alpha=0.7)
        panels[axis].plot([-1, 1], [-1, 1], "k--", linewidth=1)
        panels[axis].set(title=name, xlabel="what listeners felt", ylabel="heard", xlim=(-1, 1), ylim=(-1, 1))
        order = deviations[:, axis].argsort()
        groups = [order[part : part + len(order) // 4] for part in range(0, len(order) - 3, max(1, len(order) // 4))][
            :4
        ]
        stated = [deviations[group, axis].mean() for group in groups]
        made = [((truth - places)[group, axis] ** 2).mean() ** 0.5 for group in groups]
        panels[2].plot(stated, made, "o-", label=name)
    most = 1.3 * float(deviations.max())
    panels[2].plot([0, most], [0, most], "k--", linewidth=1)
    panels[2].set(title="quarters of the songs, by deviation", xlabel="stated deviation", ylabel="error (RMS)")
    panels[0].legend()
    panels[2].legend()
    _save(figure, path)


def _figure(width: float, height: float) -> Any:
    # The figure class itself, without pyplot: no global state, and no window system is asked for.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    write_bytes(path, buffer.getvalue())
