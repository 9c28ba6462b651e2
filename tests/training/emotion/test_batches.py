"""The batches of an epoch: the same seed gives the same ones, each face comes once, pairs are blended."""

from __future__ import annotations

import numpy as np
import pytest

from mien_training.emotion.batches import FaceBatches, batch_count, mix

RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 256, (50, 48, 48), dtype=np.uint8)
TARGETS = {"fer": np.eye(7, dtype=np.float32)[RNG.integers(0, 7, 50)], "ferplus": np.full((50, 8), 0.1, np.float32)}


def test_same_seed_same_batches() -> None:
    def batch(seed: int, epoch: int, index: int) -> np.ndarray:
        return FaceBatches(FACES, TARGETS, batch=16, seed=seed, epoch=epoch)[index][0]

    np.testing.assert_array_equal(batch(0, 3, 1), batch(0, 3, 1))
    for other in ((1, 3, 1), (0, 4, 1), (0, 3, 2)):
        assert (batch(0, 3, 1) != batch(*other)).any()


def test_an_epoch_shows_each_face_once() -> None:
    numbered = np.arange(50, dtype=np.float32)[:, np.newaxis]
    batches = FaceBatches(FACES, {"number": numbered}, batch=16, seed=0, epoch=0, mixup=False)
    assert len(batches) == 3
    seen = np.concatenate([batches[i][1]["number"] for i in range(3)]).ravel()
    assert len(set(seen.tolist())) == 48
    assert batches[0][0].shape == (16, 48, 48, 1)


@pytest.mark.parametrize(("faces", "batch", "count"), [(50, 16, 3), (48, 16, 3), (5, 16, 1)])
def test_batch_count(faces: int, batch: int, count: int) -> None:
    assert batch_count(faces, batch) == count


def test_mixup_keeps_the_larger_share_and_the_sum_of_targets() -> None:
    pixels = FACES[..., np.newaxis].astype(np.float32)
    mixed, targets = mix(pixels, TARGETS, np.random.default_rng(0))
    assert mixed.shape == pixels.shape
    assert mixed.dtype == np.float32
    assert targets["fer"].dtype == np.float32
    np.testing.assert_allclose(targets["fer"].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(targets["ferplus"].sum(axis=1), 0.8, rtol=1e-5)
    assert (targets["fer"][TARGETS["fer"] == 1] >= 0.5).all()
