"""M4A beside the same sound as WAV: every sample in its place, wherever reading begins."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mien_models.errors import MusicError
from mien_models.listening.sound import Sound
from mien_models.listening.sound_file import AvError, AvFile, open_sound, open_to_listen, sound_suffixes
from tests.needs import need_module, need_program

RATE_HZ = 44_100
SECONDS = 3.0


@pytest.fixture(scope="module")
def m4a(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_module("av")
    folder = tmp_path_factory.mktemp("m4a")
    times = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    swell = np.minimum(1, times / 0.2)  # what begins at once an encoder smears
    left = 0.5 * swell * np.sin(2 * np.pi * (200 + 150 * times) * times)
    soundfile.write(folder / "sweep.wav", np.stack([left, -left], 1), RATE_HZ)
    path = folder / "sweep \udcff.m4a"
    command = [need_program("ffmpeg"), "-v", "error", "-i", folder / "sweep.wav", "-c:a", "aac", "-b:a", "256k", path]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def wav(m4a: Path) -> np.ndarray:
    return soundfile.read(m4a.with_name("sweep.wav"), dtype="float32")[0]


def test_it_is_the_sound_that_was_encoded_from_the_first_sample_to_the_last(m4a: Path, wav: np.ndarray) -> None:
    file = open_sound(m4a)
    assert (file.samplerate, file.channels, file.frames) == (RATE_HZ, 2, len(wav))
    samples = np.concatenate([file.read(10_000) for _ in range(14)])
    file.close()
    file.close()
    assert samples.shape == wav.shape
    assert np.abs(samples - wav).max() < 0.03
    assert float(np.corrcoef(samples[:, 0], wav[:, 0])[0, 1]) > 0.9995, "not a sample late"


@pytest.mark.parametrize("frame", [0, 1, 5_000, 70_001, len(range(round(SECONDS * RATE_HZ))) - 1000])
def test_reading_goes_on_at_any_place(m4a: Path, wav: np.ndarray, frame: int) -> None:
    file = open_sound(m4a)
    file.read(30_000)
    assert file.seek(frame) == frame
    part = file.read(900)
    file.close()
    assert np.abs(part - wav[frame : frame + 900]).max() < 0.03


def test_it_is_listened_to_like_any_other(m4a: Path, wav: np.ndarray) -> None:
    with Sound(m4a) as sound:
        assert sum(len(block) for block in sound.blocks()) == len(wav)
    assert m4a.suffix in sound_suffixes()


def test_a_wrong_ending_does_no_harm(m4a: Path, wav: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(m4a.read_bytes())
    with Sound(path) as sound:
        assert sum(len(block) for block in sound.blocks()) == len(wav)
    path = tmp_path / "song.m4a"
    path.write_bytes(m4a.with_name("sweep.wav").read_bytes())
    with Sound(path) as sound:
        assert sum(len(block) for block in sound.blocks()) == len(wav)


@pytest.mark.parametrize("codec", ["alac", "flac", "pcm_u8", "pcm_s24le"])
def test_lossless_codecs_are_as_loud_as_they_were(m4a: Path, wav: np.ndarray, tmp_path: Path, codec: str) -> None:
    path = tmp_path / "song.m4a"
    container = "wav" if codec.startswith("pcm") else "mp4"
    source = m4a.with_name("sweep.wav")
    command = [
        need_program("ffmpeg"),
        "-v",
        "error",
        "-i",
        source,
        "-c:a",
        codec,
        "-strict",
        "-2",
        "-f",
        container,
        path,
    ]
    subprocess.run(command, check=True)
    file = open_sound(path)
    samples = file.read(len(wav))
    file.close()
    assert samples.shape == wav.shape
    assert np.abs(samples - wav).max() < 0.01


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A steady tone in variable bit rate: its frames are small, and take bits from many before them."""
    path = tmp_path_factory.mktemp("mp3") / "tone.mp3"
    command = [need_program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "sine=frequency=300:duration=6", "-q:a", "4"]
    subprocess.run([*command, path], check=True)
    return path


def test_an_mp3_of_variable_bit_rate_has_no_holes_however_it_is_read(mp3: Path) -> None:
    whole = soundfile.read(mp3, dtype="float32", always_2d=True)[0]
    file = open_sound(mp3)
    samples = np.concatenate([file.read(16_384, dtype="float32", always_2d=True) for _ in range(20)])
    file.close()
    assert samples.shape == whole.shape
    assert np.abs(samples - whole).max() < 1e-4


@pytest.mark.parametrize("frame", [0, 1, 5000, 100_001, 200_000])
def test_an_mp3_of_variable_bit_rate_has_no_hole_where_reading_goes_on(mp3: Path, frame: int) -> None:
    whole = soundfile.read(mp3, dtype="float32", always_2d=True)[0]
    file = open_sound(mp3)
    assert file.seek(frame) == frame
    samples = file.read(20_000, dtype="float32", always_2d=True)
    file.close()
    assert np.abs(samples - whole[frame : frame + 20_000]).max() < 1e-3


def test_a_damaged_one_is_one_line(m4a: Path, tmp_path: Path) -> None:
    whole = m4a.read_bytes()
    for name, content in (("empty", b""), ("text", b"no sound at all " * 99), ("half", whole[: len(whole) // 2])):
        path = tmp_path / f"{name}.m4a"
        path.write_bytes(content)
        with pytest.raises(MusicError, match=f"{name}.m4a") as caught, Sound(path) as sound:
            for _ in sound.blocks():
                pass
        assert "\n" not in str(caught.value)


def test_what_has_no_sound_says_so(m4a: Path, tmp_path: Path) -> None:
    picture = tmp_path / "film.mp4"
    command = [need_program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x64", picture]
    subprocess.run(command, check=True)
    with pytest.raises(AvError, match="no sound"):
        open_sound(picture)


@pytest.mark.parametrize(("rate", "quick"), [(48_000, True), (24_000, False)])
def test_opus_is_the_same_sound_by_either_decoder(tmp_path: Path, rate: int, quick: bool) -> None:
    need_module("av")
    times = np.arange(round(2.3 * rate)) / rate
    path = tmp_path / "song.mp3"  # told by its content
    with soundfile.SoundFile(path, "w", rate, 1, "OPUS", format="OGG") as file:
        file.write(0.3 * np.sin(2 * np.pi * (200 + 300 * times) * times))
    usual, listening = open_sound(path), open_to_listen(path)
    assert isinstance(listening, AvFile) is quick
    assert (listening.samplerate, listening.channels, listening.frames) == (rate, 1, usual.frames)
    wanted, samples = (file.read(10 * rate, dtype="float32", always_2d=True) for file in (usual, listening))
    usual.close()
    listening.close()
    assert samples.shape == wanted.shape
    assert np.abs(samples - wanted).max() < 0.005, "not a sample late"
