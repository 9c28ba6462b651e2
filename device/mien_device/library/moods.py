"""The words for moods that people write into tables, as places on the plane of valence and arousal."""

from __future__ import annotations

from mien_models.labels import AFFECT, Emotion
from mien_models.listening import SongMood

CENTRES = {
    SongMood.HAPPY: (0.5, 0.5),
    SongMood.TENSE: (-0.5, 0.5),
    SongMood.SAD: (-0.5, -0.5),
    SongMood.CALM: (0.5, -0.5),
}
"""The middle of each quarter."""
WORDS: dict[str, tuple[float, float]] = {
    **{str(emotion): AFFECT[emotion] for emotion in Emotion},
    **{str(mood): place for mood, place in CENTRES.items()},
    "energetic": (0.25, 0.75),
    "relaxed": CENTRES[SongMood.CALM],
}
"""mien's four moods, the seven emotions at their published places, and the words of the public table of moods that `seeds` are
trained on."""


def place_of(word: str) -> tuple[float, float] | None:
    """Valence and arousal, -1…1; None for a word that is not known."""
    return WORDS.get(word.strip().lower())
