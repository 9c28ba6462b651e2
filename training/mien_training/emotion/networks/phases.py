"""Two convolutions of which the second halves the picture, as two that halve it at once: the same function.

What the first one says of four pixels, a square of them, becomes four times as many channels of one place, one set for each
phase (as in the sub-pixel convolution of Shi et al. 2016, the other way round). That is sixteen multiplications for nine, the
others with zeros until they are trained, but four times as many channels in a quarter of the places: processors that multiply
by tiles are idle for most of a convolution of every pixel that has one channel to read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

PHASES = 4
"""Pixels that become one place."""

_Floats = npt.NDArray[np.float32]


def has_phases(kernel: tuple[int, ...], plain: Sequence[tuple[int, ...]]) -> bool:
    """Whether a kernel of this shape is the first of two 3×3 ones in phases; `plain` are the shapes of all that there are."""
    match plain:
        case [(3, 3, channels, width), (3, 3, read, _), *_] if read == width:
            return tuple(kernel) == (4, 4, channels, PHASES * width)
    return False


def in_phases(first: _Floats, second: _Floats) -> tuple[_Floats, _Floats]:
    """The kernels (4, 4, a, 4b) and (2, 2, 4b, c) of two convolutions that compute what 3×3 ones do.

    `first` (3, 3, a, b) is of stride 1, `second` (3, 3, b, c) of stride 2; in phases it is the other way round. All are padded
    as TensorFlow's "same" does, on an even number of pixels. What follows the first one by channel is to be repeated four
    times.
    """
    width, out = second.shape[2:]
    halving = np.zeros((4, 4, first.shape[2], PHASES, width), np.float32)
    joining = np.zeros((2, 2, PHASES, width, out), np.float32)
    for down in (0, 1):
        for right in (0, 1):
            phase = 2 * down + right
            halving[down : down + 3, right : right + 3, :, phase] = first
            taps = second[down::2, right::2]
            joining[: taps.shape[0], : taps.shape[1], phase] = taps
    return halving.reshape(4, 4, -1, PHASES * width), joining.reshape(2, 2, PHASES * width, out)
