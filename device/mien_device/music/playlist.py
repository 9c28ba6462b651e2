"""Which files belong to which mood: folders and M3U playlists, read anew by every `scan`."""

from __future__ import annotations

import errno
import logging
import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mien_device.config import MusicConfig
from mien_models.labels import AFFECT, Emotion, Mood
from mien_models.listening.sound_file import sound_suffixes

PLAYLIST_SUFFIXES = frozenset({".m3u", ".m3u8"})

log = logging.getLogger(__name__)
Stamp = tuple[int, int]
"""A file's modification time in ns and its size: equal stamps, same file."""


class Playlists:
    """The tracks of every mood, as the last `scan` found them. Nothing that is wrong with the user's files raises."""

    def __init__(self, config: MusicConfig, *, may_be_empty: bool = False) -> None:
        """Look at the folders and playlists. `may_be_empty`: that there is no music at all is no problem."""
        self._folder = config.folder
        self._may_be_empty = may_be_empty
        self._named = config.playlists
        self._tracks: dict[Emotion, tuple[Path, ...]] = {}
        self._barred: dict[Path, Stamp | None] = {}
        self.problems: tuple[str, ...] = ()
        """What the last scan found wrong, one sentence each with its remedy. Logged when first seen."""
        self.trouble: str | None = None
        """That it found no music at all, whether that is a problem or not, with the remedy. For any thread."""
        self.scan()

    def scan(self) -> None:
        """Look at the folders and playlists again. A problem that the last scan did not have is logged as a warning."""
        problems: list[str] = []
        mistake = f"{self._folder} (music.folder): a file; name the folder that holds one for each mood"
        if is_file(self._folder):
            problems.append(mistake)
        for emotion in Emotion:
            found = self._read(emotion, problems)
            self._tracks[emotion] = tuple(path for path in found if not self._is_barred(path))
        self.trouble = None if self.stocked else mistake if mistake in problems else self._say_empty()
        if self.trouble not in {None, mistake} and not self._may_be_empty:
            problems.append(self.trouble)
        for problem in problems:
            if problem not in self.problems:
                log.warning("%s", problem)
        self.problems = tuple(problems)

    @property
    def stocked(self) -> bool:
        """Whether there is any music."""
        return any(self._tracks.values())

    def source(self, mood: Mood) -> Emotion | None:
        """Whose music is played for `mood`: its own, else neutral's, else the nearest mood's; None if there is no music.

        Nearest is meant on the plane of valence and arousal (`AFFECT`). For none it is None.
        """
        if mood is Mood.NONE:
            return None
        wanted = Emotion(mood)
        stocked = [emotion for emotion in Emotion if self._tracks[emotion]]
        for emotion in (wanted, Emotion.NEUTRAL):
            if emotion in stocked:
                return emotion
        return min(stocked, key=lambda emotion: math.dist(AFFECT[wanted], AFFECT[emotion]), default=None)

    def _say_empty(self) -> str:
        endings = ", ".join(sorted(sound_suffixes()))
        return (
            f"{self._folder} (music.folder): no music at all; make a folder for each mood in it ({', '.join(Emotion)}) "
            f"and put {endings} files there, or let `mien library scan` listen to songs that lie anywhere"
        )

    def tracks(self, source: Emotion) -> tuple[Path, ...]:
        """The mood's own files: a folder's sorted by path, a playlist's in its order. Without barred files."""
        return self._tracks[source]

    def bar(self, path: Path) -> None:
        """Leave a file that does not play out of all lists, until it changes on the disk."""
        self._barred[path] = _stamp(path)
        for emotion, paths in self._tracks.items():
            self._tracks[emotion] = tuple(other for other in paths if other != path)

    def _is_barred(self, path: Path) -> bool:
        return path in self._barred and self._barred[path] == _stamp(path)

    def _read(self, emotion: Emotion, problems: list[str]) -> list[Path]:
        named = self._named.get(emotion)
        if named is None:
            if is_file(self._folder):
                return []  # said once, for all of them
            return _read_folder(self._folder / emotion, "music.folder", problems, may_be_missing=True)
        key = f"music.playlists.{emotion}"
        if named.suffix.lower() in PLAYLIST_SUFFIXES and not os.path.isdir(named):  # noqa: PTH112 - see is_file
            return _read_m3u(named, key, problems)
        return _read_folder(named, key, problems, may_be_missing=False)


def is_file(path: Path) -> bool:
    """Whether `path` is a file that can be reached. Unlike `Path.is_file` it never raises, as that does in private homes."""
    return os.path.isfile(path)  # noqa: PTH113


def _is_special(path: Path) -> bool:
    """Whether `path` is there and no regular file, but a pipe, a device or a folder: who opens such a thing may wait for ever."""
    try:
        kind = path.stat().st_mode
    except OSError:
        return False  # what is wrong with it is said when its turn comes
    return not stat.S_ISREG(kind)


def _stamp(path: Path) -> Stamp | None:
    """None for a file that cannot be reached."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _is_audio(path: Path) -> bool:
    # Hidden files are left out: macOS writes a `._song.mp3` that holds no sound beside each song on a USB stick.
    return path.suffix.lower() in sound_suffixes() and not path.name.startswith(".")


def _read_folder(folder: Path, key: str, problems: list[str], *, may_be_missing: bool) -> list[Path]:
    """All audio files below `folder`, sorted. What cannot be read is a problem."""

    def note(error: OSError) -> None:
        if not (may_be_missing and isinstance(error, FileNotFoundError)):
            remedy = "it must be a folder, or an .m3u or .m3u8 playlist, that the user who runs mien may read"
            problems.append(f"{error.filename} ({key}): {error.strerror}; {remedy}")

    seen: set[tuple[int, int]] = set()
    found: list[Path] = []
    # Links to folders are followed, people keep their music elsewhere; each folder is read once, so that loops end.
    for place, folders, files in os.walk(folder, onerror=note, followlinks=True):
        identity = _identity(place)
        if identity is None or identity in seen:
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.extend(path for name in files if _is_audio(path := Path(place, name)) and not _is_special(path))
    return sorted(found)


def _identity(place: str) -> tuple[int, int] | None:
    """Device and inode of a folder; None if it went away while its parent was read."""
    try:
        status = Path(place).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _read_m3u(playlist: Path, key: str, problems: list[str]) -> list[Path]:
    """The playlist's files in its order, those that are there; the others are one problem together."""
    try:
        if _is_special(playlist):
            raise OSError(errno.EINVAL, "No file")
        content = playlist.read_bytes()
    except OSError as error:
        problems.append(
            f"{playlist} ({key}): {error.strerror}; it must be a playlist that the user who runs mien may read"
        )
        return []
    found: list[Path] = []
    unusable: list[str] = []
    total = 0
    for entry in _entries(content):
        total += 1
        path = _resolve(entry, playlist.parent)
        if path is None:
            unusable.append(entry)
        else:
            found.append(path)
    if unusable:
        problems.append(
            f"{playlist} ({key}): {len(unusable)} of {total} entries are missing or no music file, the first is {unusable[0]!r}"
        )
    elif not total:
        problems.append(f"{playlist} ({key}): names no file")
    return list(dict.fromkeys(found))


def _entries(content: bytes) -> Iterator[str]:
    """The lines that name something. UTF-8 with or without a byte order mark, else the Latin-1 of old players."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    # Not splitlines(): it also splits at characters that a file's name may hold.
    for line in text.replace("\r", "\n").split("\n"):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield entry


def _resolve(entry: str, folder: Path) -> Path | None:
    """The audio file an entry names, relative to the playlist's folder; None if there is none (a web stream is none)."""
    if entry.startswith("file://"):
        try:
            entry = unquote(urlsplit(entry).path)
        except ValueError:  # a bracket that opens an IPv6 address and never closes it
            return None
    for spelling in (entry, entry.replace("\\", "/")):  # the second for lists written on Windows
        path = folder / spelling
        if _is_audio(path) and is_file(path):
            return path
    return None
