"""The batches of an epoch: faces in another order each time, augmented, some of them spoilt, blended in pairs."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from mien_models.labels import HEAD_LABELS, Head
from mien_training.emotion.augment import AUGMENTATIONS, Pixels
from mien_training.emotion.negatives import spoil

Targets = dict[str, npt.NDArray[np.float32]]

_UNREADABLE = np.array([label == "unreadable" for label in HEAD_LABELS[Head.READABLE]], np.float32)
_MIXUP = 0.4  # both parameters of the Beta distribution (Zhang et al. 2018)


class FaceBatches:
    """One epoch of shuffled, augmented batches: pixels (b, 48, 48, 1) float32 0…255, targets by head.

    Reproducible: batch i of epoch e depends on the seed, e and i alone.
    """

    def __init__(
        self,
        pixels: npt.NDArray[np.uint8],
        targets: Targets,
        *,
        batch: int,
        seed: int,
        epoch: int,
        augmentation: str = "camera",
        mixup: bool = True,
        spoilt: float = 0.0,
        framing: Pixels | None = None,
    ) -> None:
        """`augmentation` is a name in `AUGMENTATIONS`; those in `config.FRAMED` frame half of their faces as in a row of `framing`.

        `spoilt` is the share of the faces that are made unreadable, so that only the head `readable` learns from them.
        """
        self._pixels = pixels
        self._targets = targets
        self._spoilt = spoilt
        self._batch = batch
        self._key = (seed, epoch)
        self._augment = AUGMENTATIONS[augmentation]
        if framing is not None:
            self._augment = partial(self._augment, framing=framing)
        self._mixup = mixup
        self._order = np.random.default_rng(self._key).permutation(len(pixels))

    def __len__(self) -> int:
        return batch_count(len(self._pixels), self._batch)

    def __getitem__(self, index: int) -> tuple[Pixels, Targets]:
        rng = np.random.default_rng((*self._key, index))
        rows = self._order[index * self._batch : (index + 1) * self._batch]
        targets = {head: table[rows] for head, table in self._targets.items()}
        faces = self._spoil(self._pixels[rows], targets, rng)
        pixels = self._augment(faces, rng)[..., np.newaxis]
        return mix(pixels, targets, rng) if self._mixup else (pixels, targets)

    def _spoil(self, faces: npt.NDArray[np.uint8], targets: Targets, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Make a share of the faces unreadable; `targets` are changed to say so."""
        chosen = np.flatnonzero(rng.random(len(faces)) < self._spoilt)
        if len(chosen):
            faces[chosen] = [spoil(face, rng) for face in faces[chosen]]
            for head, table in targets.items():
                table[chosen] = _UNREADABLE if head == Head.READABLE else 0
        return faces


def batch_count(faces: int, batch: int) -> int:
    """Batches in an epoch. The last, smaller one is left out: the shuffle brings its faces in another epoch."""
    return max(1, faces // batch)


def mix(pixels: Pixels, targets: Targets, rng: np.random.Generator) -> tuple[Pixels, Targets]:
    """Mixup: each face blended with another of the batch, the larger share its own (Zhang et al. 2018)."""
    other = rng.permutation(len(pixels))
    own = rng.beta(_MIXUP, _MIXUP, len(pixels)).astype(np.float32)
    own = np.maximum(own, 1 - own)
    wide, flat = own[:, None, None, None], own[:, None]
    mixed = {head: flat * table + (1 - flat) * table[other] for head, table in targets.items()}
    return wide * pixels + (1 - wide) * pixels[other], mixed
