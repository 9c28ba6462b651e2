"""How well a song follows another one, and how soon it may come again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_device.policy.catalogue import Catalogue, Floats

JUMP_COST, TEMPO_COST, LOUDNESS_COST, KEY_COST = 0.6, 0.3, 0.15, 0.15
"""For a jump of one on the plane, for the worst of tempi, for twelve decibels, for keys at opposite ends of the circle."""
EASY_JUMP = 0.25
"""A distance on the plane that costs nothing."""
LOUDNESS_SPAN_LU = 12.0
REPEAT_COST, REPEAT_HALF_LIFE_S = 2.0, 86_400.0
"""For a song that was heard just now, and the time in which half of it is forgiven."""
FLOOR = 20
"""So many other songs come before one is heard again, in a library that has them; never fewer than half of a small one."""
ARTIST_SPACING = 4
"""So many tracks of others come between two of one artist, in a library that has them."""


def join_cost(catalogue: Catalogue, last: int | None) -> Floats:
    """What it costs to play each song after number `last`, (n,), from 0 up. None: nothing came before."""
    if last is None:
        return np.zeros(len(catalogue))
    jump = np.linalg.norm(catalogue.place - catalogue.place[last], axis=1)
    cost = JUMP_COST * np.maximum(jump - EASY_JUMP, 0.0)
    cost += TEMPO_COST * _tempo_distance(catalogue.tempo, catalogue.tempo[last])
    cost += LOUDNESS_COST * np.minimum(np.abs(catalogue.loudness - catalogue.loudness[last]) / LOUDNESS_SPAN_LU, 1)
    cost += KEY_COST * _key_distance(catalogue.fifths, catalogue.fifths[last])
    total: Floats = cost
    return total


def repeat_cost(last_played: Floats, at: float) -> Floats:
    """What it costs to hear each song again, (n,); `last_played` is -inf for what never was."""
    age = np.maximum(at - last_played, 0.0)
    cost: Floats = REPEAT_COST * np.exp2(-age / REPEAT_HALF_LIFE_S)
    return cost


def allowed(
    catalogue: Catalogue, recent: list[int], artists: list[int], barred: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Which songs may come, (n,): not `barred`, not among the last ones, not by an artist of the last tracks.

    Args:
        catalogue: the songs.
        recent: numbers of the songs that were played, newest last.
        artists: numbers of the artists of the tracks that were played, newest last; -1 for nobody.
        barred: (n,), songs that do not play.

    """
    free = ~barred
    floor = min(FLOOR, int(free.sum()) // 2)
    distinct = list(dict.fromkeys(number for number in reversed(recent) if free[number]))
    free[distinct[:floor]] = False
    # In a library of few artists the spacing shrinks until one of them is free.
    for spacing in range(min(ARTIST_SPACING, catalogue.artists), 0, -1):
        near = [artist for artist in artists[-spacing:] if artist >= 0]
        spaced = free & ~np.isin(catalogue.artist, near)
        if spaced.any():
            return spaced
    return free


def _tempo_distance(tempo: Floats, last: float) -> Floats:
    """0…1: of two tempi the ratio, where twice and half as fast is as good as equal; 0 where one has none."""
    octaves = np.log2(tempo / last)
    distance: Floats = np.nan_to_num(2 * np.abs(octaves - np.round(octaves)))
    return distance


def _key_distance(fifths: Floats, last: float) -> Floats:
    """0…1 around the circle of fifths; a neighbour costs nothing, nor does an unknown key."""
    steps = np.abs(fifths - last)
    around = np.minimum(steps, 12 - steps)
    distance: Floats = np.nan_to_num(np.maximum(around - 1, 0) / 5)
    return distance
