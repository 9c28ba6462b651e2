"""What somebody says that they feel. It counts for more than their face, for a while. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import replace

from mien_device.mood import MoodState
from mien_models.labels import AFFECT, Emotion, Mood

LASTS_S = 900.0
"""So long a word counts: feelings pass, and who said it forgets that they did."""
LEFT_S = 60.0
"""Who is out of view for so long has left, and the word with them."""


class Said:
    """A word, until it is taken back, is too old, or everybody who was seen has left.

    Who speaks without being seen, because the camera is off or they stand elsewhere, cannot be missed: only the time ends that.
    """

    def __init__(self) -> None:
        self.feeling: Emotion | None = None
        """What counts now; as of the last `over`."""
        self._since = 0.0
        self._seen_at: float | None = None
        """When somebody was in view last; None: nobody was since it was said."""

    def say(self, feeling: Emotion | None, at: float) -> None:
        """Somebody says it; None takes back what was said."""
        self.feeling, self._since, self._seen_at = feeling, at, None

    def over(self, state: MoodState, at: float) -> MoodState:
        """The state of the room with the word in the place of what faces look like, while there is one that counts."""
        if state.faces > 0:
            self._seen_at = at
        has_left = self._seen_at is not None and at - self._seen_at >= LEFT_S
        if self.feeling is None or has_left or at - self._since >= LASTS_S:
            self.feeling = None
            return state
        valence, arousal = AFFECT[self.feeling]
        return replace(
            state,
            mood=Mood(self.feeling),
            confidence=1.0,
            valence=valence,
            arousal=arousal,
            probabilities={emotion: float(emotion is self.feeling) for emotion in Emotion},
            faces=max(1, state.faces),
            since=self._since,
            said=True,
        )
