"""Song tables and playlists: out, in again, and whatever people write into them."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien_device.config import MusicConfig
from mien_device.library.files import write_file
from mien_device.library.playlists import write_playlists
from mien_device.library.scan import scan
from mien_device.library.song_table import export_table, import_table, read_table
from mien_device.library.store import Library
from mien_device.music.playlist import Playlists
from mien_models.errors import DataError
from mien_models.labels import Emotion
from mien_models.listening import SongMood
from tests.device.library.audio import write_sound, write_tags


@pytest.fixture
def stocked(library: Library, music: Path) -> Library:
    for number, (title, artist) in enumerate([("One", "A"), ("Two", "A"), ("Two", "B"), ("Drei, ä", "C")]):
        write_tags(write_sound(music / f"{number}.mp3", number), title, artist)
    scan(library, [music])
    return library


def moods(library: Library) -> dict[str, SongMood | None]:
    return {song.path.stem: song.mood for song in library.songs()}


def test_a_table_of_the_seeds_kind(stocked: Library, music: Path) -> None:
    """Name, audio (address or path), cover address, mood: system S2's columns."""
    table = music / "songs.csv"
    table.write_text(
        "Name,URL,Cover Art URL,Mood\n"
        "One,https://example.org/one.mp3,https://example.org/one.jpg,Happy\n"
        "A - Two,https://example.org/two.mp3,,Sad\n"
        '"Drei, ä",,,Energetic\n',
        encoding="utf-8",
    )
    report = import_table(stocked, table)
    assert (report.rows, report.matched, report.moods, report.problems) == (3, 3, 3, [])
    assert moods(stocked) == {"0": "happy", "1": "sad", "2": None, "3": "happy"}
    one = next(song for song in stocked.songs() if song.title == "One")
    assert stocked.links()[one.id] == ("https://example.org/one.mp3", "https://example.org/one.jpg")
    assert one.estimate is not None
    assert one.estimate.valence_sd > 0.2  # a word is no place


def test_bad_rows_are_one_line_each_with_number_and_remedy(stocked: Library, music: Path) -> None:
    table = music / "songs.csv"
    (music / "unscanned.wav").write_bytes(b"")
    rows = [
        "name,artist,audio,mood",
        "One,,,cheerful",  # 2
        "Two,,,sad",  # 3
        "Nobody knows,,,sad",  # 4
        ",,nowhere.mp3,sad",  # 5
        ",,unscanned.wav,sad",  # 6
        ",,,sad",  # 7
        "Song,,https://example.org/a.mp3,sad",  # 8
        "Two,B,,calm",  # 9, the only good one
    ]
    table.write_text("\n".join(rows), encoding="utf-8")
    report = import_table(stocked, table)
    numbers = [int(line.split(", row ")[1].split(":")[0]) for line in report.problems]
    assert numbers == [2, 3, 4, 5, 6, 7, 8]
    for words, line in zip(
        (
            "calm, disgust",
            "give the file's path",
            "save its file",
            "mend its path",
            "mien library scan",
            "fill one in",
            "nothing is fetched",
        ),
        report.problems,
        strict=True,
    ):
        assert words in line
        assert "\n" not in line
    assert moods(stocked) == {"0": None, "1": None, "2": "calm", "3": None}


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_out_and_in_again_is_the_same(stocked: Library, music: Path, tmp_path: Path, kind: str) -> None:
    songs = stocked.songs()
    stocked.correct(songs[0].id, -0.25, 0.75)
    stocked.correct(songs[1].id, 0.5, 0.5, sd=0.289, source="table")
    stocked.link(songs[1].id, "https://example.org/a.mp3", "https://example.org/a.jpg")
    table = tmp_path / f"songs.{kind}"
    table.write_bytes(export_table(stocked, as_json=kind == "json"))
    with Library.open(tmp_path / "other") as other:
        scan(other, [music])
        report = import_table(other, table)
        assert (report.matched, report.moods, report.problems) == (4, 2, [])
        assert [song.correction for song in other.songs()] == [song.correction for song in stocked.songs()]
        assert other.links() == stocked.links()
        assert export_table(other, as_json=kind == "json") == table.read_bytes()


def test_no_title_is_a_formula_and_each_is_found_again(library: Library, music: Path, tmp_path: Path) -> None:
    titles = ["=1+1", "+2", "-3", "@SUM(A1)", "＝1", "'=1+1", "'quoted'", "plain"]
    for number, title in enumerate(titles):
        write_tags(write_sound(music / f"{number}.mp3", number), title, "=A")
    scan(library, [music])
    for song in library.songs():
        library.correct(song.id, -0.25, 0.75)
    table = tmp_path / "songs.csv"
    table.write_bytes(export_table(library, as_json=False))
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert {row["artist"] for row in rows} == {"'=A"}
    assert not any(row["name"].startswith(("=", "+", "-", "@", "＝")) for row in rows)
    assert {row["name"] for _, row in read_table(table)} == set(titles)
    assert {row["valence"] for row in rows} == {"-0.25"}
    lines = [f"{row['name']},{row['artist']},sad" for row in rows]
    table.write_text("\n".join(["name,artist,mood", *lines]), encoding="utf-8")  # found by their names
    with Library.open(tmp_path / "other") as other:
        scan(other, [music])
        report = import_table(other, table)
    assert (report.matched, report.moods, report.problems) == (len(titles), len(titles), [])


def test_what_mien_heard_itself_is_no_word_of_its_user(stocked: Library, music: Path) -> None:
    song = stocked.songs()[0]
    table = music / "songs.json"
    table.write_text(json.dumps([{"id": song.id, "mood": "sad", "valence": -0.5, "arousal": -0.5, "by": "model"}]))
    assert import_table(stocked, table).moods == 0
    assert stocked.songs()[0].correction is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"mood,colour\nsad,blue\n", "name,audio,cover,mood"),
        ("a.json", b"[1, 2]", "list of objects"),
        ("a.json", b"[" * 100_000, "no JSON"),
        ("a.json", b'{"songs": 5}', "list of objects"),
        ("a.csv", b'name\n"' + b"x" * 200_000, "no CSV table"),
    ],
)
def test_tables_that_are_none(stocked: Library, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as error:
        import_table(stocked, tmp_path / name)
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match=r"not there\.csv"):
        read_table(tmp_path / "not there.csv")


def test_tables_of_spreadsheets(stocked: Library, tmp_path: Path) -> None:
    """A byte order mark, semicolons, and Latin-1."""
    for content in (
        "\ufeffname;mood\r\nDrei, ä;calm\r\n".encode(),
        "name;mood\r\nDrei, ä;sad\r\n".encode("latin-1"),
    ):
        (tmp_path / "songs.csv").write_bytes(content)
        assert import_table(stocked, tmp_path / "songs.csv").problems == []
    assert moods(stocked)["3"] == "sad"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)
@given(
    rows=st.lists(
        st.dictionaries(
            st.sampled_from(["name", "audio", "mood", "valence", "arousal", "sd", "cover", "id", "by"]),
            st.one_of(
                st.text(max_size=20), st.floats(), st.none(), st.sampled_from(["One", "sad", "file://[", "0.mp3"])
            ),
        ),
        max_size=4,
    ),
    as_json=st.booleans(),
)
def test_nonsense_is_one_line_a_row(
    stocked: Library, tmp_path: Path, rows: list[dict[str, object]], as_json: bool
) -> None:
    if as_json:
        content = json.dumps(rows).encode()  # with halves of characters, and numbers that are none
    else:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, ["name", "audio", "mood", "valence", "arousal", "sd", "cover", "id", "by"])
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode("utf-8", "replace")
    (tmp_path / "songs").write_bytes(content)
    try:
        report = import_table(stocked, tmp_path / "songs")
    except DataError as error:
        lines = [str(error)]
    else:
        lines = report.problems
        assert len(lines) + report.matched == report.rows
    assert all(len(line.splitlines()) == 1 for line in lines)
    stocked.songs()


def test_a_path_with_a_line_break_is_told_in_one_line(stocked: Library, tmp_path: Path) -> None:
    (tmp_path / "songs.json").write_text(json.dumps([{"audio": "a\rb.wav"}]))
    assert import_table(stocked, tmp_path / "songs.json").problems == [
        f"{tmp_path / 'songs.json'}, row 1: 'a\\rb.wav': no such file; mend its path"
    ]


def test_a_playlist_a_mood_that_mien_itself_plays(stocked: Library, music: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(music) + b"/caf\xe9.wav"))
    write_sound(odd, 9)
    scan(stocked, [music])
    for song, mood in zip(stocked.songs(), ("happy", "happy", "sad", "tense", "happy"), strict=True):
        valence, arousal = {"happy": (0.5, 0.5), "sad": (-0.5, -0.5), "tense": (-0.5, 0.5)}[mood]
        stocked.correct(song.id, valence, arousal)
    written, left_out = write_playlists(stocked.songs(), tmp_path / "lists")
    assert {path.name: count for path, count in written.items()} == {
        "happy.m3u8": 2,
        "tense.m3u8": 1,
        "sad.m3u8": 1,
        "calm.m3u8": 0,
    }
    assert len(left_out) == 1
    assert "rename the file" in left_out[0]
    playlists = Playlists(MusicConfig(folder=tmp_path, playlists={Emotion.HAPPY: tmp_path / "lists" / "happy.m3u8"}))
    assert [path.name for path in playlists.tracks(Emotion.HAPPY)] == ["0.mp3", "1.mp3"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"old")
    with pytest.raises(DataError, match="name a place"):
        write_file(tmp_path / "no folder" / "a", b"new")
    (tmp_path / "taken").mkdir()
    with pytest.raises(DataError, match="name a place"):
        write_file(tmp_path / "taken", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "taken"]
