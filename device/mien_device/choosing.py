"""The policy as the jukebox asks for it: tracks for moods. Puts viewer, policy and play log together."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mien_device.config import MusicMode
from mien_device.listeners import Ending, Listener
from mien_device.mood import MoodState
from mien_device.music import Track
from mien_device.music.choosers import Ending as TrackEnding
from mien_device.music.tags import Tags
from mien_device.policy import Choice, Liking, Outcome
from mien_device.policy.policy import Policy
from mien_device.policy.viewer import Viewer
from mien_models.labels import Mood
from mien_models.listening import Analysis

_ENDINGS = {TrackEnding.PLAYED: Ending.PLAYED, TrackEnding.SKIPPED: Ending.SKIPPED}
"""Every other one is an end that the listener had no part in."""
_USELESS = {TrackEnding.UNPLAYABLE, TrackEnding.BROKE_OFF}


@dataclass(frozen=True, slots=True)
class _Chosen:
    track: Track
    choice: Choice


class PolicyChooser:
    """A `Chooser`. Used by the music thread. Times `at` are of a clock that does not go back."""

    def __init__(
        self,
        open_policy: Callable[[], Policy],
        log: Callable[[Choice, Outcome, Mood], None],
        keep_liking: Callable[[Liking, Mood], bool],
        analysis: Callable[[str], Analysis | None] = lambda song: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing is chosen yet.

        Args:
            open_policy: opens what knows the songs; done when the first one is asked for, for it reads the whole library.
            log: keeps a play, with the mood its song was chosen for.
            keep_liking: writes down what somebody said of a song, and says whether it could.
            analysis: what was heard of the song with an id.
            close: lets go of what the others use.

        """
        self.mode = MusicMode.FOLLOW
        """May be set at any time; the track that plays then gives way, unless the mode is shuffle."""
        self._open_policy = open_policy
        self._viewer = Viewer()
        self._log = log
        self._keep_liking = keep_liking
        self._analysis = analysis
        self._close = close
        self._now = time.monotonic()
        self._chosen: _Chosen | None = None
        """What is to play next, or plays since just now."""
        self._playing: _Chosen | None = None

    @functools.cached_property
    def _policy(self) -> Policy:
        return self._open_policy()

    def see(self, state: MoodState, at: float) -> None:
        """Take in the state of the room."""
        self._now = at
        self._viewer.see(state.probabilities, state.faces, at, said=state.said)

    def choose(self, mood: Mood, at: float, leaving: TrackEnding) -> Track | None:
        self._now = at
        choice = self._policy.choose(self.mode, self._listener(), at, _ENDINGS.get(leaving, Ending.CUT))
        return self._take(choice, mood)

    def again(self, path: Path, mood: Mood) -> Track | None:
        """The track that played before a restart, if it is still there."""
        return self._take(self._policy.again(path, self.mode, self._listener(), self._now), mood)

    def named(self, song: str, mood: Mood) -> Track | None:
        """The song that somebody asked for."""
        return self._take(self._policy.named(song, self.mode, self._listener(), self._now), mood)

    def wants_change(self, track: Track, mood: Mood, at: float) -> bool:
        """Whether `track`, which plays or is to play next, must give way. Asked a few times a second."""
        del mood
        self._now = at
        if self._playing is None and self._chosen is not None and self._chosen.track is track:
            self._begin(self._chosen, at)
        known = next((each for each in (self._playing, self._chosen) if each and each.track is track), None)
        if known is not None and known.choice.mode is not self.mode:
            return self.mode is not MusicMode.SHUFFLE
        return known is self._playing is not None and self._policy.wants_change(self._listener(), at)

    def judged(self, track: Track, *, liked: bool) -> bool:
        """Learn from it and keep it, whoever chose the track; False if it is not in the library."""
        song = self._policy.song_at(track.path)
        if song is None:
            return False
        liking = Liking(song.id, liked, self._listener())
        self._policy.liked(liking)
        return self._keep_liking(liking, track.mood)

    def ended(self, track: Track, ending: TrackEnding, at_s: float, *, heard: bool) -> None:
        """Take note of how `track` ended, at this second of it. What nobody `heard` teaches nothing and is not kept."""
        chosen = self._chosen if self._chosen and self._chosen.track is track else self._playing
        if chosen is None or chosen.track is not track:
            return
        song = chosen.choice.song
        if ending in _USELESS:
            self._policy.bar(song.id)
        if chosen is self._chosen:
            self._chosen = None
            if ending is TrackEnding.UNPLAYABLE:
                return
            self._begin(chosen, self._now)  # it was over before anyone looked
        self._playing = None
        if not heard:
            return
        outcome = Outcome(
            song.id,
            chosen.choice.at,
            chosen.choice.mode,
            _ENDINGS.get(ending, Ending.CUT),
            at_s,
            song.duration_s,
            chosen.choice.listener,
            self._listener(),
        )
        self._policy.ended(outcome)
        self._log(chosen.choice, outcome, track.mood)

    def close(self) -> None:
        """Let go of the library."""
        self._close()

    def _take(self, choice: Choice | None, mood: Mood) -> Track | None:
        if choice is None:
            return None
        song = choice.song
        track = Track(song.path, mood, Tags(song.title, song.artist), why=choice.why)
        if (heard := self._analysis(song.id)) is not None:
            track = replace(
                track,
                loudness_lufs=heard.loudness_lufs,
                true_peak_dbtp=heard.true_peak_dbtp,
                cue_in_s=heard.cue_in_s,
                cue_out_s=heard.cue_out_s,
            )
        self._chosen = _Chosen(track, choice)
        return track

    def _begin(self, chosen: _Chosen, at: float) -> None:
        chosen = replace(chosen, choice=replace(chosen.choice, at=at))
        self._playing, self._chosen = chosen, None
        self._policy.started(chosen.choice)

    def _listener(self) -> Listener:
        return self._viewer.at(self._now)
