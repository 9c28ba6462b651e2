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


def _figure(width: float, height: float) -> Any:
    # The figure class itself, without pyplot: no global state, and no window system is asked for.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    write_bytes(path, buffer.getvalue())
