"""What files say of themselves, also those that lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.music import Track
from mien_device.music.tags import Tags, read_tags
from mien_device.names import LONGEST, printable
from mien_models.labels import Mood
from tests.device.music.sounds import tone, write_wav


def id3(**frames: str) -> bytes:
    """An ID3v2.3 tag (id3.org/id3v2.3.0) with text frames in UTF-16."""
    body = b""
    for name, text in frames.items():
        content = b"\x01" + text.encode("utf-16")
        body += name.encode() + len(content).to_bytes(4, "big") + b"\0\0" + content
    size = len(body)
    return b"ID3\x03\0\0" + bytes([(size >> shift) & 0x7F for shift in (21, 14, 7, 0)]) + body


def test_title_and_artist(tmp_path: Path) -> None:
    path = tmp_path / "01.mp3"
    path.write_bytes(id3(TIT2="Für Elise", TPE1="L. v. Beethoven") + b"\0" * 200)
    assert read_tags(path) == Tags("Für Elise", "L. v. Beethoven")
    track = Track(path, Mood.SAD, read_tags(path))
    assert (track.title, track.artist) == ("Für Elise", "L. v. Beethoven")


def test_what_cannot_be_shown_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "01.mp3"
    path.write_bytes(id3(TIT2="a\x07b\nc" + "d" * 500, TPE1="\u202e evil") + b"\0" * 200)
    tags = read_tags(path)
    assert tags.title.startswith("a b cddd")
    assert len(tags.title) == LONGEST
    assert tags.artist == "evil"


def test_without_tags_the_name_is_the_title(tmp_path: Path) -> None:
    write_wav(tmp_path / "A song.wav", tone(440, 0.1))
    assert read_tags(tmp_path / "A song.wav") == Tags()
    assert Track(tmp_path / "A song.wav", Mood.SAD, read_tags(tmp_path / "A song.wav")).title == "A song"
    assert read_tags(tmp_path / "none.mp3") == Tags()


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac", "wav", "opus"])
@given(content=st.binary(max_size=400), start=st.sampled_from([b"", b"ID3\x03", b"OggS", b"fLaC", b"RIFF"]))
def test_damage_is_no_mistake(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes, start: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged.{suffix}"
    path.write_bytes(start + content)
    tags = read_tags(path)
    text = tags.title + tags.artist
    assert printable(text) == text


def test_a_name_cannot_steer_a_terminal_or_forge_a_line_of_the_log(tmp_path: Path) -> None:
    assert Track(tmp_path / "red\x1b[31m\nnew.wav", Mood.HAPPY).title == "red?[31m?new"
