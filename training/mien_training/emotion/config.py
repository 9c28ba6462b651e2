"""The settings of a training: the recipe of an architecture, and what a run adds to it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mien_models.labels import Head
from mien_models.validation import Strict
from mien_training.runs import FORMAT

FRAMED = ("camera", "camera-half", "generator", "focus")
"""The augmentations that move faces, and so can frame them as a finder does."""


class Recipe(Strict):
    """How an architecture is trained. The defaults are those of our own networks, each with its reason."""

    epochs: int = Field(default=60, ge=0)
    """Passes over the data; a falling schedule is stretched over them. 0 leaves a warm start as it is, but for calibration."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many epochs without a better validation accuracy; None trains to the end."""
    batch: int = Field(default=128, ge=1)
    """Faces a step. Smaller is slower on a processor, larger takes fewer steps and learns less."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = Field(default=2e-3, gt=0)
    """The peak, where the schedule has one."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """`cosine` rises for `warmup_epochs` and falls along a cosine to 0 (Loshchilov and Hutter 2017)."""
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Nesterov's, of `sgd` alone."""
    clip: float | None = Field(default=1.0, gt=0)
    """Largest norm of a step's gradient, all weights together: a single bad batch must not undo an epoch."""
    warmup_epochs: float = Field(default=3.0, ge=0)
    """Epochs of linear rise to the peak, which batch normalisation needs at this rate; a tenth of all at most."""
    weight_decay: float = Field(default=0.05, ge=0)
    """AdamW's, of kernels only: decaying the scales of batch normalisation only slows learning."""
    average: float = Field(default=0.999, ge=0, lt=1)
    """Momentum of the running average of the weights: about the last four epochs. It is kept if it reads the validation faces better.
    0 is no average."""
    keep: Literal["last", "best"] = "last"
    """The weights to keep: those of the last epoch (or their average), or of the epoch that read the validation faces best."""
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    """Of the original labels, a third of which are wrong. The FER+ votes are soft already."""
    augmentation: Literal["camera", "camera-half", "generator", "focus", "noise", "none"] = "camera"
    """A name in `augment.AUGMENTATIONS`."""
    mixup: bool = True
    """Blend faces in pairs."""
    calibrate: bool = True
    """Fold a temperature, and offsets where they help, into each head, fitted on the validation faces."""


class TrainConfig(Recipe):
    """Everything that decides how a training comes out; kept in the run directory."""

    format: int = FORMAT
    network: Literal["emotion"] = "emotion"
    arch: str = "mien-small"
    """A name in `networks.ARCHITECTURES`."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Of weights, order, augmentation and mixup."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the layers' arithmetic; the weights stay in float32. Faster with bfloat16 where the processor has it."""
    negative_share: float = Field(default=0.08, ge=0, lt=1)
    """Crops of the negatives for each face, and as many again of the faces spoilt, where negatives are given."""
    readable_weight: float = Field(default=0.3, ge=0)
    """Of the head `readable` in the loss, beside 1 for each label set."""
    limit: int | None = Field(default=None, ge=1)
    """Rows of each split, for trying things out; None is all."""

    data: str
    """Name of the data set's file or folder, without its path."""
    others: tuple[tuple[str, float], ...] = ()
    """Names of further data sets and their weights."""
    ferplus: str | None = None
    """Name of the file of FER+ votes."""
    warm_start: tuple[str, ...] = ()
    """Names of the runs or models with the mean of whose weights it began, or of a file of published weights."""
    teachers: tuple[str, ...] = ()
    """Names of the runs, files or models whose networks teach this one."""
    teacher_sees: Literal["view", "face"] = "view"
    """What the teachers answer to, see `distil.Teachers`."""
    teacher_share: float = Field(default=0.7, ge=0, le=1)
    """Of each target; the labels have the rest (the usual seven in ten)."""
    finder: str | None = None
    """Name of the face finder as whose crops half of the faces are framed."""
    negatives: str | None = None
    """Name of the folder of pictures without people."""
    fingerprint: str
    """Hash of the faces and labels, so that a run is resumed on the data that it began with."""
    recipe: dict[str, Any] = Field(default={})
    """What --recipe gave in place of the architecture's own settings."""
    heads: tuple[Head, ...] = Field(min_length=1)
    """The label sets that the architecture learns and the data has labels for."""

    @field_validator("warm_start", mode="before")
    @classmethod
    def _read_single_name(cls, value: object) -> object:
        """Runs that were made before several could be given hold one name or none."""
        return () if value is None else (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _something_is_learned(self) -> TrainConfig:
        if self.epochs == 0 and not self.warm_start:
            raise ValueError("'epochs' is 0, which leaves a network as it was: name one with --warm-start")
        if self.epochs == 0 and (self.teachers or self.finder):
            raise ValueError("'epochs' is 0, so nothing is learned from a teacher or a finder: leave them out")
        return self

    @model_validator(mode="after")
    def _finder_can_frame(self) -> TrainConfig:
        if self.finder and self.augmentation not in FRAMED:
            raise ValueError(
                f"'finder' frames no faces with the augmentation {self.augmentation}; choose one of {', '.join(FRAMED)}"
            )
        return self
