"""The meters agree with the standard's own test signals, with another implementation, and with themselves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mien_models.listening.loudness import SILENCE_DBTP, SILENCE_LUFS, LoudnessMeter, TruePeakMeter
from tests.models.listening.sounds import Samples, noise, sine, write
from tests.needs import need_module, need_program

RATE = 48_000


def loudness(samples: Samples, rate: int = RATE, block: int | None = None) -> float:
    meter = LoudnessMeter(rate, samples.shape[1])
    for start in range(0, len(samples), block or rate):
        meter.add(samples[start : start + (block or rate)])
    return meter.integrated()


def true_peak(samples: Samples, block: int = RATE) -> float:
    meter = TruePeakMeter(samples.shape[1])
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter.dbtp()


def stereo(*parts: tuple[float, float]) -> Samples:
    """1 kHz in both channels: (seconds, dBFS) one after the other."""
    return np.concatenate([sine(seconds, 1000, dbfs, RATE, channels=2) for seconds, dbfs in parts])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(20, -23)], -23),  # EBU Tech 3341, table 1, case 1
        ([(20, -33)], -33),  # case 2
        ([(10, -36), (60, -23), (10, -36)], -23),  # case 3
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),  # case 4
        ([(20, -26), (20.1, -20), (20, -26)], -23),  # case 5
    ],
)
def test_minimum_requirements_of_the_ebu(parts: list[tuple[float, float]], expected: float) -> None:
    assert loudness(stereo(*parts)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_agrees_with_another_implementation(rate: int, channels: int) -> None:
    need_module("pyloudnorm")
    import pyloudnorm

    for seed in range(3):
        samples = noise(4.3, rate, seed, channels=channels)
        expected = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples)
        assert loudness(samples, rate) == pytest.approx(expected, abs=0.1)


def test_agrees_with_ffmpeg(tmp_path: Path) -> None:
    ffmpeg = need_program("ffmpeg")
    for seed in range(3):
        samples = noise(8, RATE, seed, channels=2, level=0.9)
        path = write(tmp_path / f"{seed}.wav", samples, RATE, "FLOAT")
        meter = "ebur128=metadata=1:peak=true,ametadata=mode=print:file=-"
        command = [ffmpeg, "-hide_banner", "-nostats", "-i", path, "-af", meter, "-f", "null", "-"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        integrated = float(re.findall(r"r128\.I=(\S+)", ran.stdout)[-1])
        peak = float(re.findall(r"Peak:\s+(\S+) dBFS", ran.stderr)[-1])
        assert loudness(samples) == pytest.approx(integrated, abs=0.1)
        assert true_peak(samples) == pytest.approx(peak, abs=0.3)


def test_how_blocks_are_cut_changes_nothing() -> None:
    samples = noise(5.3, 44_100, 1, channels=2)
    whole, pieces = loudness(samples, 44_100, block=len(samples)), loudness(samples, 44_100, block=7777)
    assert whole == pytest.approx(pieces, abs=1e-3)
    assert true_peak(samples, 7777) == true_peak(samples, len(samples))


@pytest.mark.parametrize(("divisor", "phase"), [(4, 45.0), (6, 60.0), (8, 67.5)])
def test_peaks_between_the_samples_are_found(divisor: int, phase: float) -> None:
    """EBU Tech 3341, table 1, cases 15 to 19: -6 dBTP, tolerance +0.2 and -0.4 dB; no sample is that high in the first."""
    samples = sine(1, RATE / divisor, 20 * np.log10(0.5), RATE, phase=np.radians(phase))
    edge = np.hanning(2 * RATE // 10)[: RATE // 10]
    samples[: len(edge), 0] *= edge
    samples[len(samples) - len(edge) :, 0] *= edge[::-1]
    assert -6.4 <= true_peak(samples) <= -5.8


def test_a_peak_at_the_seam_of_two_blocks_is_found() -> None:
    samples = np.zeros((2 * RATE, 1), np.float32)
    samples[RATE - 1 : RATE + 1] = 0.5  # between two equal samples the wave is higher
    assert true_peak(samples) > -5.0


def test_silence_has_numbers() -> None:
    silence = np.zeros((RATE, 2), np.float32)
    assert (loudness(silence), true_peak(silence)) == (SILENCE_LUFS, SILENCE_DBTP)
    assert loudness(sine(0.3, 1000, -10, RATE)) == SILENCE_LUFS
