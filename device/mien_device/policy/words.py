"""Why a song was chosen, in one plain sentence."""

from __future__ import annotations

from mien_device.config.schema import MusicMode
from mien_device.listeners import UNKNOWN, Listener
from mien_device.policy import Phase, Song, Target

CLEAR = 0.3
"""A place this far from the middle on an axis is clearly on one side of it."""
HEARD = 0.15
"""Less than this is nothing to speak of in a song: estimates from sound keep near the middle."""
OFTEN = 2.0
"""So much evidence is worth a word."""

_GOALS = {
    MusicMode.LIFT: "bright and lively music",
    MusicMode.CALM: "calm music",
    MusicMode.ENERGISE: "lively music",
    MusicMode.VENT: "dark music that goes along with you",
}


def sentence(
    mode: MusicMode,
    target: Target,
    listener: Listener,
    song: Song,
    nearest: Song,
    heard: tuple[float, float],
    *,
    is_new: bool,
) -> str:
    """The sentence.

    Args:
        mode: what was asked for.
        target: the place that was looked for.
        listener: the state it was chosen in.
        song: the choice.
        nearest: the song of the library that lies nearest to the target.
        heard: what speaks for and against the song in such a mood, see `Taste.heard`.
        is_new: whether it was never played.

    """
    reason = _reason(mode, target, listener)
    if target.phase is Phase.CHANCE:
        return f"{reason}."
    welcomes, refusals = heard
    facts = []
    if sound := sound_words(song):
        facts.append(f"sounds {sound}")
    if lacks := [word for word in _lacks(target, song) if word in _lacks(target, nearest)]:
        facts.append(f"the nearest in this library is not {' or '.join(lacks)}")
    if welcomes - refusals >= OFTEN:
        facts.append("welcome in such a mood before")
    elif is_new:
        facts.append("not played before")
    return f"{reason}; {', '.join(facts)}." if facts else f"{reason}."


def _reason(mode: MusicMode, target: Target, listener: Listener) -> str:
    follows = mode is MusicMode.FOLLOW
    seen = _seen(listener)
    reasons = {
        Phase.CHANCE: "Shuffle: drawn by chance from what was not heard lately",
        Phase.MATCH: f"Follow: fits {seen}" if follows else f"{_title(mode)}: begins at {seen}",
        Phase.STEP: f"Follow: a step towards {seen}"
        if follows
        else f"{_title(mode)}: a step towards {_GOALS.get(mode)}",
        Phase.ARRIVED: f"Follow: fits {seen}" if follows else f"{_title(mode)}: stays with {_GOALS.get(mode)}",
        Phase.HOLD: f"{_title(mode)}: another one after a skip, no step further"
        if target.step_from == (target.valence, target.arousal)
        else f"{_title(mode)}: a step back towards {seen}, after two skips",
        Phase.BACK: f"{_title(mode)}: back to {seen}, because the face fell twice",
    }
    return reasons[target.phase]


def _seen(listener: Listener) -> str:
    if listener == UNKNOWN:
        return "an even mood, because nobody was seen yet"
    if listener.said:
        return f"what you said you feel, {mood_words(listener)}"
    return f"a mood that looks {mood_words(listener)}" + ("" if listener.faces else " (nobody is in view now)")


def _title(mode: MusicMode) -> str:
    return mode.value.capitalize()


def mood_words(listener: Listener) -> str:
    """Two words for a state, or "even" near the middle."""
    valence = "pleasant" if listener.valence >= CLEAR else "unpleasant" if listener.valence <= -CLEAR else ""
    arousal = "lively" if listener.arousal >= CLEAR else "quiet" if listener.arousal <= -CLEAR else ""
    return " and ".join(word for word in (valence, arousal) if word) or "even"


def sound_words(song: Song) -> str:
    """What the song is like by its sound or the user's word, as far as that is surer than not; empty if nothing is."""
    estimate = song.estimate
    words = []
    for value, sd, high, low in (
        (estimate.valence, estimate.valence_sd, "bright", "dark"),
        (estimate.arousal, estimate.arousal_sd, "lively", "calm"),
    ):
        if abs(value) >= max(HEARD, sd):
            words.append(high if value > 0 else low)
    return " and ".join(words)


def _lacks(target: Target, song: Song) -> list[str]:
    """What was looked for and the song is not: it lies on the other side of the middle."""
    lacks = []
    for wanted, value, high, low in (
        (target.arousal, song.estimate.arousal, "lively", "calm"),
        (target.valence, song.estimate.valence, "bright", "dark"),
    ):
        if wanted >= CLEAR and value < 0:
            lacks.append(high)
        elif wanted <= -CLEAR and value > 0:
            lacks.append(low)
    return lacks
