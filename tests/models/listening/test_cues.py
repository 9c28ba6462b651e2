"""Where the music begins and ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien_models.listening.listen import hear
from tests.models.listening.sounds import noise, sine, write

RATE = 22_050


def test_silence_before_and_after_is_left_out(tmp_path: Path) -> None:
    rest = np.zeros((RATE, 1), np.float32)
    heard = hear(write(tmp_path / "a.wav", np.concatenate([rest, rest, noise(3, RATE, 1), rest]), RATE))
    assert heard.duration_s == pytest.approx(6)
    assert heard.cue_in_s == pytest.approx(2, abs=0.02)
    assert heard.cue_out_s == pytest.approx(5, abs=0.02)


def test_hiss_is_no_music_and_quiet_music_is(tmp_path: Path) -> None:
    hiss, loud = noise(1, RATE, 1, level=1e-4), sine(3, 500, -10, RATE)
    heard = hear(write(tmp_path / "hiss.wav", np.concatenate([hiss, loud, hiss]), RATE, "FLOAT"))
    assert (heard.cue_in_s, heard.cue_out_s) == (pytest.approx(1, abs=0.02), pytest.approx(4, abs=0.02))

    quiet = hear(write(tmp_path / "quiet.wav", sine(3, 500, -55, RATE), RATE, "FLOAT"))
    assert (quiet.cue_in_s, quiet.cue_out_s) == (0, 3)


def test_silence_counts_whole(tmp_path: Path) -> None:
    heard = hear(write(tmp_path / "a.wav", np.zeros((3 * RATE, 2), np.float32), RATE))
    assert (heard.cue_in_s, heard.cue_out_s, heard.loudness_lufs) == (0, 3, -70)
    assert (heard.tempo_bpm, heard.key) == (None, None)
    assert np.isfinite(heard.features).all()
