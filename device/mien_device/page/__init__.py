"""The local page: what is shown of mien in a browser, and what may be asked of it there.

`access.py` says who may come in, `guard.py` sees to it; `feed.py` holds the newest of everything for whoever looks; `app.py` answers
requests, `server.py` listens, and `doorman.py` lets nobody hold too many connections. `static/` is the page itself. Nothing of the
HTTP stack is imported unless the page is switched on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Protocol

Json = Any
"""What `json` reads and writes."""


class Outcome(Enum):
    """What became of a request."""

    DONE = 200
    REFUSED = 400
    UNKNOWN = 404
    FAILED = 500
    """A defect of mien's; the log has more."""
    UNSAVED = 507
    """Done, but it will not outlive a restart."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to something that was asked."""

    outcome: Outcome
    data: Mapping[str, Json]
    error: str | None = None
    """Why not, in one sentence."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture of a song, as it stands in a file."""

    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """What the camera sees, with what was found in it."""

    number: int
    """Counts up."""
    found: Mapping[str, Json]
    jpeg: bytes
    crops: Mapping[int, bytes]
    """What the network was shown of each face, by its identity, PNG."""


class NotAllowedError(Exception):
    """The user did not turn it on; the text says how."""


@dataclass(frozen=True, slots=True)
class Described:
    """Something that the API shows or takes, for its documentation."""

    name: str
    words: str
    schema: Mapping[str, Json]
    """JSON Schema."""


class Workshop(Protocol):
    """What a person needs who sets mien up. Every method may block for seconds."""

    def checks(self) -> Reply:
        """What `mien check` finds, as `findings`; of what the daemon has in its hands, how it is there."""

    def framing(self) -> Reply:
        """Where faces lie in the camera's picture, and what to do about it; no picture."""

    def music(self) -> Reply:
        """Where music is looked for, and how much of it there is for each mood."""

    def nearby(self) -> Reply:
        """Brokers and Home Assistants that announce themselves in the network, as `found`."""

    def try_broker(self, host: str, port: int, *, tls: bool, username: str, password: str) -> Reply:
        """Connect to a broker once: the `lines` of the configuration that stand for it, or `trouble`, why it does not let us in."""


class Backstage(Protocol):
    """What the page asks of the daemon. Every method may block and is called from threads of the page's own."""

    @property
    def states(self) -> tuple[Described, ...]:
        """What appears in the feed, by topic."""

    @property
    def workshop(self) -> Workshop:
        """For the view that helps to set mien up."""

    @property
    def things(self) -> tuple[Described, ...]:
        """What can be commanded, with the schema of its value."""

    def ask(self, thing: str, value: Json) -> Reply:
        """Have a command carried out, as the home would."""

    def cover(self, key: str) -> Cover | None:
        """The cover of a track that was named in the feed; None if there is no such track."""

    def songs(self) -> Reply:
        """All songs of the library, as `songs`."""

    def place(self, song: str, valence: float, arousal: float) -> Reply:
        """A person says where a song lies, both from -1 to 1; the song as it is then."""

    def displace(self, song: str) -> Reply:
        """Forget what a person said of where it lies."""

    def like(self, song: str, *, liked: bool) -> Reply:
        """A person likes a song, or does not."""

    def history(self, days: int, until: date | None) -> Reply:
        """What was seen and heard on so many days, the last of which is `until`, or today."""

    def history_table(self, kind: str) -> Iterator[str]:
        """`moods` or `songs` as CSV, some lines at a time.

        Raises:
            DataError: it cannot be read.

        """

    def erase_history(self) -> Reply:
        """Forget all of it."""

    def picture(self, after: int) -> Picture | None:
        """Wait for the next after the one with the number `after`; None if there is none for some seconds.

        Raises:
            NotAllowedError: nobody may look.

        """
