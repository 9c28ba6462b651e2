"""Clips of music from files: samples in .npz or .pkl, or sound files."""

from __future__ import annotations

import hashlib
import logging
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.arrays import read_arrays
from mien_models.errors import DataError, MissingDependencyError
from mien_training import runs
from mien_training.songs.valence.labels import SUFFIXES, Label, clip_key
from mien_training.songs.valence.mel import BANDS, RATE, mel_spectrogram
from mien_training.songs.valence.pickles import read_pickle

log = logging.getLogger(__name__)

FRAMES = 32
"""Moments of a clip that the network sees: the spectrogram's frames are averaged into so many, however long the clip."""

_AUDIO = ("audio", "samples", "waveform", "y", "x")
_RATES = ("rate", "sample_rate", "sampling_rate", "sr", "fs")
_LARGEST = 1 << 30  # bytes; an hour of stereo is less
_SAY_EVERY_S = 15.0

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Clips:
    """All clips in arrays, a row a clip."""

    names: tuple[str, ...]
    patches: Array
    """(n, 2048): 32 moments × 64 bands in decibels, one after the other."""
    summaries: Array
    """(n, 256): mean and standard deviation of each band, of its change from frame to frame, and of its share of the moment."""
    valence: Array
    """(n,)"""
    artists: npt.NDArray[np.int64]
    """(n,): a number an artist; each clip its own where nobody says."""

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: npt.NDArray[np.int64]) -> Clips:
        """These clips alone."""
        names = tuple(self.names[row] for row in rows)
        return Clips(names, self.patches[rows], self.summaries[rows], self.valence[rows], self.artists[rows])

    def fingerprint(self) -> str:
        """A hash of clips and labels, to tell data sets apart."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        for array in (self.patches, self.valence, self.artists):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def read_clips(
    folder: Path, labels: dict[str, Label], rate: int | None = None, limit: int | None = None, cache: Path | None = None
) -> Clips:
    """All clips of a folder that have a label, in the order of their names.

    `rate` is that of .npz and .pkl files that do not say theirs; `limit` takes the first so many. `cache` is an .npz that keeps what
    was seen of the clips, so that a run that is gone on with need not decode them again.

    Raises:
        DataError: the folder cannot be read or has no labelled clips, a clip cannot be read, two have the same name.
        MissingDependencyError: there are sound files and soundfile or soxr is not installed.

    """
    files = _files(folder)
    labelled = [path for path in files if clip_key(path.name) in labels]
    if len(labelled) < len(files):
        log.info("%s: %d of %d clips have no label and are left out", folder, len(files) - len(labelled), len(files))
    if not labelled:
        raise DataError(
            f"{folder}: none of its {len(files)} clips has a label; the first is '{clip_key(files[0].name)}'"
        )
    labelled = labelled[:limit]
    seen = _see(labelled, rate, cache)
    found = [labels[clip_key(path.name)] for path in labelled]
    artists = [label.artist or f"\0{number}" for number, label in enumerate(found)]
    return Clips(
        names=tuple(clip_key(path.name) for path in labelled),
        patches=seen["patches"],
        summaries=seen["summaries"],
        valence=np.array([label.valence for label in found], np.float32),
        artists=np.unique(artists, return_inverse=True)[1],
    )


def _see(paths: list[Path], rate: int | None, cache: Path | None) -> runs.Arrays:
    """Patches and summaries of the clips, from the cache if it was made of these very files."""
    stamps = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns} {rate}" for path in paths]
    if cache and cache.exists():
        seen = runs.read_arrays(cache)
        if seen["stamps"].tolist() == stamps:
            return seen
    patches, summaries, said = [], [], time.monotonic()
    for number, path in enumerate(paths, 1):
        spectrogram = mel_spectrogram(read_audio(path, rate))
        patches.append(_patch(spectrogram))
        summaries.append(_summary(spectrogram))
        if time.monotonic() - said > _SAY_EVERY_S:
            log.info("read %d/%d clips", number, len(paths))
            said = time.monotonic()
    seen = {"patches": np.stack(patches), "summaries": np.stack(summaries), "stamps": np.array(stamps)}
    if cache:
        runs.write_arrays(cache, seen)
    return seen


def read_audio(path: Path, rate: int | None = None) -> Array:
    """The samples (n,) of a clip at 16 kHz, its channels averaged.

    Raises:
        DataError: the file cannot be read, holds no samples or something that is none, or is silent about its rate.
        MissingDependencyError: soundfile or soxr is not installed.

    """
    if path.suffix.lower() == ".npz":
        samples, own_rate = _samples(path, _read_npz(path))
    elif path.suffix.lower() == ".pkl":
        samples, own_rate = _samples(path, read_pickle(path))
    else:
        samples, own_rate = _decode(path)
    own_rate = rate if own_rate is None else own_rate
    if own_rate is None:
        raise DataError(f"{path}: field 'rate' is missing, samples a second; store it in the clip, or give --rate")
    if not 1000 <= own_rate <= 768_000:
        raise DataError(f"{path}: field 'rate' is {own_rate:g}, not samples a second from 1,000 to 768,000; mend it")
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: field 'audio' has samples that are no numbers; make the clip anew")
    audio = _resample(samples, own_rate)
    if len(audio) < RATE:
        raise DataError(f"{path}: {len(audio) / RATE:.2f} s long; a clip must have a second at least, take it out")
    return audio


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); give --data a folder of clips") from error
    if not files:
        raise DataError(f"{folder}: no clips there; they end in {', '.join(SUFFIXES)}")
    keys = [clip_key(path.name) for path in files]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise DataError(f"{folder}: two clips are called '{twice[0]}'; take one out")
    return files


def _read_npz(path: Path) -> dict[str, Any]:
    def unreadable(error: Exception) -> DataError:
        return DataError(f"{path}: no readable .npz of numbers ({error}); make the clip anew")

    try:
        with zipfile.ZipFile(path) as members:
            size = sum(member.file_size for member in members.infolist())
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise unreadable(error) from error
    if size > _LARGEST:
        raise DataError(f"{path}: larger than 1 GiB unpacked; cut it into clips")
    return read_arrays(path, unreadable)


def _samples(path: Path, content: Any) -> tuple[Array, float | None]:
    """Samples (n,) and their rate, if it is there, of a bare array or of named fields."""
    fields = content if isinstance(content, dict) else {"audio": content}
    name = next((name for name in _AUDIO if name in fields), None)
    if name is None and len(fields) == 1:
        name = next(iter(fields))
    if name is None:
        raise DataError(f"{path}: field 'audio' is missing; it has {', '.join(map(str, fields)) or 'nothing'}")
    samples = np.asarray(fields[name]) if _is_numbers(fields[name]) else np.empty(0, "U1")
    if samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2) or not samples.size:
        raise DataError(f"{path}: field '{name}' holds no samples, (n,) or (channels, n); make the clip anew")
    given = next((fields[name] for name in _RATES if name in fields), None)
    rate = np.asarray(given) if given is not None else None
    if rate is not None and (rate.dtype.kind not in "iuf" or rate.size != 1):
        raise DataError(f"{path}: field 'rate' is no number; store samples a second")
    full_scale = np.iinfo(samples.dtype).max if samples.dtype.kind in "iu" else 1
    audio = samples.astype(np.float32) / np.float32(full_scale)
    if audio.ndim == 2:
        audio = audio.mean(axis=0 if audio.shape[0] <= audio.shape[1] else 1)
    return audio, float(rate.item()) if rate is not None else None


def _is_numbers(value: Any) -> bool:
    """Whether it is an array, or a list of nothing but numbers as pickles may have it."""
    return isinstance(value, np.ndarray) or (
        isinstance(value, list) and all(type(number) in (int, float) and abs(number) < 1e18 for number in value)
    )


def _decode(path: Path) -> tuple[Array, float]:
    try:
        import soundfile
    except ImportError:
        raise MissingDependencyError(
            "sound files need soundfile; install it with: pip install 'mien[training]'"
        ) from None
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
        raise DataError(f"{path}: cannot be decoded ({error}); take it out, or convert it to FLAC") from error
    return samples.mean(axis=1), float(rate)


def _resample(samples: Array, rate: float) -> Array:
    if rate == RATE:
        return samples
    try:
        import soxr
    except ImportError:
        raise MissingDependencyError(
            "other rates than 16 kHz need soxr; install it with: pip install 'mien[training]'"
        ) from None
    return np.asarray(soxr.resample(samples, rate, RATE), np.float32)


def _patch(spectrogram: Array) -> Array:
    """The spectrogram averaged into 32 moments, one after the other in a row."""
    if len(spectrogram) < FRAMES:  # a second has 30; a frame more is repeated
        spectrogram = spectrogram[np.linspace(0, len(spectrogram) - 1, FRAMES).round().astype(int)]
    starts = np.linspace(0, len(spectrogram), FRAMES, endpoint=False).astype(int)
    lengths = np.diff([*starts, len(spectrogram)])
    return np.asarray(np.add.reduceat(spectrogram, starts, axis=0) / lengths[:, None], np.float32).reshape(
        FRAMES * BANDS
    )


def _summary(spectrogram: Array) -> Array:
    change = np.diff(spectrogram, axis=0)
    share = spectrogram - spectrogram.mean(axis=1, keepdims=True)
    parts = (spectrogram.mean(axis=0), spectrogram.std(axis=0), np.abs(change).mean(axis=0), share.std(axis=0))
    return np.concatenate(parts).astype(np.float32)
