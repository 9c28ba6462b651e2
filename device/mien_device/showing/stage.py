"""Puts together what the page is shown and what it may ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from mien_device.camera import Frame
from mien_device.config import Config
from mien_device.home import Publisher, contract
from mien_device.home.commands import THINGS, Command
from mien_device.home.inbox import WhenSaved
from mien_device.home.messages import Event, Info, Json, Message, Plain, Response, Snapshot
from mien_device.music.jukebox import Jukebox
from mien_device.page import Cover, Described, Picture, Reply, Workshop
from mien_device.page.feed import Feed
from mien_device.page.server import PageServer
from mien_device.pipeline import Observation
from mien_device.showing.asking import Asking
from mien_device.showing.history import Past
from mien_device.showing.live import Live
from mien_device.showing.moods import Moods
from mien_device.showing.playing import Playing, cover_of
from mien_device.showing.records import LiveNow, MoodNow, Progress
from mien_device.showing.setup import Setup
from mien_device.showing.songs import Songs
from mien_models.validation import Strict

Own = type[MoodNow] | type[LiveNow] | type[Progress]
OWN: tuple[Own, ...] = (MoodNow, LiveNow, Progress)
"""Topics of the page alone."""


class Stage:
    """What happens on it is seen on the page: a `Publisher` that the page hears of too, and a `Backstage`."""

    def __init__(
        self,
        config: Config,
        token: str | None,
        publisher: Publisher,
        on_command: Callable[[Command], None],
        when_saved: WhenSaved,
        folder: Path,
        load: Callable[[], Config],
    ) -> None:
        """Prepare it; library and history lie in `folder`, and `load` reads the settings again.

        Raises:
            ConfigError: the settings do not fit together.

        """
        self._publisher = publisher
        self._asking = Asking(on_command, when_saved)
        self._songs = Songs(folder)
        feed = self.feed = Feed()
        self._moods = Moods(feed)
        self._live = Live(feed, allowed=config.page.live)
        self._playing = Playing(feed)
        self._past = Past(folder, config.history)
        self._setup = Setup(config, load, feed, folder)
        self._server = PageServer(config.page, token, self, feed)

    @property
    def name(self) -> str:
        """Where the messages go beside the page."""
        return self._publisher.name

    def start(self, info: Info) -> None:
        """Begin to deliver, and open the page."""
        self.feed.put(info.topic, json.loads(info.payload()))
        self._publisher.start(info)
        self._past.start()
        self._server.start()

    def publish(self, message: Message) -> None:
        """Deliver it, and show it. A picture is for those who asked for it, an answer for who asked."""
        self._publisher.publish(message)
        match message:
            case Snapshot() | Response():
                pass
            case Event():
                self.feed.put(message.topic, json.loads(message.payload()), keep=False)
            case Json():
                self.feed.put(message.topic, message.model_dump(mode="json"))
            case Plain():
                self.feed.put(message.topic, message.root)

    def close(self, reason: str = "stopped") -> None:
        """Close the page, then say goodbye to the home. May be called twice."""
        self._live.close()
        self._server.close()
        self._songs.close()
        self._publisher.close(reason)
        self._past.close()

    def see(self, observation: Observation, frame: Frame | None, now: float) -> None:
        """For the vision thread, at every turn."""
        self._moods.see(observation, now)
        self._live.see(observation, frame, now)
        self._past.see(observation.state, now)
        self._setup.framing_seen.see(observation, frame, now)

    def hear(self, jukebox: Jukebox, now: float) -> None:
        """For the music thread, at every turn."""
        self._playing.hear(jukebox, now)
        self._past.hear(jukebox, now)

    @property
    def workshop(self) -> Workshop:
        """For who sets mien up."""
        return self._setup

    @property
    def states(self) -> tuple[Described, ...]:
        """What appears in the feed."""
        messages = [type(message) for message in contract.EXAMPLES]
        shown = [kind for kind in messages if not issubclass(kind, Event | Response | Snapshot)]
        described = contract.schemas()
        of_home = [described[contract.file_of(kind.topic)] for kind in shown]
        return (
            *(Described(schema["title"], schema["description"], schema) for schema in of_home),
            *(_describe(kind) for kind in OWN),
        )

    @property
    def things(self) -> tuple[Described, ...]:
        """What can be commanded."""
        return tuple(Described(thing.name, thing.does, thing.payload.schema) for thing in THINGS.values())

    def ask(self, thing: str, value: object) -> Reply:
        """Have a command carried out, as the home would."""
        return self._asking.ask(thing, value)

    def cover(self, key: str) -> Cover | None:
        """Of a track that played lately, or of a song of the library, by its id."""
        if (played := self._playing.cover(key)) is not None:
            return played
        song = self._songs.one(key)
        return None if song is None else cover_of(song.path, song.title)

    def songs(self) -> Reply:
        """All songs of the library."""
        return self._songs.all()

    def place(self, song: str, valence: float, arousal: float) -> Reply:
        """A person says where a song lies."""
        return self._songs.place(song, valence, arousal)

    def displace(self, song: str) -> Reply:
        """Back to where mien hears it."""
        return self._songs.displace(song)

    def like(self, song: str, *, liked: bool) -> Reply:
        """A person likes it, or does not."""
        return self._songs.like(song, liked=liked)

    def history(self, days: int, until: date | None) -> Reply:
        """What was seen and heard on so many days."""
        return self._past.show(days, until)

    def history_table(self, kind: str) -> Iterator[str]:
        """All of it as a table, see `Past.table`."""
        return self._past.table(kind)

    def erase_history(self) -> Reply:
        """Forget all of it."""
        return self._past.erase()

    def picture(self, after: int) -> Picture | None:
        """What the camera sees now, see `Live.picture`."""
        return self._live.picture(after)


def _describe(kind: Own) -> Described:
    assert issubclass(kind, Strict)  # noqa: S101
    words = " ".join((kind.__doc__ or "").split())
    schema = kind.model_json_schema(mode="serialization")
    return Described(kind.topic, words, schema | {"title": kind.topic, "description": words})
