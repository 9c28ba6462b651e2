"""Which files belong to which mood, with all that people keep on their disks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mien_device.config import MusicConfig
from mien_device.music.playlist import Playlists
from mien_models.labels import Emotion, Mood


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(playlists: Playlists, source: Emotion, folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in playlists.tracks(source)]


def test_folder_is_read_recursively_and_sorted(tmp_path: Path) -> None:
    music = ["happy/a b.MP3", "happy/deep/er/c.flac", "happy/Übermut ☀.opus", "happy/z.ogg", "happy/0.wav"]
    make(
        tmp_path, *music, "happy/cover.jpg", "happy/list.m3u", "happy/._0.wav", "happy/.Trash/old.mp3", "happy/noending"
    )
    playlists = Playlists(MusicConfig(folder=tmp_path))
    assert names(playlists, Emotion.HAPPY, tmp_path) == sorted(music)
    assert playlists.problems == ()


def test_links_to_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/a.mp3", "music/happy/b.mp3")
    (tmp_path / "music/happy/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/loop").symlink_to(tmp_path / "music/happy")
    (tmp_path / "music/sad").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "music/happy/gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
    playlists = Playlists(MusicConfig(folder=tmp_path / "music"))
    assert [path.name for path in playlists.tracks(Emotion.HAPPY) if path.exists()] == ["b.mp3", "a.mp3"]
    assert "a.mp3" in [path.name for path in playlists.tracks(Emotion.SAD)]


def test_pipes_and_devices_with_the_names_of_songs_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "happy/a.mp3")
    os.mkfifo(tmp_path / "happy/pipe.mp3")
    (tmp_path / "happy/zero.wav").symlink_to("/dev/zero")
    playlists = Playlists(MusicConfig(folder=tmp_path))
    assert names(playlists, Emotion.HAPPY, tmp_path) == ["happy/a.mp3"]
    assert playlists.problems == ()
    os.mkfifo(tmp_path / "list.m3u")
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Emotion.SAD: tmp_path / "list.m3u"}))
    (problem,) = playlists.problems
    assert "list.m3u (music.playlists.sad): No file" in problem


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    make(tmp_path, "happy/x")
    (tmp_path / "happy" / os.fsdecode(b"caf\xe9.mp3")).touch()
    (path,) = Playlists(MusicConfig(folder=tmp_path)).tracks(Emotion.HAPPY)
    assert path.exists()


@pytest.mark.parametrize(
    ("stocked", "mood", "source"),
    [
        (["happy", "neutral"], Mood.HAPPY, Emotion.HAPPY),
        (["happy", "neutral", "angry"], Mood.FEAR, Emotion.NEUTRAL),
        (["happy", "angry", "sad"], Mood.FEAR, Emotion.ANGRY),
        (["happy", "sad"], Mood.SURPRISE, Emotion.HAPPY),
        (["happy", "sad"], Mood.NEUTRAL, Emotion.SAD),
        ([], Mood.HAPPY, None),
        (["happy"], Mood.NONE, None),
    ],
)
def test_mood_without_music_of_its_own(tmp_path: Path, stocked: list[str], mood: Mood, source: Emotion | None) -> None:
    make(tmp_path, *(f"{name}/a.mp3" for name in stocked))
    assert Playlists(MusicConfig(folder=tmp_path)).source(mood) is source


ENTRIES = ("songs/a.mp3", "songs/Käse ☂.ogg", "songs/b.mp3")


def as_utf8(folder: Path) -> bytes:
    return ("#EXTM3U\n#EXTINF:12,A\n" + "\n".join(ENTRIES)).encode()


def with_bom_and_crlf(folder: Path) -> bytes:
    return ("\ufeff#EXTM3U\r\n\r\n" + "\r\n".join(ENTRIES) + "\r\n").encode()


def absolute(folder: Path) -> bytes:
    return "\n".join(str(folder / entry) for entry in ENTRIES).encode()


def as_uris(folder: Path) -> bytes:
    return "\n".join((folder / entry).as_uri() for entry in ENTRIES).encode()


def from_windows(folder: Path) -> bytes:
    return "\n".join(entry.replace("/", "\\") for entry in ENTRIES).encode()


def with_old_line_ends(folder: Path) -> bytes:
    return "\r".join(f"  {entry} " for entry in ENTRIES).encode()


@pytest.mark.parametrize("write", [as_utf8, with_bom_and_crlf, absolute, as_uris, from_windows, with_old_line_ends])
@pytest.mark.parametrize("ending", ["m3u", "M3U8"])
def test_m3u(tmp_path: Path, write: Callable[[Path], bytes], ending: str) -> None:
    make(tmp_path, *ENTRIES)
    (tmp_path / f"list.{ending}").write_bytes(write(tmp_path))
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Mood.SAD: tmp_path / f"list.{ending}"}))
    assert names(playlists, Emotion.SAD, tmp_path) == list(ENTRIES)
    assert playlists.problems == ()


def test_m3u_in_latin_1(tmp_path: Path) -> None:
    make(tmp_path, "Käse.mp3")
    (tmp_path / "list.m3u").write_bytes("Käse.mp3\n".encode("latin-1"))
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Mood.SAD: tmp_path / "list.m3u"}))
    assert names(playlists, Emotion.SAD, tmp_path) == ["Käse.mp3"]


def test_m3u_with_a_malformed_address(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3")
    (tmp_path / "list.m3u").write_text("file://[abc/x.mp3\na.mp3\n")
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Mood.SAD: tmp_path / "list.m3u"}))
    assert names(playlists, Emotion.SAD, tmp_path) == ["a.mp3"]
    assert "1 of 2 entries are missing" in playlists.problems[0]


def test_m3u_with_missing_entries_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, "a.mp3", "text.txt")
    entries = [
        "a.mp3",
        "gone.mp3",
        "http://radio.example/stream.mp3",
        "text.txt",
        "nul\0.mp3",
        "x" * 300 + ".mp3",
        "a.mp3",
    ]
    (tmp_path / "list.m3u").write_text("\n".join(entries))
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Mood.SAD: tmp_path / "list.m3u"}))
    playlists.scan()
    assert names(playlists, Emotion.SAD, tmp_path) == ["a.mp3"]
    (record,) = caplog.records
    assert (
        "(music.playlists.sad): 5 of 7 entries are missing or no music file, the first is 'gone.mp3'" in record.message
    )


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ("nowhere", "No such file or directory; it must be"),
        ("nowhere.m3u", "No such file or directory; it must be"),
        ("song.mp3", "Not a directory; it must be"),
        ("song.mp3/list.m3u", "Not a directory; it must be"),
        ("empty.m3u", "names no file"),
        pytest.param("x" * 300, "File name too long", id="long folder"),
        pytest.param("x" * 300 + ".m3u", "File name too long", id="long playlist"),
        ("secret.m3u", "Permission denied"),
        ("secret", "Permission denied"),
        ("secret/list.m3u", "Permission denied"),
    ],
)
def test_bad_path_is_one_warning_and_the_rest_plays(
    tmp_path: Path, named: str, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, "happy/a.mp3", "song.mp3", "empty.m3u", "secret.m3u", "secret/a.mp3")
    if named.startswith("secret"):
        secret = tmp_path / named.partition("/")[0]
        secret.chmod(0)
        if os.access(secret, os.R_OK):
            pytest.skip("this user may read everything")
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Mood.SAD: tmp_path / named}))
    playlists.scan()
    (record,) = caplog.records
    assert record.message == playlists.problems[0]
    assert complaint in record.message
    assert str(tmp_path / named) in record.message
    assert "music.playlists.sad" in record.message
    assert playlists.source(Mood.SAD) is Emotion.HAPPY


def test_named_folder_replaces_the_moods_own(tmp_path: Path) -> None:
    make(tmp_path, "music/happy/a.mp3", "party.m3u/b.mp3")
    playlists = Playlists(MusicConfig(folder=tmp_path / "music", playlists={Mood.HAPPY: tmp_path / "party.m3u"}))
    assert names(playlists, Emotion.HAPPY, tmp_path) == ["party.m3u/b.mp3"]


def test_no_music_at_all_names_the_remedy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    playlists = Playlists(MusicConfig(folder=tmp_path / "missing"))
    playlists.scan()
    (record,) = caplog.records
    assert f"{tmp_path / 'missing'} (music.folder): no music at all; make a folder for each mood" in record.message


def test_a_file_in_the_place_of_the_folder_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, "music", "party/a.mp3")
    assert Playlists(MusicConfig(folder=tmp_path / "music")).trouble == caplog.records[0].message
    (record,) = caplog.records
    assert f"{tmp_path / 'music'} (music.folder): a file; name the folder" in record.message
    named = Playlists(MusicConfig(folder=tmp_path / "music", playlists={Mood.HAPPY: tmp_path / "party"}))
    assert named.problems == (record.message,)
    assert named.trouble is None, "there is music"


def test_barred_file_comes_back_when_it_has_changed(tmp_path: Path) -> None:
    make(tmp_path, "happy/a.mp3", "happy/b.mp3")
    playlists = Playlists(MusicConfig(folder=tmp_path))
    playlists.bar(tmp_path / "happy/a.mp3")
    assert names(playlists, Emotion.HAPPY, tmp_path) == ["happy/b.mp3"]
    playlists.scan()
    assert names(playlists, Emotion.HAPPY, tmp_path) == ["happy/b.mp3"]
    (tmp_path / "happy/a.mp3").write_bytes(b"mended")
    playlists.scan()
    assert names(playlists, Emotion.HAPPY, tmp_path) == ["happy/a.mp3", "happy/b.mp3"]
