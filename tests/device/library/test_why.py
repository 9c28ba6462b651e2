"""`mien library why` over a real play log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien_device.__main__ import main
from mien_device.library import Play
from mien_device.library.scan import scan
from mien_device.library.store import Library
from mien_device.listeners import Ending
from tests.device.library.audio import write_sound, write_tags

SENTENCE = "Lift: begins at a mood that looks unpleasant."


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_STATE_DIR", str(tmp_path / "state"))
    for name, artist in (("Rain", "Nina"), ("Sun", "")):
        write_tags(write_sound(tmp_path / "music" / f"{name}.wav", ord(name[0])), name, artist)
    with Library.open(tmp_path / "state") as library:
        scan(library, [tmp_path / "music"])
        rain, sun = library.songs()
        for song, started, ending, why in (
            (rain, 0.0, Ending.PLAYED, SENTENCE),
            (sun, 60.0, Ending.SKIPPED, SENTENCE),
            (rain, 120.0, Ending.CUT, ""),
        ):
            library.played(Play(song.id, started, "sad", "lift", 5.0, 180.0, ending, why))
        (tmp_path / "music" / "Sun.wav").unlink()
        scan(library, [tmp_path / "music"])


@pytest.mark.usefixtures("played")
def test_the_newest_come_first_each_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "why", "--last", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("Rain - Nina")
    assert lines[1].strip() == "No reason was kept."
    assert lines[2].endswith("Sun (skipped)"), "it was played, though its file is gone by now"
    assert lines[3].strip() == SENTENCE


@pytest.mark.usefixtures("played")
def test_json_has_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "why", "--json"]) == 0
    newest, _, first = json.loads(capsys.readouterr().out)
    assert (first["title"], first["artist"], first["mode"], first["mood"]) == ("Rain", "Nina", "lift", "sad")
    assert (first["started"], newest["skipped"]) == ("1970-01-01T00:00:00+00:00", False)


def test_an_empty_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIEN_STATE_DIR", str(tmp_path))
    assert main(["library", "why"]) == 0
    assert capsys.readouterr().out == "nothing was played from the library yet\n"
