"""Seven short tunes, one a mood, synthesised: `mien demo` needs music that anyone may have.

How a tune gets its mood follows the reviews of Juslin and Laukka, "Communication of emotions in vocal expression and
music performance", Psychological Bulletin 129 (2003), and Gabrielsson and Lindström, "The role of structure in the
musical expression of emotions", in Juslin and Sloboda (eds.), Handbook of Music and Emotion (2010): happiness is fast,
major, bright, rather high and detached; sadness slow, minor, soft, low and dull, with slow attacks and tied notes;
anger fast, minor, loud and sharp, with dissonance and hard attacks; fear minor and dissonant, soft, high, and uneven in
time; calm slow to moderate, major, soft. Disgust and surprise are hardly studied there. They are set by their place on
the plane of valence and arousal: disgust slow, low and chromatic; surprise fast, with leaps, pauses and whole tones.
"""

from __future__ import annotations

import os
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.labels import Emotion

RATE_HZ = 44_100
TABLE_POINTS = 2048
Samples = npt.NDArray[np.float32]

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
PHRYGIAN = (0, 1, 3, 5, 7, 8, 10)
LOCRIAN = (0, 1, 3, 5, 6, 8, 10)
WHOLE_TONE = (0, 2, 4, 6, 8, 10, 11)


@dataclass(frozen=True, slots=True)
class Style:
    """What makes a tune of one mood. Beats are quarters, the metre is four of them."""

    title: str
    beats_per_minute: float
    scale: tuple[int, ...]
    """Semitones of the seven steps above the tonic."""
    tonic: int
    """MIDI number of the melody's tonic (60 is the middle C)."""
    chords: tuple[int, ...]
    """Step of each bar's root, from 0; one bar each."""
    rhythm: tuple[float, ...]
    """Starts of the melody's notes in a bar, in beats."""
    leap: int
    """The melody moves by up to so many steps at a time."""
    brightness: float
    """0 to 1: how slowly the overtones fall off."""
    attack_s: float
    tied: float
    """Length of a note as a share of the time until the next: under 1 detached, over 1 tied."""
    level: float
    """Loudness, as the root mean square of the whole tune; full scale is 1."""
    uneven: float = 0.0
    """Standard deviation of the notes' starts, in beats."""


STYLES: dict[Emotion, Style] = {
    Emotion.HAPPY: Style(
        "Sunny steps", 144, MAJOR, 76, (0, 4, 5, 3, 0, 4, 3, 0), (0, 1, 1.5, 2, 3, 3.5), 2, 0.62, 0.006, 0.6, 0.11
    ),
    Emotion.SAD: Style("Grey window", 58, MINOR, 57, (0, 5, 3, 0), (0, 1.5, 2, 3), 1, 0.12, 0.12, 1.35, 0.055),
    Emotion.ANGRY: Style(
        "Slammed door",
        168,
        PHRYGIAN,
        57,
        (0, 0, 1, 0, 5, 0, 1, 0),
        (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5),
        1,
        0.9,
        0.002,
        0.5,
        0.19,
    ),
    Emotion.FEAR: Style(
        "Who is there", 108, LOCRIAN, 84, (0, 4, 0, 1, 4, 0), (0, 0.5, 1.5, 2.25, 3.5), 3, 0.3, 0.02, 0.7, 0.05, 0.07
    ),
    Emotion.DISGUST: Style(
        "Bottom of the pot", 76, LOCRIAN, 52, (0, 1, 0, 4), (0, 0.75, 2, 2.75, 3.25), 1, 0.7, 0.05, 0.95, 0.09, 0.03
    ),
    Emotion.SURPRISE: Style(
        "Out of the box", 152, WHOLE_TONE, 72, (0, 2, 4, 1, 3, 5, 2, 0), (0, 0.5, 1, 2.5), 5, 0.6, 0.003, 0.45, 0.11
    ),
    Emotion.NEUTRAL: Style("Level water", 92, MAJOR, 67, (0, 3, 1, 4, 0), (0, 1, 2, 3), 2, 0.3, 0.03, 1.1, 0.075),
}


def write_tunes(folder: Path, seed: int = 0) -> None:
    """Write `folder`/MOOD/TITLE.wav for the seven moods: stereo, 16 bits, 44.1 kHz, 13 to 18 s; 18 MB in all.

    A tune that is there already is left alone. Each appears whole or not at all.

    Raises:
        OSError: the folder cannot be written.

    """
    for emotion, style in STYLES.items():
        path = folder / emotion / f"{style.title}.wav"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with wave.open(str(partial), "wb") as file:
            file.setparams((2, 2, RATE_HZ, 0, "NONE", "not compressed"))
            file.writeframes(compose(style, seed).tobytes())
        partial.replace(path)


def compose(style: Style, seed: int = 0) -> npt.NDArray[np.int16]:
    """The tune as samples (frames, 2). The same seed gives the same tune."""
    rng = np.random.default_rng(seed)
    beat_s = 60 / style.beats_per_minute
    bar_s = 4 * beat_s
    tune_s = len(style.chords) * bar_s
    melody, ground = np.zeros((2, round((tune_s + 1.5) * RATE_HZ)), np.float32)
    bright, dull = _wavetable(style.brightness), _wavetable(style.brightness / 3)
    step = 0
    for bar, root in enumerate(style.chords):
        start_s = bar * bar_s
        for note in (root - 14, root - 7, root - 5, root - 3):  # bass, and the triad under the melody
            _add(ground, start_s, _note(_hertz(style, note), bar_s, style.attack_s * 2, dull))
        ends = (*style.rhythm[1:], 4.0)
        for place, (beat, end) in enumerate(zip(style.rhythm, ends, strict=True)):
            step = _next_step(rng, step, root, style.leap, is_strong=place == 0)
            late_s = abs(rng.normal(0, style.uneven)) * beat_s if style.uneven else 0.0
            length_s = (end - beat) * beat_s * style.tied
            accent = np.float32(1.0 if place == 0 else 0.8)
            _add(
                melody,
                start_s + beat * beat_s + late_s,
                accent * _note(_hertz(style, step), length_s, style.attack_s, bright),
            )
    return _master(melody, ground, style.level)


def _next_step(rng: np.random.Generator, step: int, root: int, leap: int, *, is_strong: bool) -> int:
    """The melody's next step of the scale: on a bar's first note the nearest of its triad, else a move of up to `leap`."""
    if is_strong:
        triad = [root + third + octave for third in (0, 2, 4) for octave in (-7, 0, 7)]
        return min(triad, key=lambda candidate: (abs(candidate - step), candidate))
    moved = step + int(rng.integers(1, leap + 1)) * int(rng.choice((-1, 1)))
    return moved if -4 <= moved <= 9 else 2 * step - moved


def _hertz(style: Style, step: int) -> float:
    octave, degree = divmod(step, len(style.scale))
    return float(440 * 2 ** ((style.tonic + 12 * octave + style.scale[degree] - 69) / 12))


def _wavetable(brightness: float) -> Samples:
    """One period (TABLE_POINTS,), peak 1: up to twelve partials, each `brightness` as strong as the one below."""
    turn = np.linspace(0, 2 * np.pi, TABLE_POINTS, endpoint=False)
    period = sum(brightness ** (k - 1) / k**0.5 * np.sin(k * turn) for k in range(1, 13))
    return np.asarray(period / np.abs(period).max(), np.float32)


def _note(hertz: float, length_s: float, attack_s: float, table: Samples) -> Samples:
    """A note that swells over `attack_s`, dies away like a plucked string, and is damped at its end."""
    time_s = np.arange(round((length_s + 0.08) * RATE_HZ), dtype=np.float32) / RATE_HZ
    phase = (time_s * np.float32(hertz * TABLE_POINTS)).astype(np.int32) & (TABLE_POINTS - 1)
    swell = np.minimum(time_s / np.float32(attack_s), 1)
    decay = np.exp(time_s / np.float32(-1.2 * max(length_s, 0.25)))
    damping = np.clip((np.float32(length_s + 0.08) - time_s) / np.float32(0.08), 0, 1)
    return np.asarray(table[phase] * swell * decay * damping, np.float32)


def _add(track: Samples, start_s: float, note: Samples) -> None:
    start = round(start_s * RATE_HZ)
    end = min(start + len(note), len(track))
    track[start:end] += note[: end - start]


def _master(melody: Samples, ground: Samples, level: float) -> npt.NDArray[np.int16]:
    """Mix to stereo (frames, 2), add early echoes for a small room, and bring the whole to `level` without clipping."""
    sides = []
    for melody_gain, delays_ms in ((1.0, (23, 41, 67, 97)), (0.8, (29, 47, 61, 103))):
        dry = np.float32(melody_gain) * melody + np.float32(0.28) * ground
        wet = dry.copy()
        for number, delay_ms in enumerate(delays_ms):
            delay = delay_ms * RATE_HZ // 1000
            wet[delay:] += np.float32(0.3 * 0.7**number) * dry[:-delay]
        sides.append(wet)
    mix = np.stack(sides, axis=1)
    mix *= level / np.sqrt(np.mean(np.square(mix)))
    # A soft knee instead of a hard ceiling: below half scale it changes next to nothing.
    return np.asarray(np.round(np.tanh(mix) * 32_000), np.int16)
