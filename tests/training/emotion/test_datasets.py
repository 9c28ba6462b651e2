"""Reading FER2013 as published, its FER+ votes, and folders of pictures; and what is said of damaged ones."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.errors import DataError
from mien_models.labels import Emotion
from mien_training.emotion.datasets import NO_LABEL, Faces, Usage, balanced_rows, read_faces, split
from mien_training.emotion.ferplus import majority
from tests.training.conftest import HEADER, Dataset, csv_line, votes_line

FACE = np.arange(48 * 48, dtype=np.uint8).reshape(48, 48)
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"csv": bytes, "csv.gz": gzip.compress, "csv.xz": lzma.compress}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", COMPRESS)
def test_reads_the_published_format(tmp_path: Path, suffix: str) -> None:
    text = "\n".join([HEADER, csv_line(3, FACE, "Training"), csv_line(6, FACE.T, "PublicTest")]) + "\n"
    path = tmp_path / f"fer2013.{suffix}"
    path.write_bytes(COMPRESS[suffix](text.encode()))
    faces = read_faces(path)
    assert faces.pixels.dtype == np.uint8
    np.testing.assert_array_equal(faces.pixels, [FACE, FACE.T])
    assert faces.fer.tolist() == [3, 6]
    assert faces.usage.tolist() == ["Training", "PublicTest"]
    assert faces.votes is None
    assert (faces.ferplus == NO_LABEL).all()


def test_finds_columns_by_their_names(tmp_path: Path) -> None:
    pixels = " ".join(map(str, FACE.ravel()))
    path = write(tmp_path / "icml.csv", "emotion, Usage, pixels", f"0,Training,{pixels}")
    np.testing.assert_array_equal(read_faces(path).pixels, [FACE])


@pytest.mark.parametrize("suffix", ["csv.gz", "csv.xz"])
def test_truncated_archive(make_dataset: Callable[..., Dataset], tmp_path: Path, suffix: str) -> None:
    whole = COMPRESS[suffix](make_dataset().data.read_bytes())
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DataError, match=r"cut\.csv.*(ends after line|damaged).*again"):
        read_faces(path)


@pytest.mark.parametrize("suffix", ["csv.gz", "csv.xz"])
def test_something_else_under_the_name_of_an_archive(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"page.{suffix}"
    path.write_text("<html>Log in to download</html>")
    with pytest.raises(DataError, match=rf"page\.{suffix}.*damaged"):
        read_faces(path)


def test_truncated_text_names_the_line(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    text = make_dataset().data.read_text()
    path = tmp_path / "cut.csv"
    path.write_text(text[: text.rindex(" ")])  # in the middle of the last face
    with pytest.raises(DataError, match=r"cut\.csv, line \d+: 2 fields where the header has 3"):
        read_faces(path)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (csv_line(7, FACE, "Training"), "'emotion' is '7' where FER2013 has 0 to 6"),
        (csv_line(-1, FACE, "Training"), "'emotion' is '-1'"),
        (csv_line("happy", FACE, "Training"), "'emotion' is 'happy'"),
        (csv_line(0, FACE[:47], "Training"), "'pixels' holds 2256 values where a face has 2304"),
        (csv_line(0, FACE.astype(int) + 200, "Training"), "other than whole numbers from 0 to 255"),
        (csv_line(0, FACE.astype(float), "Training"), "other than whole numbers"),
        ("0,,Training", "'pixels' holds 0 values where a face has 2304"),
        ("0,1 2 +5,Training", "other than whole numbers"),
        ("0,1 -2,Training", "other than whole numbers"),
        ("0,1_0,Training", "other than whole numbers"),
        ("0,٣ 4,Training", "other than whole numbers"),
        (f"0,{'9' * 40},Training", "other than whole numbers"),
        (csv_line(0, FACE, "Trainin"), "'Usage' is 'Trainin' where FER2013 has"),
        (csv_line(0, FACE, "Training") + ",more", "4 fields"),
    ],
)
def test_bad_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    path = write(tmp_path / "bad.csv", HEADER, csv_line(0, FACE, "Training"), row)
    with pytest.raises(DataError) as caught:
        read_faces(path)
    assert complaint in str(caught.value)
    assert f"{path}, line 3" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_rows_are_counted_and_named(tmp_path: Path) -> None:
    rows = [csv_line(9 if number % 2 else 0, FACE, "Training") for number in range(30)]
    path = write(tmp_path / "bad.csv", HEADER, *rows)
    with pytest.raises(DataError) as caught:
        read_faces(path)
    expected = (
        "line 3: 'emotion' is '9' where FER2013 has 0 to 6 (angry, disgust, fear, happy, sad, surprise, neutral); "
    )
    assert expected + "14 more rows are damaged (lines 5, 7, 9, " in str(caught.value)
    assert "23, …); download" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "no column emotion"), (b"a,b,c\n", "no column"), (b"\xff\xfe\x00", "damaged"), (None, "no such file")],
)
def test_no_data_set_at_all(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=complaint) as caught:
        read_faces(path)
    assert str(path) in str(caught.value)


def test_missing_usage_lists_those_there(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(20, 10)
    faces = read_faces(dataset.data)
    assert len(split(faces, Usage.TRAINING, dataset.data)) == 20
    assert len(split(faces, Usage.PUBLIC_TEST, dataset.data, limit=4)) == 4
    with pytest.raises(DataError, match=r"no row with usage PrivateTest; it has Training \(20 rows\), PublicTest \(10"):
        split(faces, Usage.PRIVATE_TEST, dataset.data)


def test_votes_of_the_same_rows(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset()
    faces = read_faces(dataset.data, dataset.ferplus)
    assert faces.votes is not None
    assert faces.votes.shape == (70, 10)
    np.testing.assert_array_equal(faces.ferplus, faces.fer)


def test_votes_of_other_rows(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset()
    lines = dataset.ferplus.read_text().splitlines()
    short = write(tmp_path / "short.csv", *lines[:-1])
    with pytest.raises(DataError, match=r"short\.csv: 69 rows, but .*fer2013\.csv has 70"):
        read_faces(dataset.data, short)
    lines[5] = lines[5].replace("Training", "PublicTest")
    shifted = write(tmp_path / "shifted.csv", *lines)
    with pytest.raises(DataError, match=r"shifted\.csv, line 6: Usage is PublicTest, but Training"):
        read_faces(dataset.data, shifted)


def test_votes_in_another_order(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset(140, 7)
    header, *lines = dataset.ferplus.read_text().splitlines()
    mixed = [lines[row] for row in np.random.default_rng(0).permutation(140)] + lines[140:]
    with pytest.raises(DataError, match=r"mixed\.csv: says the same as .* of only \d+ % .* in another order"):
        read_faces(dataset.data, write(tmp_path / "mixed.csv", header, *mixed))


def test_usages_with_blanks_and_blank_lines_are_harmless(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset()
    votes = write(tmp_path / "v.csv", *dataset.ferplus.read_text().replace("Training,", "Training ,").splitlines(), "")
    data = write(tmp_path / "d.csv", *dataset.data.read_text().replace("\n", "\n\n", 3).splitlines())
    assert len(read_faces(data, votes)) == 70


def test_a_usage_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: 'Usage' is 'training' where FER2013 has Training, PublicTest, Priv"):
        read_faces(write(tmp_path / "d.csv", HEADER, csv_line(0, FACE, "training")))


@pytest.mark.parametrize("votes", ["1,2,x,0,0,0,0,0,0,0", "1,2,-1,0,0,0,0,0,0,0", "999,0,0,0,0,0,0,0,0,0"])
def test_votes_that_are_no_numbers(make_dataset: Callable[..., Dataset], tmp_path: Path, votes: str) -> None:
    dataset = make_dataset()
    lines = dataset.ferplus.read_text().splitlines()
    lines[1] = f"Training,fer0000000.png,{votes}"
    with pytest.raises(DataError, match=r"votes\.csv, line 2: the votes are not ten whole numbers"):
        read_faces(dataset.data, write(tmp_path / "votes.csv", *lines))


def test_columns_of_the_votes_are_told_by_name(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset(7, 7)
    rows = [line.split(",") for line in dataset.ferplus.read_text().splitlines()]
    swapped = write(tmp_path / "swapped.csv", *(",".join(row[:2] + row[:1:-1]) for row in rows))
    np.testing.assert_array_equal(majority(read_faces(dataset.data, swapped).votes), list(range(7)) * 2)  # type: ignore[arg-type]


def make_folder(root: Path, names: list[str], pictures: int = 1) -> None:
    for value, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(pictures):
            assert cv2.imwrite(str(root / name / f"{number}.png"), np.full((60, 60), 30 * value, np.uint8))


def test_folder_that_is_split(tmp_path: Path) -> None:
    make_folder(tmp_path / "train", ["Anger", "disgusted", "fearful", "happiness", "sadness", "surprised", "neutral"])
    make_folder(tmp_path / "test", list(Emotion))
    faces = read_faces(tmp_path)
    assert faces.pixels.shape == (14, 48, 48)
    training = split(faces, Usage.TRAINING, tmp_path)
    assert dict(zip(training.fer.tolist(), training.pixels[:, 0, 0].tolist(), strict=True)) == {
        i: 30 * i for i in range(7)
    }
    assert len(split(faces, Usage.PUBLIC_TEST, tmp_path)) == 7


def test_folder_that_is_not_split(tmp_path: Path) -> None:
    """By what is on the pictures: a further one, or a twin, moves none to the other side."""
    rng = np.random.default_rng(0)
    for name in ("happy", "sad"):
        (tmp_path / name).mkdir()
        for number in range(100):
            cv2.imwrite(str(tmp_path / name / f"{number:03}.png"), rng.integers(0, 255, (48, 48), np.uint8))
    first = read_faces(tmp_path)
    assert 8 <= (first.usage == Usage.PUBLIC_TEST).sum() <= 32
    shutil.copy(tmp_path / "happy" / "005.png", tmp_path / "happy" / "000-twin.png")
    more = read_faces(tmp_path)
    assert more.usage[0] == first.usage[5]
    np.testing.assert_array_equal(more.usage[1:], first.usage)


def test_folder_with_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        read_faces(tmp_path)
    make_folder(tmp_path, ["happy", "confused"])
    with pytest.raises(DataError, match=r"confused: not named after an emotion; rename it to one of anger, angry"):
        read_faces(tmp_path)
    (tmp_path / "confused").rename(tmp_path / "sad")
    (tmp_path / "sad" / "broken.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"broken\.jpg: damaged or no picture"):
        read_faces(tmp_path)
    # A name that is not UTF-8 took the process down with it.
    (tmp_path / "sad" / "broken.jpg").rename(os.fsdecode(os.fsencode(tmp_path / "sad") + b"/\xff\xfe.jpg"))
    with pytest.raises(DataError, match="damaged or no picture"):
        read_faces(tmp_path)
    with pytest.raises(DataError, match="FER\\+ votes belong to rows"):
        read_faces(tmp_path, tmp_path / "fer2013new.csv")


def test_folder_with_half_a_split(tmp_path: Path) -> None:
    make_folder(tmp_path / "train", list(Emotion))
    with pytest.raises(DataError, match="has train/ but no validation/"):
        read_faces(tmp_path)


def test_rows_without_a_face_stay_in_step(tmp_path: Path) -> None:
    """The published files hold faces that FER+ found to be none: they keep FER's label and have none of FER+."""
    data = write(tmp_path / "d.csv", HEADER, csv_line(0, FACE, "Training"), csv_line(4, FACE, "Training"))
    votes = write(
        tmp_path / "v.csv",
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF",
        votes_line("Training", nf=10),
        votes_line("Training", sad=8, unknown=2),
    )
    faces = read_faces(data, votes)
    assert faces.fer.tolist() == [0, 4]
    assert faces.ferplus.tolist() == [NO_LABEL, 4]


def test_balanced_rows_take_from_all_classes() -> None:
    labels = np.repeat(np.arange(7), [3000, 5, 300, 300, 300, 300, 300])
    empty = np.zeros((len(labels), 48, 48), np.uint8)
    rows = balanced_rows(Faces(empty, labels, None, np.full(len(labels), "Training")), 1000, seed=0)
    counts = np.bincount(labels[rows])
    assert len(set(rows.tolist())) == counts.sum() == 1000
    assert counts[1] == 5
    assert counts[[0, 2, 3, 4, 5, 6]].min() >= 165


@pytest.mark.footage
def test_the_real_files(real_faces: Faces) -> None:
    """The row counts of the published majority protocol (Barsoum et al. 2016) on the rows that have a face."""
    for usage, rows, with_majority in ((Usage.TRAINING, 28_558, 25_057), (Usage.PUBLIC_TEST, 3_579, 3_199)):
        part = split(real_faces, usage, Path("fer2013.csv.xz"))
        assert len(part) == rows
        assert (part.ferplus != NO_LABEL).sum() == with_majority
        assert np.bincount(part.fer, minlength=7).min() > 0
