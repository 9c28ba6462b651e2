"""What the modes mean where music lies in a folder a mood: whose folder is played for which mood."""

from __future__ import annotations

from mien_device.config import MusicMode
from mien_models.labels import Emotion, Mood

_CALM = dict.fromkeys(Emotion, Mood.NEUTRAL) | {Emotion.SAD: Mood.SAD}
_ENERGISE = dict.fromkeys(Emotion, Mood.HAPPY) | {Emotion.ANGRY: Mood.ANGRY, Emotion.SURPRISE: Mood.SURPRISE}
_LIFT = dict.fromkeys(Emotion, Mood.NEUTRAL) | dict.fromkeys(
    (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SURPRISE), Mood.HAPPY
)
_VENT = dict.fromkeys(Emotion, Mood.ANGRY) | {Emotion.SAD: Mood.SAD, Emotion.FEAR: Mood.FEAR}

FOLDERS: dict[MusicMode, dict[Emotion, Mood]] = {
    MusicMode.CALM: _CALM,
    MusicMode.ENERGISE: _ENERGISE,
    MusicMode.LIFT: _LIFT,
    MusicMode.VENT: _VENT,
}
"""By mode and mood, for the modes that play another mood's folder. Folders say no more of a song than one word, so a mode
is one folder's distance and no path: `lift` goes by neutral to happy, `calm` is neutral unless somebody is sad."""


_LOOKS = {Mood.DISGUST: "disgusted", Mood.FEAR: "afraid", Mood.SURPRISE: "surprised"}
"""How a face looks and somebody feels, where the mood's name is no word for that."""


def folder(mode: MusicMode, mood: Mood) -> Mood:
    """Whose folder is played in `mode` for `mood`; with nobody there it is nobody's."""
    if mood is Mood.NONE:
        return mood
    return FOLDERS.get(mode, {}).get(Emotion(mood), mood)


def why(mode: MusicMode, mood: Mood, source: Emotion, *, said: bool) -> str:
    """The sentence for a track from the music of `source`; `said`: the mood is somebody's own word."""
    if mode is MusicMode.SHUFFLE:
        return f"Shuffle: drawn by chance, from the {source} music."
    word = _LOOKS.get(mood, mood)
    reason = f"because you said you feel {word}" if said else f"for a face that looks {word}"
    return f"{mode.value.capitalize()}: from the {source} music, {reason}."
