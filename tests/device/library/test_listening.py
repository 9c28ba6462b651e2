"""Listening happens in a process that may misbehave in every way a decoder can."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path

import psutil
import pytest

from mien_device.library.analysers import LISTENED, FakeAnalyser
from mien_device.library.analysis_child import NICE
from mien_device.library.analysis_worker import AnalysisWorker
from mien_device.library.catalogue import forgive
from mien_device.library.listening import Heard, listen_to_all
from mien_device.library.scan import scan
from mien_device.library.store import Library
from mien_models.errors import MissingDependencyError, MusicError
from tests.device.library.audio import SUFFIXES, write_sound, write_tags
from tests.waiting import LIMIT_S

MEGABYTES = 1 << 20


def listen(library: Library, music: Path, *, time_limit_s: float = LIMIT_S, size_limit: int = 100 * MEGABYTES) -> Heard:
    scan(library, [music])
    with AnalysisWorker("fake", time_limit_s) as worker:
        return listen_to_all(library, worker, size_limit)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_child_says_what_the_analyser_says(tmp_path: Path, suffix: str) -> None:
    path = write_sound(tmp_path / f"song \udcff.{suffix}")
    expected = FakeAnalyser().listen(path)
    with AnalysisWorker("fake", LIMIT_S) as worker:
        heard = worker.listen(path)
        assert worker.version == FakeAnalyser.version
    assert heard.features.tolist() == expected.features.tolist()
    assert heard.estimate == expected.estimate
    assert (heard.mood, heard.duration_s, heard.key) == (expected.mood, expected.duration_s, None)


def test_what_was_heard_is_kept_and_not_heard_again(
    library: Library, music: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "listened"
    monkeypatch.setenv(LISTENED, str(log))
    loud, quiet = write_sound(music / "loud.mp3", 1, level=0.5), write_sound(music / "quiet.mp3", 2, level=0.01)
    assert listen(library, music).songs == 2
    songs = {song.path.name: song for song in library.songs()}
    assert songs["loud.mp3"].analysis is not None
    assert songs["loud.mp3"].arousal_percentile == 0.75
    assert songs["quiet.mp3"].arousal_percentile == 0.25
    write_tags(loud, "Loud")
    quiet.rename(music / "moved.mp3")
    assert listen(library, music).songs == 0
    assert len(log.read_text().splitlines()) == 2
    assert {song.title: song.mood for song in library.songs()} == {
        "Loud": songs["loud.mp3"].mood,
        "moved": songs["quiet.mp3"].mood,
    }


def test_bad_files_cost_only_themselves(library: Library, music: Path) -> None:
    write_sound(music / "crash.wav", 1)
    write_sound(music / "hang.wav", 2)
    write_sound(music / "large.wav", 3, seconds=15)
    write_sound(music / "nan.wav", 4)
    write_sound(music / "song.wav", 5)
    cut = write_sound(music / "undecodable.flac", 6)
    cut.write_bytes(cut.read_bytes()[:8000] + bytes(100) + cut.read_bytes()[-8000:])
    broken_opus = write_sound(music / "opus.opus", 7)
    content = bytearray(broken_opus.read_bytes())
    content[28:36] = b"OpusNone"  # its tags go, and nobody can decode it
    broken_opus.write_bytes(content)
    heard = listen(library, music, time_limit_s=10, size_limit=MEGABYTES)
    reasons = {problem.path.name: problem.reason for problem in heard.problems}
    assert "SIGABRT" in reasons["crash.wav"]
    assert "more than 10 s" in reasons["hang.wav"]
    assert "larger than 1 MB" in reasons["large.wav"]
    assert "ValueError" in reasons["nan.wav"]
    assert all("\n" not in reason for reason in reasons.values())
    assert "song.wav" not in reasons
    analysed = {song.path.name for song in library.songs() if song.analysis}
    assert "song.wav" in analysed
    assert {broken.path.name for broken in library.broken()} >= {
        "crash.wav",
        "hang.wav",
        "large.wav",
        "nan.wav",
        "opus.opus",
    }


def test_the_broken_are_not_tried_again_until_asked(library: Library, music: Path) -> None:
    write_sound(music / "crash.wav")
    assert len(listen(library, music).problems) == 1
    assert listen(library, music).problems == []
    forgive(library)
    (music / "crash.wav").rename(music / "fine.wav")
    assert listen(library, music).songs == 1
    assert library.broken() == []


def test_another_version_listens_again_and_keeps_the_old_until_then(
    library: Library, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sound(music / "a.wav")
    listen(library, music)
    with library.transaction():
        library.execute("UPDATE analysis SET version = 'older', valence = 0.25")
    (song,) = library.songs()
    assert song.estimate is not None
    assert song.estimate.valence == 0.25
    scan(library, [music])
    with AnalysisWorker("fake", 30) as worker:
        assert listen_to_all(library, worker, 100 * MEGABYTES, stop=lambda: True).left == 1, "it may be stopped"
    assert library.songs()[0].estimate == song.estimate
    assert listen(library, music).songs == 1, "and goes on"
    (song,) = library.songs()
    assert song.estimate is not None
    assert song.estimate.valence != 0.25


def test_the_child_steps_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)  # which the tests set for themselves
    path = write_sound(tmp_path / "song.wav")
    with AnalysisWorker("fake", LIMIT_S) as worker:
        worker.listen(path)
        (child,) = (
            process for process in psutil.Process().children() if "analysis_child" in " ".join(process.cmdline())
        )
        assert child.nice() == NICE
        assert child.environ()["OPENBLAS_NUM_THREADS"] == child.environ()["OMP_NUM_THREADS"] == "1"
        assert child.num_threads() == 1
        assert os.getpgid(child.pid) != os.getpgrp()  # Ctrl-C does not reach it
    assert not child.is_running()


def test_an_answer_that_comes_too_late_is_nobodys(tmp_path: Path) -> None:
    hang, song = write_sound(tmp_path / "hang.wav", 1), write_sound(tmp_path / "song.wav", 2)
    with AnalysisWorker("fake", 10) as worker:
        with pytest.raises(MusicError, match=r"hang.wav: listening took more than 10 s"):
            worker.listen(hang)
        assert worker.listen(song).estimate == FakeAnalyser().listen(song).estimate


def test_the_real_one_or_what_to_do_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.library.analysis_worker.START_S", 4 * LIMIT_S)  # it gives way to all else
    if importlib.util.find_spec("mien_models.listening.listen"):
        with AnalysisWorker("listener", LIMIT_S) as worker:
            assert worker.version
    else:
        with pytest.raises(MissingDependencyError, match="--analyser none"):
            AnalysisWorker("listener", LIMIT_S)


def test_a_file_that_changes_meanwhile_is_left_for_the_next_scan(library: Library, music: Path) -> None:
    path = write_sound(music / "a.wav", 1)
    scan(library, [music])
    time.sleep(0.01)
    write_sound(path, 2)
    with AnalysisWorker("fake", LIMIT_S) as worker:
        report = listen_to_all(library, worker, MEGABYTES)
    assert (report.songs, report.problems) == (0, [])
    assert listen(library, music).songs == 1
    (song,) = library.songs()
    assert song.estimate == FakeAnalyser().listen(path).estimate


def test_it_can_be_stopped_between_two_songs(library: Library, music: Path) -> None:
    for number in range(3):
        write_sound(music / f"{number}.wav", number)
    scan(library, [music])
    done: list[int] = []
    with AnalysisWorker("fake", LIMIT_S) as worker:
        report = listen_to_all(
            library, worker, MEGABYTES, progress=lambda count, _: done.append(count), stop=lambda: bool(done)
        )
    assert (report.songs, report.left) == (1, 2)
