"""Files as they come: every format that is promised, and everything that can be wrong with one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mien_models.errors import MusicError
from mien_models.listening.listen import hear
from mien_models.listening.sound import Sound, resample
from tests.models.listening.sounds import noise, sine, write

RATE = 44_100


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_formats_are_read_a_second_at_a_time(tmp_path: Path, name: str) -> None:
    samples = noise(2.5, RATE, 1, channels=2)
    with Sound(write(tmp_path / name, samples, RATE)) as sound:
        blocks = list(sound.blocks())
    assert (sound.rate, sound.channels) == (RATE, 2)
    assert [len(block) for block in blocks[:2]] == [RATE, RATE]
    heard = np.concatenate(blocks)[: len(samples)]
    assert np.corrcoef(heard[:, 0], samples[: len(heard), 0])[0, 1] > 0.9


def test_opus_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.opus", noise(1, 48_000, 1), 48_000, format="OGG", subtype="OPUS")
    assert hear(tmp_path / "a.opus").duration_s == pytest.approx(1, abs=0.01)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    write(tmp_path / "a.flac", sine(1, 440, -20, RATE), RATE)
    for name in ("a.mp3", "a.raw", "a", "ünï ☃.ogg", os.fsdecode(b"latin-\xe9\xff.wav")):
        (tmp_path / name).write_bytes((tmp_path / "a.flac").read_bytes())
        assert hear(tmp_path / name).duration_s == pytest.approx(1)


def test_lossless_files_are_heard_alike(tmp_path: Path) -> None:
    samples = noise(3, RATE, 2, channels=2)
    first = hear(write(tmp_path / "a.wav", samples, RATE, "PCM_16"))
    whole, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    soundfile.write(tmp_path / "a.flac", whole, RATE)
    second = hear(tmp_path / "a.flac")
    assert first.features.tobytes() == second.features.tobytes()
    assert (first.loudness_lufs, first.true_peak_dbtp) == (second.loudness_lufs, second.true_peak_dbtp)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.mp3", b"", "is no sound"),
        ("a.mp3", b"not a sound at all, but quite long" * 99, "is no sound"),
        ("a.wav", b"RIFF\x24\0\0\0WAVEfmt ", "is no sound"),
        ("a.flac", b"fLaC" + bytes(range(256)) * 9, "is no sound"),
        ("a.ogg", b"OggS" + bytes(1000), "is no sound"),
    ],
)
def test_what_is_no_sound_is_said_in_a_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MusicError) as caught:
        hear(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "least"), [("a.wav", 3), ("a.flac", 0), ("a.ogg", 1), ("a.mp3", 3)])
def test_cut_off_files_are_heard_as_far_as_they_go_or_refused(tmp_path: Path, name: str, least: int) -> None:
    whole = write(tmp_path / name, noise(6, RATE, 3, channels=2), RATE).read_bytes()
    cut = tmp_path / f"cut-{name}"
    parts = 0
    said: list[str] = []
    for share in (0.02, 0.3, 0.7, 0.99):
        cut.write_bytes(whole[: int(share * len(whole))])
        try:
            heard = hear(cut)
        except MusicError as error:
            said.append(str(error))
        else:
            assert 0 < heard.duration_s <= 6.1
            assert np.isfinite(heard.features).all()
            parts += 1
    assert parts >= least
    assert all(str(cut) in line for line in said)


def test_a_file_cut_off_before_its_first_excerpt_is_heard_from_its_beginning(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mp3", noise(150, RATE, 3), RATE).read_bytes()  # its header promises all of them
    path = tmp_path / "cut.mp3"
    path.write_bytes(whole[: len(whole) // 50])
    heard = hear(path)
    assert 1 < heard.duration_s < 5
    assert len(heard.features) == 1
    assert np.isfinite(heard.features).all()


def test_files_without_a_sample_and_with_nonsense_are_refused(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.wav", np.zeros((0, 1), np.float32), RATE)
    with pytest.raises(MusicError, match="holds no sound"):
        hear(empty)
    for value in (np.nan, np.inf, 1e30):
        samples = np.full((RATE, 1), value, np.float32)
        with pytest.raises(MusicError, match="damaged"):
            hear(write(tmp_path / "nonsense.wav", samples, RATE, "FLOAT"))


def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MusicError, match="no such file"):
        hear(tmp_path / "gone.mp3")
    with pytest.raises(MusicError, match="is no file"):
        hear(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(MusicError, match="is no file"):
        hear(tmp_path / "pipe.mp3")


def test_more_than_two_channels_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", noise(1, RATE, 1, channels=6), RATE)
    with pytest.raises(MusicError, match="6 channels"):
        hear(path)


def test_files_are_closed_however_it_ends(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a.wav", noise(1, RATE, 1), RATE), tmp_path / "b.wav"
    bad.write_bytes(b"nonsense" * 99)
    before = set(Path("/proc/self/fd").iterdir())
    hear(good)
    for _ in range(3):
        with pytest.raises(MusicError):
            hear(bad)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_resampling_keeps_the_sound() -> None:
    tone = sine(1, 440, -6, RATE)[:, 0]
    again = resample(tone, RATE, 24_000)
    expected = sine(1, 440, -6, 24_000)[:, 0]
    assert len(again) == len(expected)
    assert np.abs(again - expected)[500:-500].max() < 1e-3
