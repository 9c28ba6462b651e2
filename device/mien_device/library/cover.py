"""A song's cover as it lies on the disk now."""

from __future__ import annotations

from pathlib import Path

from mien_device.library.art import Picture, best_cover, read_picture
from mien_device.library.audio_hash import container_of
from mien_device.library.tags import read_tags
from mien_models.errors import MusicError


def find_cover(song: Path) -> Picture | None:
    """The picture within the file, else the one in its folder; None without one, or if the file cannot be read."""
    try:
        with song.open("rb") as file:
            embedded = read_tags(file, container_of(file)).cover
        best = best_cover(path.name for path in song.parent.iterdir())
    except (OSError, MusicError):
        return None
    return embedded or (read_picture(song.parent / best) if best else None)
