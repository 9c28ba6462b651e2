"""Everything that decides how a training of the face finder comes out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mien_models.validation import Strict
from mien_training.runs import FORMAT


class FinderConfig(Strict):
    """Kept in the run directory."""

    format: int = FORMAT
    network: Literal["faces"] = "faces"
    width: int = Field(default=160, ge=64, le=640, multiple_of=16)
    height: int = Field(default=128, ge=64, le=640, multiple_of=16)
    """Of the pictures that it is fed, in pixels."""
    even_light: bool = False
    """Whether it is fed in even light. Every new training is; runs that do not say were not."""
    epochs: int = Field(default=40, ge=1)
    scenes: int = Field(default=25600, ge=1)
    """Of an epoch; no scene comes twice."""
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    """At its peak; warmed up for a moment, then down to nothing along a cosine."""
    weight_decay: float = Field(default=1e-4, ge=0)
    average: float = Field(default=0.998, ge=0, lt=1)
    """Momentum of the running average of the weights, which is what is kept."""
    mine_from: float = Field(default=0.3, ge=0, le=1)
    """After this share of the epochs each one begins with a search for false faces in pictures without any."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    precision: Literal["float32", "bfloat16"] = "float32"
    limit: int | None = Field(default=None, ge=1)
    """Pictures of each part, for trying things out; None is all."""

    data: tuple[str, ...]
    """Names of the folders, without their paths."""
    credits: tuple[str, ...] = ()
    """What the pictures and boxes are and who made them, for the model's manifest."""
    left_out: str | None = None
    """Name of the footage whose pictures were not learned from."""
    start: str | None = None
    """Name of the run whose weights it began with."""
    fingerprint: str
    """Hash of the pictures' names and boxes, so that a run is resumed on the data that it began with."""
