"""A playlist for each mood, for any player."""

from __future__ import annotations

from pathlib import Path

from mien_device.library import Song
from mien_device.library.files import printable, write_file
from mien_device.names import utf8
from mien_models.errors import DataError
from mien_models.listening import SongMood


def write_playlists(songs: list[Song], folder: Path) -> tuple[dict[Path, int], list[str]]:
    """Write `happy.m3u8`, `tense.m3u8`, `sad.m3u8` and `calm.m3u8`; their lengths, and a line for each song left out.

    Raises:
        DataError: a file cannot be written; those before it are.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}; name another folder") from None
    written, left_out = {}, []
    for mood in SongMood:
        lines = ["#EXTM3U"]
        for song in songs:
            if song.mood is not mood:
                continue
            path = utf8(song.path)
            if path is None or "\n" in path or "\r" in path:
                left_out.append(f"{printable(song.path)!r}: a playlist cannot name it; rename the file")
                continue
            words = f"{song.artist} - {song.title}" if song.artist else song.title
            lines += [f"#EXTINF:{round(song.duration_s or -1)},{' '.join(words.split())}", path]
        target = folder / f"{mood}.m3u8"
        write_file(target, ("\n".join(lines) + "\n").encode())
        written[target] = (len(lines) - 1) // 2
    return written, left_out
