"""Replays: every format, real time, the end and the beginning again, and files that are none."""

from __future__ import annotations

import csv
import logging
import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from mien_device.camera import Frame
from mien_device.camera.pace import LeapingClock
from mien_device.camera.replay import ReplayCamera
from mien_models.errors import DataError
from tests.device.camera.clips import number_in, write_clip, write_picture
from tests.waiting import well_within


class HandClock(LeapingClock):
    """Passes by hand as well."""

    def advance(self, seconds: float) -> None:
        self._now += seconds


def frames_of(camera: ReplayCamera) -> list[Frame]:
    frames = list(iter(camera.read, None))
    camera.close()
    return frames


def all_numbers(path: Path) -> list[int]:
    return [number_in(frame.image) for frame in frames_of(ReplayCamera(path, loop=False, realtime=False))]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.avi")


class TestFormats:
    @pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".gif"])
    def test_every_frame_in_order(self, tmp_path: Path, suffix: str) -> None:
        assert all_numbers(write_clip(tmp_path / f"clip{suffix}")) == list(range(10))

    def test_frames_are_numbered_and_stamped_at_the_rate_of_the_video(self, clip: Path) -> None:
        frames = frames_of(ReplayCamera(clip, fps=3, loop=False, realtime=False))
        assert [frame.number for frame in frames] == list(range(10))
        assert all(b.captured_at - a.captured_at == pytest.approx(0.1) for a, b in pairwise(frames))
        assert {(frame.image.shape, frame.image.dtype.name) for frame in frames} == {((48, 64, 3), "uint8")}

    def test_a_folder_in_the_order_of_its_names(self, tmp_path: Path) -> None:
        for name, number in (("b.png", 2), ("a.JPG", 1), ("c.bmp", 3)):
            write_picture(tmp_path / name, number)
        (tmp_path / "notes.txt").write_text("not a picture, and not meant to be one")
        (tmp_path / "d.png").mkdir()
        assert all_numbers(tmp_path) == [1] * 10 + [2] * 10 + [3] * 10

    @pytest.mark.parametrize(("fps", "count"), [(2.5, 3), (1, 1), (0.5, 1)])
    def test_a_picture_is_shown_for_a_second_and_at_least_once(self, tmp_path: Path, fps: float, count: int) -> None:
        camera = ReplayCamera(write_picture(tmp_path / "one.png"), fps=fps, loop=False, realtime=False)
        assert len(frames_of(camera)) == count

    def test_at_a_low_rate_no_picture_is_left_out(self, tmp_path: Path) -> None:
        for number in range(4):
            write_picture(tmp_path / f"{number}.png", number)
        camera = ReplayCamera(tmp_path, fps=0.5, loop=False, realtime=False)
        assert [number_in(frame.image) for frame in frames_of(camera)] == [0, 1, 2, 3]

    def test_who_draws_on_a_picture_does_not_draw_on_the_next(self, tmp_path: Path) -> None:
        camera = ReplayCamera(write_picture(tmp_path / "one.png"), realtime=False)
        for _ in range(3):
            frame = camera.read()
            assert frame is not None
            assert number_in(frame.image) == 0
            frame.image[:] = 255


class TestBrokenFiles:
    @pytest.mark.parametrize("name", ["none.mp4", "none.png", "no/folder"])
    def test_missing(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(DataError, match=r"No such file.*replay:PATH"):
            ReplayCamera(tmp_path / name)

    def test_a_name_that_no_file_can_have(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="too long"):
            ReplayCamera(tmp_path / ("x" * 1000))

    def test_a_name_that_is_not_utf8(self, tmp_path: Path) -> None:
        """OpenCV 4.14 takes the whole process down at such a name."""
        for suffix in (b".mkv", b".png"):
            video = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe" + suffix))
            video.write_bytes(b"nothing to see")
            with pytest.raises(DataError):
                ReplayCamera(video)
        write_picture(tmp_path / "a.png", 7)
        (tmp_path / "a.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png"))
        assert number_in(frames_of(ReplayCamera(tmp_path, loop=False, realtime=False))[0].image) == 7

    @pytest.mark.parametrize("name", ["party.mp4", "party.gif", "party.png", "party"])
    def test_text_that_calls_itself_a_video(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_text("this is no video")
        with pytest.raises(DataError, match=rf"{name}: not a .*convert it"):
            ReplayCamera(path)

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "empty.mp4").touch()
        with pytest.raises(DataError, match=r"empty\.mp4"):
            ReplayCamera(tmp_path / "empty.mp4")

    def test_an_mp4_without_its_index(self, tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "clip.mp4")
        clip.write_bytes(clip.read_bytes()[:-300])  # an mp4's index stands at its end
        with pytest.raises(DataError, match=r"clip\.mp4"):
            ReplayCamera(clip)

    def test_a_truncated_video_is_shown_as_far_as_it_goes(self, tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "clip.mkv")
        clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 7 // 10])
        numbers = all_numbers(clip)
        assert 3 <= len(numbers) < 10
        assert numbers == list(range(len(numbers)))

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no pictures in this folder"):
            ReplayCamera(tmp_path)

    def test_a_folder_of_broken_pictures(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_text("no picture")
        (tmp_path / "b.png").write_text("no picture")
        with pytest.raises(DataError, match=r"a\.png"):
            ReplayCamera(tmp_path)

    def test_broken_pictures_are_left_out_with_one_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for name in ("a.png", "c.png", "e.png"):
            (tmp_path / name).write_text("no picture")
        write_picture(tmp_path / "b.png", 1)
        write_picture(tmp_path / "d.png", 2)
        camera = ReplayCamera(tmp_path, fps=2, realtime=False)
        numbers = []
        for _ in range(8):
            frame = camera.read()
            assert frame is not None
            numbers.append(number_in(frame.image))
        assert numbers == [1, 1, 2, 2, 1, 1, 2, 2]
        warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert [message.split(":")[0] for message in warned] == [str(tmp_path / f"{name}.png") for name in "ace"]

    def test_a_picture_that_vanished(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "a.png", 1)
        write_picture(tmp_path / "b.png", 2)
        camera = ReplayCamera(tmp_path, fps=1, loop=False, realtime=False)
        (tmp_path / "b.png").unlink()
        assert len(frames_of(camera)) == 1


class TestTime:
    def test_ten_frames_at_ten_a_second_last_a_second(self, clip: Path) -> None:
        camera = ReplayCamera(clip, loop=False)
        start = time.monotonic()
        frames = frames_of(camera)
        assert time.monotonic() - start > 0.95
        assert all(number_in(frame.image) / 10 <= frame.captured_at - start for frame in frames)

    def test_time_begins_with_the_first_read(self, clip: Path) -> None:
        clock = HandClock()
        camera = ReplayCamera(clip, clock=clock)
        clock.advance(0.3)
        frame = camera.read()
        assert frame is not None
        assert number_in(frame.image) == 0

    def test_a_slow_reader_gets_what_is_on_screen(self, clip: Path) -> None:
        clock = HandClock()
        camera = ReplayCamera(clip, loop=False, clock=clock)
        seen = []
        while (frame := camera.read()) is not None:
            seen.append(number_in(frame.image))
            clock.advance(0.36)
        assert seen == [0, 3, 7]

    def test_a_picture_keeps_its_second(self, tmp_path: Path) -> None:
        clock = HandClock()
        camera = ReplayCamera(write_picture(tmp_path / "one.png"), fps=5, loop=False, clock=clock)
        start = clock.now()
        assert len(frames_of(camera)) == 5
        assert clock.now() - start == pytest.approx(1.0)

    def test_a_loop_begins_again_in_step(self, tmp_path: Path) -> None:
        camera = ReplayCamera(write_clip(tmp_path / "clip.avi", frames=3, fps=10), realtime=False)
        frames = [camera.read() for _ in range(8)]
        camera.close()
        assert [number_in(frame.image) for frame in frames if frame] == [0, 1, 2, 0, 1, 2, 0, 1]
        stamps = [frame.captured_at for frame in frames if frame]
        assert all(b - a == pytest.approx(0.1) for a, b in pairwise(stamps))

    def test_a_loop_in_real_time(self, tmp_path: Path) -> None:
        camera = ReplayCamera(write_clip(tmp_path / "clip.avi", frames=3, fps=20))
        start = time.monotonic()
        frames = [camera.read() for _ in range(7)]
        assert time.monotonic() - start > 0.29, "the seventh is due after six periods"
        camera.close()
        assert None not in frames

    def test_a_loop_left_alone_for_rounds_begins_anew(self, tmp_path: Path) -> None:
        clock = HandClock()
        camera = ReplayCamera(write_clip(tmp_path / "clip.avi", frames=3, fps=20), clock=clock)
        assert camera.read() is not None
        clock.advance(0.5)
        frames = [frame for _ in range(3) if (frame := camera.read())]
        assert [number_in(frame.image) for frame in frames] == [0, 1, 2]
        assert frames[2].captured_at - frames[0].captured_at == pytest.approx(0.1)


class TestClose:
    def test_a_read_that_waits_returns(self, tmp_path: Path) -> None:
        for name in ("a.png", "b.png"):
            write_picture(tmp_path / name)
        camera = ReplayCamera(tmp_path, fps=1 / 120)
        assert camera.read() is not None
        threading.Timer(0.1, camera.close).start()
        with well_within(120):
            assert camera.read() is None

    def test_twice_and_then_read(self, clip: Path) -> None:
        camera = ReplayCamera(clip)
        camera.close()
        camera.close()
        assert camera.read() is None

    def test_the_end_stays_the_end(self, clip: Path) -> None:
        camera = ReplayCamera(clip, loop=False, realtime=False)
        assert len(list(iter(camera.read, None))) == 10
        assert camera.read() is None


@pytest.mark.footage
def test_real_clips_have_all_their_frames(footage: Path) -> None:
    with (footage / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(("clips/asl_", "clips_gif/"))]
    assert rows
    wrong = {}
    for row in rows:
        camera = ReplayCamera(footage / row["file"], loop=False, realtime=False)
        sizes = [frame.image.shape[1::-1] for frame in iter(camera.read, None)]
        camera.close()
        width, height = map(int, row["size"].split("x"))
        if sizes != [(width, height)] * int(row["frames"]):
            wrong[row["file"]] = (len(sizes), set(sizes))
    assert not wrong
