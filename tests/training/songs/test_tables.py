"""Tables that people write: every mistake is one line with file, place, field and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mien_models.errors import ConfigError, DataError
from mien_training.songs.moods.songs import FEATURES, check_folds, read_songs

HEADER = ",".join([*FEATURES, "artist", "mood"])
ROW = ",".join(["1"] * 10)


def table(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "songs.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_reads_the_songs(tmp_path: Path) -> None:
    lines = ["id," + HEADER, f"x,{ROW},b,Sad", "", f"y,{ROW.replace('1', '-2.5e1')},a,Happy", f"z,{ROW},b,Calm"]
    songs = read_songs(table(tmp_path, *lines, encoding="utf-8-sig"))
    assert songs.moods == ("Calm", "Happy", "Sad")
    assert songs.labels.tolist() == [2, 1, 0]
    assert songs.artists.tolist() == [1, 0, 1]
    assert songs.features.shape == (3, 10)
    assert songs.features[1].tolist() == [-25.0] * 10

    two = read_songs(table(tmp_path, *lines), ("Sad", "Calm"))
    assert (two.labels.tolist(), two.counts()) == ([0, 1], {"Sad": 1, "Calm": 1})
    assert two.fingerprint() != songs.fingerprint()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "is empty; its first line must name the columns"),
        (["\ufeff"], "is empty; its first line must name the columns"),
        ([HEADER], "has no rows below its header"),
        ([HEADER.replace("tempo,", "")], "column 'tempo' is missing"),
        ([HEADER + ",mood"], "column 'mood' is there twice"),
        ([HEADER, f"{ROW},a"], "line 2: 11 fields under 12 columns"),
        ([HEADER, f"{ROW},a,Sad", f"nan{ROW[1:]},a,Happy"], "line 3: 'length' is 'nan', not a finite number"),
        ([HEADER, f"{ROW},a,Sad", f"{ROW[:-1]}fast,a,Happy"], "line 3: 'tempo' is 'fast', not a finite number"),
        ([HEADER, f"{ROW},a,Sad", f"{ROW[:-1]},a,Happy"], "line 3: 'tempo' is empty; fill it in"),
        ([HEADER, f"{ROW[:-1]}inf,a,Sad", f"{ROW},a,Happy"], "line 2: 'tempo' is 'inf', not a finite number"),
        ([HEADER, f"{ROW},a,Sad", f"{ROW},a, "], "line 3: 'mood' is empty"),
        ([HEADER, f"{ROW},a,Sad", f"{ROW},b,Sad"], "all songs are 'Sad' in column 'mood'; there must be two moods"),
        ([HEADER, f'{ROW},"a,Sad'], "cannot be read as CSV"),
        ([HEADER, f"{ROW},\0,Sad"], "mood"),
    ],
)
def test_bad_tables(tmp_path: Path, lines: list[str], said: str) -> None:
    path = table(tmp_path, *lines)
    with pytest.raises(DataError) as caught:
        read_songs(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_encodings_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as CSV in UTF-8"):
        read_songs(table(tmp_path, HEADER, f"{ROW},Bj\xf6rk,Sad", encoding="latin1"))
    with pytest.raises(DataError, match=r"none\.csv: No such file or directory; give a CSV"):
        read_songs(tmp_path / "none.csv")
    with pytest.raises(DataError, match="Is a directory; give a CSV"):
        read_songs(tmp_path)


def test_unknown_moods_and_too_many_folds(make_songs: Callable[..., Path]) -> None:
    path = make_songs()
    with pytest.raises(ConfigError, match=r"no song in .* is 'Angry'; its moods are Calm, Happy, Sad"):
        read_songs(path, ("Calm", "Angry"))
    with pytest.raises(ConfigError, match="'Calm' is given twice"):
        read_songs(path, ("Calm", "Calm"))
    with pytest.raises(ConfigError, match=r"--folds 30: .* songs by 15 artists for 'Calm'; give fewer folds"):
        check_folds(read_songs(path), 30, path)
