"""Two files are one recording when their sound is, whatever their tags say."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.library.audio_hash import Container, hash_audio
from mien_models.errors import MusicError
from tests.device.library.audio import PNG, SUFFIXES, write_sound, write_tags


def hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hash_audio(file)[0]


def hash_or_reason(content: bytes) -> str:
    try:
        return hash_audio(io.BytesIO(content))[0]
    except MusicError as error:
        return str(error)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_and_covers_change_nothing(tmp_path: Path, suffix: str) -> None:
    path = write_sound(tmp_path / f"song.{suffix}")
    before, content = hashed(path), path.read_bytes()
    write_tags(path, "A title", "Somebody", cover=PNG)
    assert path.read_bytes() != content
    assert hashed(path) == before
    write_tags(path, "A much longer title " * 5000, "Somebody else")  # several Ogg pages of comments
    assert hashed(path) == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_sound_is_another_song(tmp_path: Path, suffix: str) -> None:
    first, second = (write_sound(tmp_path / f"{seed}.{suffix}", seed) for seed in (0, 1))
    assert hashed(first) != hashed(second)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cut_off_end_is_another_song(tmp_path: Path, suffix: str) -> None:
    path = write_sound(tmp_path / f"song.{suffix}", seconds=2)
    before = hashed(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert hashed(path) != before


def test_every_tag_at_the_end_of_an_mp3(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "song.mp3")
    sound, before = path.read_bytes(), hashed(path)
    id3v1 = b"TAG" + b"A title".ljust(125, b"\0")
    item = struct.pack("<II", 3, 0) + b"Title\0" + b"Ape"
    footer = b"APETAGEX" + struct.pack("<IIII8x", 2000, len(item) + 32, 1, 1 << 31)
    header = b"APETAGEX" + struct.pack("<IIII8x", 2000, len(item) + 32, 1, 1 << 31 | 1 << 29)
    lyrics = b"LYRICSBEGIN" + b"IND0000200" + b"000021" + b"LYRICS200"
    for tail in (id3v1, header + item + footer, header + item + footer + id3v1, lyrics + id3v1):
        path.write_bytes(sound + tail)
        assert hashed(path) == before
    # In front, as some programs wrote it: without a footer its length counts the items alone.
    front = b"APETAGEX" + struct.pack("<IIII8x", 2000, len(item), 1, 1 << 31 | 1 << 29)
    path.write_bytes(front + item + sound)
    assert hashed(path) == before


def test_content_tells_what_a_file_is(tmp_path: Path) -> None:
    flac = write_sound(tmp_path / "song.flac")
    with flac.open("rb") as file:
        assert hash_audio(file)[1] is Container.FLAC
    tagged = tmp_path / "song.mp3"
    tagged.write_bytes(b"ID3\x03\0\0\0\0\0\x0a" + b"\0" * 10 + flac.read_bytes())  # an ID3 tag in front of FLAC
    with tagged.open("rb") as file:
        assert hash_audio(file) == (hashed(flac), Container.FLAC)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"RIFF\x04\0\0\0WAVE", b"fLaC\x80\0\0\0", b"OggS", b"ID3\x04\0\0\x7f\x7f\x7f\x7f"]
)
def test_no_sound_is_an_error_of_one_line(content: bytes) -> None:
    with pytest.raises(MusicError) as error:
        hash_audio(io.BytesIO(content))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
def test_damage_is_no_mistake(tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject) -> None:
    """Bytes of a real file set to others, and its end cut off: a hash, or a `MusicError`, and always an end."""
    path = tmp_path_factory.getbasetemp() / f"whole.{suffix}"
    if not path.exists():
        write_tags(write_sound(path), "A title", "Somebody", cover=PNG)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, min(400, len(content) - 1)))] = data.draw(st.integers(0, 255))
    assert "\n" not in hash_or_reason(bytes(content[: data.draw(st.integers(0, len(content)))]))


@given(
    content=st.binary(max_size=500),
    start=st.sampled_from([b"", b"ID3", b"OggS\0\2", b"fLaC", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftyp", b"\xff\xfb"]),
)
def test_rubbish_is_no_mistake(content: bytes, start: bytes) -> None:
    assert "\n" not in hash_or_reason(start + content)


def atom(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def test_m4a_is_its_sound_wherever_the_rest_stands() -> None:
    """ISO/IEC 14496-12, 4.2: atoms in any order, long ones with 64 bits, the last one up to the end."""
    kind, sound, rest = atom(b"ftyp", b"M4A \0\0\0\0"), b"sound" * 100, atom(b"moov", b"tags")
    long = (1).to_bytes(4, "big") + b"mdat" + (16 + len(sound)).to_bytes(8, "big") + sound
    last = (0).to_bytes(4, "big") + b"mdat" + sound
    spellings = [
        kind + rest + atom(b"mdat", sound),
        kind + atom(b"mdat", sound) + rest * 9,
        kind + long + rest,
        kind + last,
    ]
    answers = {hash_audio(io.BytesIO(content)) for content in spellings}
    assert len(answers) == 1
    assert answers.pop()[1] is Container.MP4
