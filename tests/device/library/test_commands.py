"""`mien library` as a person and a program use it."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mien_device.__main__ import main
from mien_device.library import Play
from mien_device.library.store import Library
from mien_device.listeners import Ending
from mien_models.listening import SongMood
from tests.device.library.audio import JPEG, PNG, write_sound, write_tags


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MIEN_STATE_DIR", "MIEN_CACHE_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("MIEN_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "MIEN_STATE_DIR"


@pytest.fixture
def scanned(music: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write_tags(write_sound(music / "loud.mp3", 1, level=0.5), "Loud one", "Somebody", cover=PNG)
    write_tags(write_sound(music / "quiet.flac", 2, level=0.01), "Quiet one", "Nobody")
    (music / "bad.mp3").write_bytes(b"hello")
    assert main(["library", "scan", str(music), "--analyser", "fake"]) == 0
    capsys.readouterr()
    return music


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main(["library", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def fails(arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", *arguments]) == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("mien: error: ")
    assert words in line


def test_the_folder_of_the_configuration_is_scanned(
    music: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sound(music / "a.wav")
    config = tmp_path / "mien.toml"
    config.write_text(f'[music]\nfolder = "{music}"\n')
    report = answer(["scan", "--config", str(config), "--analyser", "none"], capsys)
    assert (report["files"], report["new"], report["heard"]) == (1, 1, 0)
    config.write_text(f'[library]\nfolders = ["{tmp_path / "gone"}", "{music}"]\n')
    report = answer(["scan", "--config", str(config), "--analyser", "none"], capsys)
    assert (report["unchanged"], report["problems"][0]["path"]) == (1, str(tmp_path / "gone"))
    config.write_text(f'[library]\nfolders = ["{tmp_path / "gone"}"]\n')
    fails(["scan", "--config", str(config), "--analyser", "none"], 8, "is its disk mounted?", capsys)


def test_problems_are_a_line_each_on_stderr(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "scan", str(scanned), "--analyser", "fake", "--retry"]) == 0
    out, err = capsys.readouterr()
    assert out == "3 files, 2 unchanged, 0 new or changed, 1 broken; 0 songs listened to\n"
    assert err.splitlines() == [
        f"mien library: '{scanned}/bad.mp3': not a music file that mien knows (WAV, FLAC, OGG, Opus, MP3), or a damaged one"
    ]


def test_list_for_programs(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loud, quiet = answer(["list"], capsys)
    assert (loud["path"], loud["title"], loud["artist"]) == (str(scanned / "loud.mp3"), "Loud one", "Somebody")
    assert loud["arousal"] > quiet["arousal"]
    assert loud["arousal_percentile"] > quiet["arousal_percentile"]
    for song in (loud, quiet):
        assert song["mood"] in set(SongMood)
        assert song["valence_sd"] > 0
        assert song["arousal_sd"] > 0
        assert -1 <= song["valence"] <= 1
        assert 0 <= song["valence_percentile"] <= 1
    assert answer(["list", "--search", "NOBODY"], capsys) == [quiet]
    assert answer(["list", "--mood", quiet["mood"]], capsys) == [quiet]
    assert answer(["list", "--missing"], capsys) == []
    (scanned / "loud.mp3").unlink()
    answer(["scan", str(scanned), "--analyser", "none"], capsys)
    assert [song["title"] for song in answer(["list", "--missing"], capsys)] == ["Loud one"]
    assert [song["title"] for song in answer(["list"], capsys)] == ["Quiet one"]


def test_list_for_people(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("Somebody - Loud one")
    assert "±0.50" in lines[0]


def test_show_finds_a_song_by_path_id_and_words(scanned: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = answer(["list", "--search", "loud"], capsys)[0]["id"]
    with Library.open(state) as library:
        library.played(Play(song, 1e9, "sad", "follow", 3.0, 180.0, Ending.SKIPPED, "it is loud"))
    for words in (str(scanned / "loud.mp3"), "music/loud.mp3", song, song[:6], "loud ONE"):
        shown = answer(["show", words], capsys)
        assert shown["id"] == song
    assert (shown["plays"], shown["skips"], shown["why"]) == (1, 1, "it is loud")
    assert shown["loudness_lufs"] < 0
    assert main(["library", "show", "loud"]) == 0
    assert "why: it is loud" in capsys.readouterr().out
    fails(["show", "one"], 8, "2 songs", capsys)
    fails(["show", "nothing of that name"], 8, "no such song", capsys)


def test_art_of_file_and_folder(scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = answer(["art", "loud"], capsys)
    assert (written["file"], written["mime"]) == ("cover.png", "image/png")
    assert (tmp_path / "cover.png").read_bytes() == PNG
    assert written["hash"] == answer(["list", "--search", "loud"], capsys)[0]["art"]
    fails(["art", "quiet"], 10, "put a cover.jpg beside it", capsys)
    (scanned / "cover.jpg").write_bytes(JPEG)
    assert answer(["art", "quiet", "--out", str(tmp_path / "out")], capsys)["mime"] == "image/jpeg"
    assert (tmp_path / "out").read_bytes() == JPEG


def test_stats(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stats = answer(["stats"], capsys)
    assert (stats["songs"], stats["files"], stats["analysed"], stats["missing"], stats["broken"]) == (2, 2, 2, 0, 1)
    assert sum(stats["moods"].values()) == 2
    assert stats["broken_files"][0]["path"] == str(scanned / "bad.mp3")
    assert main(["library", "stats"]) == 0
    assert "broken: " in capsys.readouterr().out


def test_corrections_and_likes(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard = answer(["show", "loud"], capsys)
    assert answer(["correct", "loud", "--mood", "calm"], capsys)["mood"] == "calm"
    corrected = answer(["correct", "loud", "--valence", "-0.5", "--arousal", "-0.25"], capsys)
    assert (corrected["mood"], corrected["valence"], corrected["corrected"]) == ("sad", -0.5, True)
    assert answer(["correct", "loud", "--undo"], capsys)["valence"] == heard["valence"]
    for nothing in ([], ["--valence", "1"], ["--mood", "sad", "--undo"], ["--mood", "sad", "--arousal", "1"]):
        fails(["correct", "loud", *nothing], 3, "--valence V and --arousal A", capsys)
    assert answer(["like", "loud"], capsys)["liked"] is True
    assert answer(["like", "loud", "--not"], capsys)["liked"] is False


def test_tables_and_playlists(scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["export", "songs.csv"], capsys) == {"file": "songs.csv", "songs": 2}
    fails(["export", "songs.txt"], 3, ".csv or .json", capsys)
    (tmp_path / "new.csv").write_text("name,mood\nLoud one,sad\nUnknown,sad\n")
    assert main(["library", "import", "new.csv"]) == 10
    out, err = capsys.readouterr()
    assert out == "2 rows, 1 of them songs in the library, 1 moods taken over\n"
    assert err.startswith("new.csv, row 3: ")
    assert answer(["list", "--search", "loud"], capsys)[0]["mood"] == "sad"
    files = answer(["playlists", str(tmp_path / "lists")], capsys)["files"]
    assert len(files) == 4
    assert str(scanned / "loud.mp3") in (tmp_path / "lists" / "sad.m3u8").read_text()


def test_paths_that_are_no_text(music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = os.fsencode(music) + b"/\xff.wav"
    write_sound(Path(os.fsdecode(odd)))
    answer(["scan", str(music), "--analyser", "fake"], capsys)
    (song,) = answer(["list"], capsys)
    assert song["path"] == f"{music}/\ufffd.wav"
    assert base64.b64decode(song["path_base64"]) == odd
    assert main(["library", "list"]) == 0
    assert main(["library", "show", os.fsdecode(odd)]) == 0
    capsys.readouterr()
    fails(["art", os.fsdecode(odd)], 10, "no cover", capsys)


def test_a_name_of_two_lines_takes_no_second_line(music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sound(music / "red\x1b[31m\nnew.wav")
    answer(["scan", str(music), "--analyser", "fake"], capsys)
    assert main(["library", "show", "red"]) == 0
    shown = capsys.readouterr().out
    assert f"  file: {music}/red\\x1b[31m\\nnew.wav" in shown.splitlines()
    assert "\x1b" not in shown
    fails(["art", "red"], 10, "red\\x1b[31m\\nnew.wav: no cover", capsys)


def test_a_library_that_cannot_be_opened(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state.write_bytes(b"")
    fails(["list"], 8, "MIEN_STATE_DIR", capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["list", "--mood", "angry"],
        ["correct", "a", "--valence", "2", "--arousal", "0"],
        ["scan", "--time-limit", "nan"],
    ],
)
def test_wrong_command_lines(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["library", *arguments])


def test_moods_are_named_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["library", "list", "--mood", "angry"])
    assert "SongMood" not in capsys.readouterr().err
