"""Clips and their labels: what is read from every kind of file, and one line for what cannot be."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.errors import DataError
from mien_training.music.gems import PLACES
from mien_training.songs.valence import clips
from mien_training.songs.valence.clips import FRAMES, read_audio, read_clips
from mien_training.songs.valence.labels import clip_key, read_labels
from mien_training.songs.valence.mel import BANDS, mel_spectrogram
from tests.needs import need_module

TONE = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(32000) / 16000)).astype(np.float32)


def test_a_tone_sounds_in_its_own_band() -> None:
    spectrogram = mel_spectrogram(TONE)
    assert spectrogram.shape == (61, BANDS)
    edges = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([40, 8000]) / 700)), BANDS + 2) / 2595) - 1)
    band = int(spectrogram.mean(axis=0).argmax())
    assert edges[band] < 1000 < edges[band + 2]
    # A sine of amplitude a in a Hann window of n samples: (a·n/4)² / n at its frequency.
    assert spectrogram[:, band].max() == pytest.approx(10 * np.log10((0.5 * 1024 / 4) ** 2 / 1024), abs=4)
    louder = mel_spectrogram(TONE * 2)
    np.testing.assert_allclose((louder - spectrogram)[:, band], 20 * np.log10(2), atol=0.01)
    np.testing.assert_allclose(mel_spectrogram(np.zeros(2048, np.float32)), -100, atol=0.01)


@pytest.mark.parametrize("name", ["audio", "samples", "y"])
@pytest.mark.parametrize("rate_name", ["rate", "sr", "sample_rate"])
def test_fields_by_any_usual_name(tmp_path: Path, name: str, rate_name: str) -> None:
    np.savez(tmp_path / "a.npz", **{name: TONE, rate_name: 16000})
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({name: TONE, rate_name: 16000}))
    for ending in ("npz", "pkl"):
        np.testing.assert_array_equal(read_audio(tmp_path / f"a.{ending}"), TONE)


def test_integers_channels_lists_and_other_rates(tmp_path: Path) -> None:
    need_module("soxr")
    path = tmp_path / "a.npz"
    np.savez(path, audio=(TONE * 32767).astype(np.int16), rate=np.float64(16000))
    np.testing.assert_allclose(read_audio(path), TONE, atol=1e-4)
    for stereo in (np.stack([TONE, -TONE]), np.stack([TONE, -TONE], axis=1)):
        np.savez(path, audio=stereo, rate=16000)
        assert np.abs(read_audio(path)).max() == 0
    np.savez(path, audio=TONE)
    assert len(read_audio(path, rate=8000)) == pytest.approx(64000, abs=10)
    pickled = tmp_path / "a.pkl"
    pickled.write_bytes(pickle.dumps([0.25] * 20000))
    assert read_audio(pickled, rate=16000).tolist() == [0.25] * 20000


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3"])
def test_sound_files(tmp_path: Path, ending: str) -> None:
    need_module("soundfile")
    need_module("soxr")
    import soundfile

    path = tmp_path / f"a.{ending}"
    long = np.concatenate([TONE, TONE])
    kind = {"opus": ("OGG", "OPUS"), "mp3": ("MP3", None)}.get(ending, (None, None))
    soundfile.write(path, long, 16000, format=kind[0], subtype=kind[1])
    audio = read_audio(path)
    assert len(audio) == pytest.approx(64000, abs=3000)
    assert np.abs(audio[10000:50000]).max() == pytest.approx(0.5, abs=0.05)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"audio": TONE}, "field 'rate' is missing"),
    ({"audio": TONE, "rate": 0}, "field 'rate' is 0, not samples a second"),
    ({"audio": TONE, "rate": np.nan}, "field 'rate' is nan"),
    ({"audio": TONE, "rate": "fast"}, "field 'rate' is no number"),
    ({"audio": TONE, "rate": [1, 2]}, "field 'rate' is no number"),
    ({"audio": TONE[:999], "rate": 16000}, "0.06 s long; a clip must have a second"),
    ({"audio": TONE[:0], "rate": 16000}, "field 'audio' holds no samples"),
    ({"audio": TONE + np.nan, "rate": 16000}, "samples that are no numbers"),
    ({"audio": np.array(["a"]), "rate": 16000}, "field 'audio' holds no samples"),
    ({"audio": np.zeros((2, 2, 2)), "rate": 16000}, "field 'audio' holds no samples"),
    ({"left": TONE, "right": TONE}, "field 'audio' is missing; it has left, right"),
]


@pytest.mark.parametrize(("fields", "said"), BAD)
def test_bad_fields(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "a.npz", **fields)
    with pytest.raises(DataError) as caught:
        read_audio(tmp_path / "a.npz")
    assert str(caught.value).startswith(f"{tmp_path / 'a.npz'}: ")
    assert said in str(caught.value)


def test_broken_files(tmp_path: Path) -> None:
    need_module("soundfile")
    np.savez(tmp_path / "good.npz", audio=TONE, rate=16000)
    whole = (tmp_path / "good.npz").read_bytes()
    np.savez(tmp_path / "objects.npz", audio=np.array([{}], dtype=object), rate=1)
    cases = {
        "none.npz": None,
        "empty.npz": b"",
        "cut.npz": whole[: len(whole) // 2],
        "text.npz": b"hello",
        "a.flac": b"fLaC",
        "b.mp3": b"",
    }
    for name, content in cases.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    for name in (*cases, "objects.npz"):
        with pytest.raises(DataError) as caught:
            read_audio(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
        assert "\n" not in str(caught.value)


def test_what_unpacks_to_more_than_a_clip_is_left_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "_LARGEST", 1 << 20)
    np.savez_compressed(tmp_path / "bomb.npz", audio=np.zeros(1 << 20, np.int8), rate=16000)
    assert (tmp_path / "bomb.npz").stat().st_size < 1 << 14
    with pytest.raises(DataError, match="larger than 1 GiB unpacked"):
        read_audio(tmp_path / "bomb.npz")


def test_labels_meet_their_clips(tmp_path: Path) -> None:
    assert [clip_key(name) for name in ("007.opus", "7", "0", "a.b", "a.wav", "x/00.mp3")] == [
        "7",
        "7",
        "0",
        "a.b",
        "a",
        "0",
    ]
    table = tmp_path / "labels.csv"
    table.write_text("file,valence,artist\na.npz,0.5,X\n02,-1,Y\n3,2,X\n")
    for name in ("a", "2", "4"):
        np.savez(tmp_path / f"{name}.npz", audio=TONE, rate=16000)
    read = read_clips(tmp_path, read_labels(table))
    assert read.names == ("2", "a")
    assert read.valence.tolist() == [-1, 0.5]
    assert read.artists.tolist() == [1, 0]
    assert read.patches.shape == (2, FRAMES * BANDS)
    table.write_text("file,valence\na.npz,0.5\n02,-1\n")
    assert len(set(read_clips(tmp_path, read_labels(table)).artists)) == 2


def test_what_was_seen_is_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "1.npz", audio=TONE, rate=16000)
    (tmp_path / "labels.csv").write_text("clip,valence\n1,0.5\n")
    labels, cache = read_labels(tmp_path / "labels.csv"), tmp_path / "seen.npz"
    first = read_clips(tmp_path / ".", labels, cache=None).patches
    (tmp_path / "clips").mkdir()
    (tmp_path / "1.npz").rename(tmp_path / "clips" / "1.npz")
    read_clips(tmp_path / "clips", labels, cache=cache)
    stored = dict(np.load(cache))
    np.savez(cache, **{**stored, "patches": stored["patches"] + 1})
    np.testing.assert_array_equal(read_clips(tmp_path / "clips", labels, cache=cache).patches, first + 1)
    np.savez(tmp_path / "clips" / "1.npz", audio=TONE * 2, rate=16000)  # another clip now
    changed = read_clips(tmp_path / "clips", labels, cache=cache).patches
    assert changed.max() == pytest.approx(first.max() + 20 * np.log10(2), abs=0.01)


def test_listenings_of_emotify(tmp_path: Path) -> None:
    header = "track id,genre," + ",".join(PLACES)
    felt = {"joyful_activation": "1", "sadness": "1"}
    table, tracks = tmp_path / "annotations.csv", tmp_path / "tracks.csv"
    lines = [header, "1,rock," + ",".join(felt.get(word, "0") for word in PLACES)]
    lines += [
        "1,rock," + ",".join("1" if word == "calmness" else "0" for word in PLACES),
        "2,rock," + ",".join("0" * 9),
    ]
    table.write_text("\n".join(lines) + "\n")
    tracks.write_text("track_id,artist\n1,Nobody\n")
    labels = read_labels(table, tracks)
    assert list(labels) == ["1"]  # nobody felt anything at the second
    assert labels["1"].artist == "Nobody"
    assert labels["1"].valence == pytest.approx((0.80 - 0.65 + 0.47) / 3)
    table.write_text(header + "\n1,rock," + ",".join("0000x0000") + "\n")
    with pytest.raises(DataError, match="line 2: 'calmness' is 'x', not 0 or 1"):
        read_labels(table)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("clip,valence\n", "has no rows"),
        ("clip,pleasure\n1,2\n", "column 'valence' is missing; give it, or the nine columns of Emotify"),
        ("song,valence\n1,2\n", "no column names the clips; call it 'clip'"),
        ("clip,valence\n1,nan\n", "line 2: 'valence' is 'nan', not a finite number"),
        ("clip,valence\n1,2\n01,3\n", "line 3: 'clip' 1 is there twice"),
        ("clip,valence\n9,2\n", "none of its 1 clips has a label; the first is '1'"),
    ],
)
def test_bad_labels(tmp_path: Path, content: str, said: str) -> None:
    np.savez(tmp_path / "1.npz", audio=TONE, rate=16000)
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        read_clips(tmp_path, read_labels(tmp_path / "labels.csv"))
    assert said in str(caught.value)


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no clips there; they end in"):
        read_clips(tmp_path, {})
    with pytest.raises(DataError, match="cannot be read"):
        read_clips(tmp_path / "none", {})
    for name in ("1.npz", "01.npz"):
        np.savez(tmp_path / name, audio=TONE, rate=16000)
    with pytest.raises(DataError, match="two clips are called '1'"):
        read_clips(tmp_path, {})
