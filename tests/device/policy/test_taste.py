"""What plays teach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien_device.config import MusicMode
from mien_device.listeners import Ending
from mien_device.policy import Choice, Liking, Outcome, Phase, Target
from mien_device.policy.catalogue import Catalogue
from mien_device.policy.taste import WELCOME, Taste, evidence
from tests.device.policy.shelf import HAPPY, SAD, outcome, song

SONGS = [song("a", artist="one"), song("b", artist="one"), song("c", artist="two"), song("d"), song("e")]
TARGET = Target(0, 0, (0, 0), Phase.MATCH)


def played(name: str, ending: Ending = Ending.PLAYED, heard_s: float = 200.0) -> Outcome:
    chosen = next(song for song in SONGS if song.id == name)
    choice = Choice(chosen, MusicMode.FOLLOW, TARGET, HAPPY, Ending.PLAYED, 0.0, "")
    return outcome(choice, HAPPY, ending, heard_s=heard_s)


def test_what_a_play_says() -> None:
    assert evidence(played("a")) == (1, 0)
    assert evidence(played("a", Ending.CUT, 20)) == (0, 0), "mien itself cut it"
    assert evidence(played("a", Ending.SKIPPED, 190)) == (1, 0), "heard nearly to the end"
    late, early = (evidence(played("a", Ending.SKIPPED, heard_s))[1] for heard_s in (60, 3))
    assert late > 3 * early > 0


def test_songs_artists_and_moods_learn_from_each_other() -> None:
    taste = Taste(Catalogue(SONGS), likings=[Liking("a", True, HAPPY)] * 3)
    happy, sad = taste.expected(HAPPY), taste.expected(SAD)
    assert happy[0] > happy[1] > happy[2] == pytest.approx(WELCOME)
    assert happy[0] > sad[0] > WELCOME, "in another mood it counts less"
    assert happy[3] == happy[4] == pytest.approx(WELCOME), "nobody is not one artist"
    assert taste.heard(0, HAPPY)[0] > 0
    assert taste.heard(0, SAD) == (0, 0)


def test_one_unnamed_song_teaches_nothing_of_another() -> None:
    taste = Taste(Catalogue(SONGS), likings=[Liking("d", False, HAPPY)] * 5)
    assert taste.expected(HAPPY)[3] < 0.4
    assert taste.expected(HAPPY)[4] == pytest.approx(WELCOME)


def test_draws_narrow_as_evidence_grows() -> None:
    catalogue = Catalogue(SONGS)
    rng = np.random.default_rng(0)
    unknown = np.stack([Taste(catalogue).draw(HAPPY, rng) for _ in range(300)])
    known = Taste(catalogue, [played("a"), played("a", Ending.SKIPPED, 60)] * 30)
    drawn = np.stack([known.draw(HAPPY, rng) for _ in range(300)])
    assert drawn[:, 0].std() < unknown[:, 0].std() / 2
    assert ((unknown > 0) & (unknown <= 1)).all()


def test_a_song_that_is_gone_teaches_nothing() -> None:
    taste = Taste(Catalogue(SONGS[:2]), [replace(played("c"), song="gone")])
    assert taste.expected(HAPPY) == pytest.approx(WELCOME)
