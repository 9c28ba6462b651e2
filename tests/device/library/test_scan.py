"""What a scan makes of files that come, change, move and go."""

from __future__ import annotations

import base64
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from mien_device.library import scan as scan_module
from mien_device.library import tags as tags_module
from mien_device.library.scan import scan
from mien_device.library.store import Library
from mien_device.names import printable
from mien_models.errors import MusicError
from tests.device.library.audio import JPEG, PNG, SUFFIXES, write_sound, write_tags
from tests.needs import give_up


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that scans open to read them."""
    paths: list[bytes] = []
    read = scan_module.read

    def noted(found):  # type: ignore[no-untyped-def]
        paths.append(found.path)
        return read(found)

    monkeypatch.setattr(scan_module, "read", noted)
    return paths


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_length_and_cover_of_every_format(library: Library, music: Path, suffix: str) -> None:
    write_tags(write_sound(music / f"song.{suffix}"), "Für Elise", "L. v. Beethoven", "Bagatelles", PNG)
    assert scan(library, [music]).new == 1
    (song,) = library.songs()
    assert (song.title, song.artist, song.album) == ("Für Elise", "L. v. Beethoven", "Bagatelles")
    assert song.duration_s == pytest.approx(0.3, abs=0.06)  # encoders pad
    assert song.art is not None
    assert (song.mood, song.estimate, song.analysis) == (None, None, None)


@pytest.mark.parametrize("suffix", ["ogg", "opus"])
@pytest.mark.parametrize("block", [b"", b"\0\0\0\3\0\0\xff\xff" + bytes(20), b"\0" * 8 + b"\0\0\0\1\xff" + bytes(20)])
def test_a_damaged_cover_costs_neither_the_title_nor_the_other_cover(
    library: Library, music: Path, suffix: str, block: bytes
) -> None:
    path = write_tags(write_sound(music / f"song.{suffix}"), "A title", "Somebody", cover=PNG)
    ogg = OggOpus(path) if suffix == "opus" else OggVorbis(path)
    ogg["metadata_block_picture"] = [base64.b64encode(block).decode(), *ogg["metadata_block_picture"]]
    ogg.save()
    scan(library, [music])
    (song,) = library.songs()
    assert (song.title, song.artist) == ("A title", "Somebody")
    assert song.art is not None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_that_would_fill_the_memory_are_not_read(
    library: Library, music: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tags_module, "LARGEST", 1 << 16)
    write_tags(write_sound(music / f"small.{suffix}", 1, seconds=5), "Small")
    write_tags(write_sound(music / f"large.{suffix}", 2), "Large", cover=PNG + bytes(1 << 17))
    scan(library, [music])
    songs = {song.title: song for song in library.songs()}
    assert set(songs) == {"Small", "large"}
    assert songs["large"].art is None
    assert songs["large"].duration_s == pytest.approx(0.3, abs=0.06)


def test_what_has_not_changed_is_not_opened(library: Library, music: Path, opened: list[bytes]) -> None:
    write_sound(music / "a.wav", 1)
    write_sound(music / "deep" / "b.wav", 2)
    (music / "bad.mp3").write_bytes(b"hello")
    assert scan(library, [music]).new == 2
    opened.clear()
    report = scan(library, [music])
    assert (report.unchanged, report.new, report.problems, opened) == (3, 0, [], [])


def test_a_rename_and_a_move_are_recognised_without_reading(library: Library, music: Path, opened: list[bytes]) -> None:
    before = write_sound(music / "a.wav")
    scan(library, [music])
    (old,) = library.songs()
    opened.clear()
    (music / "new").mkdir()
    before.rename(music / "new" / "b.wav")
    report = scan(library, [music])
    assert (report.moved, report.new, report.gone, opened) == (1, 0, 0, [])
    (song,) = library.songs(missing=True)
    assert (song.id, song.path) == (old.id, music / "new" / "b.wav")


def test_a_copy_whose_original_is_deleted_is_a_move(library: Library, music: Path) -> None:
    before = write_sound(music / "a.wav")
    scan(library, [music])
    shutil.copyfile(before, music / "b.wav")
    before.unlink()
    report = scan(library, [music])
    assert (report.moved, report.new, report.gone) == (1, 0, 0)
    assert [song.path.name for song in library.songs(missing=True)] == ["b.wav"]


def test_new_tags_keep_the_history(library: Library, music: Path) -> None:
    path = write_tags(write_sound(music / "a.mp3"), "Old title")
    scan(library, [music])
    (song,) = library.songs()
    library.like(song.id, True)
    library.correct(song.id, 0.5, -0.5)
    write_tags(path, "New title")
    scan(library, [music])
    (again,) = library.songs(missing=True)
    assert (again.id, again.title, again.liked) == (song.id, "New title", True)
    assert again.correction


def test_renamed_and_tagged_at_once(library: Library, music: Path) -> None:
    path = write_sound(music / "a.flac")
    scan(library, [music])
    (song,) = library.songs()
    write_tags(path.rename(music / "b.flac"), "A title")
    report = scan(library, [music])
    assert (report.moved, report.new) == (1, 0)
    assert [(each.id, each.title) for each in library.songs(missing=True)] == [(song.id, "A title")]


def test_deleted_is_missing_and_comes_back_unread(
    library: Library, music: Path, tmp_path: Path, opened: list[bytes]
) -> None:
    path = write_sound(music / "a.wav")
    scan(library, [music])
    path.rename(tmp_path / "elsewhere.wav")
    assert scan(library, [music]).gone == 1
    assert library.songs() == []
    (song,) = library.songs(missing=True)
    assert song.missing
    opened.clear()
    (tmp_path / "elsewhere.wav").rename(path)
    assert scan(library, [music]).returned == 1
    assert [(each.id, each.missing) for each in library.songs()] == [(song.id, False)]
    assert opened == []


def test_copies_and_hard_links_are_one_song(library: Library, music: Path) -> None:
    path = write_sound(music / "a.wav")
    os.link(path, music / "link.wav")
    shutil.copyfile(path, music / "copy.wav")
    assert scan(library, [music]).files == 3
    (song,) = library.songs()
    assert [(file.name, there) for file, there in library.files(song.id)] == [
        ("a.wav", True),
        ("copy.wav", True),
        ("link.wav", True),
    ]
    path.unlink()
    assert scan(library, [music]).gone == 1
    (song,) = library.songs()
    assert song.path.name == "copy.wav"


def test_two_files_that_swap_names(library: Library, music: Path) -> None:
    a, b = write_sound(music / "a.wav", 1), write_sound(music / "b.wav", 2)
    scan(library, [music])
    before = {song.path.name: song.id for song in library.songs()}
    a.rename(music / "c")
    b.rename(a)
    (music / "c").rename(b)
    scan(library, [music])
    assert {song.path.name: song.id for song in library.songs()} == {"a.wav": before["b.wav"], "b.wav": before["a.wav"]}


def test_another_song_at_the_same_place_with_size_and_time_kept(library: Library, music: Path) -> None:
    path = write_sound(music / "a.wav", 1)
    scan(library, [music])
    (before,) = library.songs()
    status = path.stat()
    other = write_sound(music / ".b.wav", 2)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)  # only the inode tells
    scan(library, [music])
    (song,) = library.songs()
    assert song.id != before.id
    assert [each.id for each in library.songs(missing=True) if each.missing] == [before.id]


def test_links_that_go_round_end(library: Library, music: Path) -> None:
    write_sound(music / "deep" / "a.wav")
    (music / "deep" / "up").symlink_to(music)
    (music / "self").symlink_to(music / "self")
    (music / "nowhere.mp3").symlink_to(music / "not there.mp3")
    (music / "folder.mp3").mkdir()
    os.mkfifo(music / "pipe.mp3")
    report = scan(library, [music])
    assert (report.files, report.problems) == (1, [])


def test_hidden_files_are_left_out(library: Library, music: Path) -> None:
    write_sound(music / "._a.wav")
    write_sound(music / ".hidden" / "a.wav")
    assert scan(library, [music]).files == 0


def test_broken_files_are_left_alone_until_they_change(library: Library, music: Path, opened: list[bytes]) -> None:
    whole = write_sound(music / "whole.flac").read_bytes()
    bad = {
        "empty.mp3": b"",
        "text.ogg": b"hello",
        "head.flac": whole[:60],
        "head.wav": b"RIFF\x24\0\0\0WAVEfmt ",
        "zeros.mp3": bytes(5000),
    }
    for name, content in bad.items():
        (music / name).write_bytes(content)
    report = scan(library, [music])
    assert sorted(problem.path.name for problem in report.problems) == sorted(bad)
    assert all(problem.reason and "\n" not in problem.reason for problem in report.problems)
    opened.clear()
    assert scan(library, [music]).problems == []
    assert opened == []
    assert len(library.broken()) == len(bad)
    (music / "head.flac").write_bytes(write_sound(music / "whole.flac", 7).read_bytes())
    scan(library, [music])
    assert "head.flac" not in {broken.path.name for broken in library.broken()}
    (music / "empty.mp3").unlink()
    scan(library, [music])
    assert "empty.mp3" not in {broken.path.name for broken in library.broken()}


def test_a_song_that_breaks_is_missing_not_lost(library: Library, music: Path) -> None:
    path = write_sound(music / "a.wav")
    scan(library, [music])
    path.write_bytes(b"")
    scan(library, [music])
    (song,) = library.songs(missing=True)
    assert song.missing
    assert [broken.reason for broken in library.broken()] == ["the file is empty"]


@pytest.mark.parametrize(
    ("real", "named"), [("flac", "mp3"), ("mp3", "wav"), ("wav", "opus"), ("opus", "flac"), ("ogg", "mp3")]
)
def test_wrong_endings_do_not_matter(library: Library, music: Path, real: str, named: str) -> None:
    write_tags(write_sound(music / f"song.{real}"), "A title", cover=PNG).rename(music / f"song.{named}")
    assert scan(library, [music]).problems == []
    (song,) = library.songs()
    assert (song.title, song.art is not None) == ("A title", True)


def test_names_that_are_no_utf8(library: Library, music: Path) -> None:
    sound = write_sound(music / "a.wav").read_bytes()
    odd = os.fsencode(music) + b"/caf\xe9 \xff\n.wav"
    Path(os.fsdecode(odd)).write_bytes(sound[:-2])
    scan(library, [music])
    song = next(song for song in library.songs() if song.path.name != "a.wav")
    assert os.fsencode(song.path) == odd
    assert song.title.startswith("caf\ufffd ")
    song.title.encode()
    assert library.song_at(Path(os.fsdecode(odd))) == song.id


def test_covers_in_folders(library: Library, music: Path) -> None:
    write_sound(music / "a.wav", 1)
    write_tags(write_sound(music / "b.flac", 2), "Own cover", cover=PNG)
    (music / "Folder.JPG").write_bytes(JPEG)
    (music / "cover.png").write_bytes(b"no picture")
    scan(library, [music])
    art = {song.path.name: song.art for song in library.songs()}
    assert art["a.wav"] is None  # the likeliest cover is none; the next scan after it is mended knows
    (music / "cover.png").unlink()
    scan(library, [music])
    art = {song.path.name: song.art for song in library.songs()}
    assert art["a.wav"] is not None
    assert art["b.flac"] not in {None, art["a.wav"]}
    (music / "Folder.JPG").unlink()
    scan(library, [music])
    assert {song.path.name: song.art for song in library.songs()} == {"a.wav": None, "b.flac": art["b.flac"]}


def test_only_the_named_folders_are_looked_at(library: Library, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_sound(one / "a.wav", 1)
    write_sound(two / "b.wav", 2)
    scan(library, [one, two])
    assert scan(library, [one]).gone == 0
    shutil.rmtree(two)
    report = scan(library, [one, two])  # a disk that is not mounted is one line, and its songs are missing
    assert (len(report.problems), report.gone) == (1, 1)
    with pytest.raises(MusicError, match=r"two: no such folder; is its disk mounted\?"):
        scan(library, [two])


def test_a_renamed_folder_is_a_move(library: Library, tmp_path: Path, opened: list[bytes]) -> None:
    write_sound(tmp_path / "old" / "a.wav")
    scan(library, [tmp_path / "old"])
    (tmp_path / "old").rename(tmp_path / "new")
    opened.clear()
    report = scan(library, [tmp_path / "new"])
    assert (report.moved, report.gone, report.new, opened) == (1, 0, 0, [])
    assert [song.path.parent.name for song in library.songs(missing=True)] == ["new"]


def test_files_that_are_still_being_written_wait(library: Library, music: Path) -> None:
    path = write_sound(music / "a.wav")
    assert scan(library, [music], settle_s=60).settling == 1
    assert library.songs() == []
    os.utime(path, (1, 1))
    assert scan(library, [music], settle_s=60).new == 1


def test_a_folder_that_cannot_be_read_hides_its_songs_only(library: Library, music: Path) -> None:
    """As another user, since root may read everything."""
    write_sound(music / "open" / "a.wav", 1)
    write_sound(music / "closed" / "b.wav", 2)
    scan(library, [music])
    (music / "closed").chmod(0)
    if os.access(music / "closed", os.R_OK):  # root
        real = os.scandir

        def refused(place: bytes):  # type: ignore[no-untyped-def]
            if place.endswith(b"closed"):
                raise PermissionError(13, "Permission denied")
            return real(place)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "scandir", refused)
            report = scan(library, [music])
    else:
        report = scan(library, [music])
    (music / "closed").chmod(0o755)
    assert [problem.reason for problem in report.problems] == ["Permission denied"]
    assert (report.gone, len(library.songs())) == (0, 2)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(data=st.data())
def test_damaged_files_are_songs_or_one_line(library: Library, music: Path, suffix: str, data: st.DataObject) -> None:
    """Any bytes of a tagged file set to others, and its end cut off."""
    whole = music.parent / f"whole.{suffix}"
    if not whole.exists():
        write_tags(write_sound(whole, seconds=0.1), "A title", "Somebody", "Somewhere", PNG)
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(0, 10))):
        content[data.draw(st.integers(0, min(2000, len(content) - 1)))] = data.draw(st.integers(0, 255))
    path = music / f"damaged.{suffix}"
    path.unlink(missing_ok=True)
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    report = scan(library, [music])
    assert all("\n" not in problem.reason for problem in report.problems)
    for song in library.songs():
        text = song.title + song.artist + song.album
        assert printable(text) == text


def test_a_full_disk_is_one_line_and_nothing_is_lost(music: Path, tmp_path: Path) -> None:
    state = tmp_path / "small"
    state.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", state], check=False)
    if mounted.returncode:
        give_up("only root may mount a small disk")
    try:
        for number in range(40):
            write_sound(music / f"{number}.wav", number, seconds=0.01)
        with Library.open(state) as library:
            scan(library, [music])
            assert len(library.songs()) == 40
            (state / "ballast").write_bytes(bytes(shutil.disk_usage(state).free - 4096))
            for number in range(40, 400):
                write_sound(music / f"{number}.wav", number, seconds=0.01)
            with pytest.raises(MusicError, match=r"library.sqlite3: the disk") as error:
                scan(library, [music])
            assert "\n" not in str(error.value)
            assert len(library.songs()) == 40
        (state / "ballast").unlink()
        with Library.open(state) as library:
            scan(library, [music])
            assert len(library.songs()) == 400
            assert library.rows("PRAGMA integrity_check")[0][0] == "ok"
    finally:
        subprocess.run(["umount", state], check=True)


def test_tables_hold_only_what_refers_to_something(library: Library, music: Path) -> None:
    write_sound(music / "a.wav")
    scan(library, [music])
    with closing(sqlite3.connect(library.path)) as connection, connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_name_cannot_steer_a_terminal_or_take_a_second_line(library: Library, music: Path) -> None:
    write_sound(music / "red\x1b[31m\nnew.wav", 1)
    scan(library, [music])
    assert "red [31m new" in {song.title for song in library.songs()}
