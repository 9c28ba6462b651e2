"""The optimizer and the learning rate that a recipe asks for."""

from __future__ import annotations

from typing import Any

import keras

from mien_training.emotion.config import Recipe


def make_optimizer(recipe: Recipe, steps: int) -> Any:
    """The optimizer of a training of `recipe.epochs` epochs of `steps` steps each."""
    total = max(1, recipe.epochs * steps)
    rate = _cosine(recipe, steps, total) if recipe.schedule == "cosine" else recipe.learning_rate
    common = {
        "global_clipnorm": recipe.clip,
        "use_ema": recipe.average > 0,
        # A short training's average looks back a fifth of it at most, or it would hold the untrained weights still.
        "ema_momentum": min(recipe.average, max(0.0, 1 - 5 / total)),
    }
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=recipe.momentum, nesterov=True, **common)
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(rate, **common)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **common)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _cosine(recipe: Recipe, steps: int, total: int) -> Any:
    # The rate follows from optimizer.iterations, which the checkpoint holds: a resumed training carries on in it.
    warmup = round(min(recipe.warmup_epochs, recipe.epochs / 10) * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(1, total - warmup),
    )
