"""What the home may ask of mien. One table, `THINGS`, is behind the reading of commands, the entities and the documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mien_device.config.schema import MusicMode
from mien_device.home.messages import (
    CameraSwitch,
    Feeling,
    Message,
    Mode,
    ModelUpdate,
    NowPlaying,
    Paused,
    ScreenMessage,
    Volume,
)
from mien_device.home.payloads import Choice, OnOff, Payload, Press, SongId, SongSpot, Spot, WholeNumber, Words
from mien_models.labels import Emotion, Mood

LONGEST_MESSAGE = 255
"""Characters; also the most that Home Assistant holds as a state."""


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Make the music louder or softer."""

    volume: int
    """Per cent."""


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Hold the music, or go on."""

    paused: bool


@dataclass(frozen=True, slots=True)
class SetMode:
    """Change what the music does about the mood."""

    mode: MusicMode


@dataclass(frozen=True, slots=True)
class NextTrack:
    """Go on to another track."""


@dataclass(frozen=True, slots=True)
class PlaySong:
    """Play one song of the library."""

    song: str
    """Its id."""


@dataclass(frozen=True, slots=True)
class SeekTrack:
    """Go on at another place of the track that plays."""

    spot: Spot


@dataclass(frozen=True, slots=True)
class JudgeTrack:
    """Somebody likes the track that plays, or does not."""

    liked: bool


@dataclass(frozen=True, slots=True)
class SayFeeling:
    """Somebody says what they feel, or takes it back."""

    feeling: Emotion | None


@dataclass(frozen=True, slots=True)
class SetCamera:
    """Open or close the camera."""

    on: bool


@dataclass(frozen=True, slots=True)
class ShowMessage:
    """Show words on a screen."""

    text: str


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Send the camera's picture."""


@dataclass(frozen=True, slots=True)
class Restart:
    """End the daemon so that its supervisor starts it anew."""


@dataclass(frozen=True, slots=True)
class UpdateModel:
    """Look for a new emotion model, or install it."""

    install: bool


MusicCommand = SetVolume | SetPaused | SetMode | NextTrack | PlaySong | SeekTrack | JudgeTrack | SayFeeling
Command = MusicCommand | SetCamera | ShowMessage | TakeSnapshot | Restart | UpdateModel


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is commanded on `<name>/set` and on `request/<name>`."""

    name: str
    does: str
    """A sentence for the documents."""
    payload: Payload
    command: Callable[[Any], Command]
    """From what the payload means."""
    state: type[Message] | None = None
    """Where the setting is echoed."""
    kept: bool = False
    """Whether the setting outlives a restart."""


THINGS: dict[str, Thing] = {
    thing.name: thing
    for thing in (
        Thing(
            "camera",
            "The privacy switch: `OFF` closes the camera; presence goes `OFF`, the mood `none`.",
            OnOff(),
            SetCamera,
            CameraSwitch,
            kept=True,
        ),
        Thing("volume", "Volume of the music in per cent.", WholeNumber(0, 100, "%"), SetVolume, Volume, kept=True),
        Thing("pause", "`ON` holds the music where it is, `OFF` goes on.", OnOff(), SetPaused, Paused, kept=True),
        Thing(
            "mode",
            "`follow` plays what fits the mood; `lift`, `calm` and `energise` begin there and lead to bright, calm or lively "
            "music; `vent` goes along with a dark mood; `shuffle` plays by chance, `off` nothing.",
            Choice([mode.value for mode in MusicMode]),
            lambda word: SetMode(MusicMode(word)),
            Mode,
            kept=True,
        ),
        Thing("next", "On to another track of the same mood, also out of a pause.", Press(), lambda _: NextTrack()),
        Thing(
            "seek",
            "On at another place of the song that plays: seconds from its beginning, `+15` or `-15` seconds from where it is, or "
            "per cent of it (`50%`). Beyond its end is an error; relative steps end at its ends. A pause stays one.",
            SongSpot(),
            SeekTrack,
            NowPlaying,
        ),
        Thing(
            "play",
            "This very song of the library, by its id (`mien library list --json`), now and to its end, whoever is in view and "
            "whatever the mood; also out of a pause. Nothing with mode `off`. An error where the library has no such song, and where "
            "songs come from folders only.",
            SongId(),
            PlaySong,
        ),
        Thing(
            "like",
            "Somebody likes the song that plays. The library keeps it, with the mood that was seen; such songs come more often "
            "in such moods.",
            Press(),
            lambda _: JudgeTrack(liked=True),
        ),
        Thing(
            "dislike",
            "Somebody does not like the song that plays: it comes less often. It plays on; say `next` as well to be rid of it.",
            Press(),
            lambda _: JudgeTrack(liked=False),
        ),
        Thing(
            "feeling",
            "Somebody says what they feel: music is chosen for that, and not for what their face looks like, for 15 minutes or until "
            "everybody has left. `none` takes it back.",
            Choice([mood.value for mood in Mood]),
            lambda word: SayFeeling(None if word == Mood.NONE else Emotion(word)),
            Feeling,
        ),
        Thing(
            "message",
            "Words for a screen; echoed for the pages and flows that show them.",
            Words(LONGEST_MESSAGE),
            ShowMessage,
            ScreenMessage,
        ),
        Thing(
            "snapshot",
            "Send the camera's picture on `snapshot`. An error unless `privacy.snapshot = true`.",
            Press(),
            lambda _: TakeSnapshot(),
        ),
        Thing(
            "update",
            "`check` looks for a new emotion model, also at `updates.url`; `install` tries it beside the old one, then puts it "
            "in its place. An error unless `updates.keys` says whose models may come.",
            Choice(["install", "check"]),
            lambda word: UpdateModel(word == "install"),
            ModelUpdate,
        ),
        Thing(
            "restart",
            "End the daemon with exit code 75, for systemd to start it anew. An error where nobody would.",
            Press(),
            lambda _: Restart(),
        ),
    )
}
