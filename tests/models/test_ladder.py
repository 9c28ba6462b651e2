"""From the Edge TPU to the processor and back, live: a crash, a hang, a device that is pulled out."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien_models import ladder as ladder_module
from mien_models import runtime
from mien_models.coral import EdgeTpu, reset_usb, usb_devices
from mien_models.errors import ModelError
from mien_models.labels import Emotion
from mien_models.ladder import Ladder
from mien_models.runner import Classifier
from mien_models.runtime import Accelerator, open_on_processor, try_edgetpu
from tests.make_tiny_model import TINY_MODEL, picture
from tests.needs import need_program
from tests.waiting import wait_until


class ToyTpu:
    """The processor, which fails as `fault` says."""

    def __init__(self) -> None:
        self.fault = ""
        self.probes = self.resets = 0
        self.wake = threading.Event()

    def probe(self, model: Path) -> str | None:
        self.probes += 1
        return self.fault or None

    def open(self, model: Path, threads: int) -> Any:
        if self.fault:
            raise ModelError(f"it is {self.fault}; plug it in")
        return _Toy(self, open_on_processor(model, threads))

    def reset(self) -> None:
        self.resets += 1


class _Toy:
    def __init__(self, tpu: ToyTpu, interpreter: Any) -> None:
        self._tpu, self._interpreter = tpu, interpreter
        self.answers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interpreter, name)

    def invoke(self) -> None:
        if self._tpu.fault == "hung":
            self._tpu.wake.wait(30)
        if self._tpu.fault:
            raise RuntimeError(f"it is {self._tpu.fault}")
        self.answers += 1
        self._interpreter.invoke()


@pytest.fixture
def tpu() -> Iterator[ToyTpu]:
    tpu = ToyTpu()
    yield tpu
    tpu.wake.set()


@pytest.fixture
def ladder(tpu: ToyTpu, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ladder]:
    monkeypatch.setattr(ladder_module, "ANSWER_S", 0.3)
    ladder = Ladder(tpu, first_pause_s=0.05)
    yield ladder
    ladder.close()


def right(classifier: Classifier) -> bool:
    return list(Emotion)[classifier.read(picture(Emotion.FEAR)).probabilities.argmax()] is Emotion.FEAR


@pytest.mark.parametrize("fault", ["gone", "hung"])
def test_no_answer_is_lost_and_it_comes_back(tpu: ToyTpu, ladder: Ladder, fault: str) -> None:
    both = [Classifier.open(TINY_MODEL, Accelerator.AUTO, opener=ladder) for _ in range(2)]
    assert [each.accelerator for each in both] == [Accelerator.EDGETPU] * 2
    assert tpu.probes == 1, "one process at a time can have it: the second is not tried beside the first"
    assert all(right(each) for each in both)
    tpu.fault = fault
    assert right(both[0]), "this very answer comes from the processor"
    assert [each.accelerator for each in both] == [Accelerator.CPU] * 2
    assert ladder.trouble is not None
    assert "the processor does its work" in ladder.trouble
    assert all(right(each) for each in both)
    wait_until(lambda: tpu.resets >= 2)
    assert both[0].accelerator is Accelerator.CPU
    tpu.fault = ""
    wait_until(lambda: ladder.trouble is None)
    assert all(right(each) for each in both)
    assert [each.accelerator for each in both] == [Accelerator.EDGETPU] * 2


def test_one_that_is_asked_for_and_missing_is_a_trouble_and_found_later(tpu: ToyTpu, ladder: Ladder) -> None:
    tpu.fault = "missing"
    classifier = Classifier.open(TINY_MODEL, Accelerator.EDGETPU, opener=ladder)
    assert classifier.accelerator is Accelerator.CPU
    assert ladder.trouble is not None
    assert right(classifier)
    tpu.fault = ""
    wait_until(lambda: ladder.trouble is None)
    assert right(classifier)
    assert classifier.accelerator is Accelerator.EDGETPU


def test_one_that_was_only_hoped_for_is_no_trouble(tpu: ToyTpu, ladder: Ladder) -> None:
    tpu.fault = "missing"
    classifier = Classifier.open(TINY_MODEL, Accelerator.AUTO, opener=ladder)
    assert right(classifier)
    assert (classifier.accelerator, ladder.trouble, tpu.resets) == (Accelerator.CPU, None, 0)
    assert right(Classifier.open(TINY_MODEL, Accelerator.AUTO, opener=ladder))
    assert tpu.probes == 1, "each costs a second of the start"


def test_one_that_is_closed_is_asked_for_no_more(tpu: ToyTpu, ladder: Ladder, tmp_path: Path) -> None:
    """An emotion model that was tried and taken back: its file is gone, and must not keep the other one from the device."""
    gone = Path(shutil.copytree(TINY_MODEL, tmp_path / "gone"))
    stays, tried = (Classifier.open(path, Accelerator.AUTO, opener=ladder) for path in (TINY_MODEL, gone))
    assert right(tried)
    tried.close()
    shutil.rmtree(gone)
    tpu.fault = "gone"
    assert right(stays)
    tpu.fault = ""
    wait_until(lambda: ladder.trouble is None)
    assert right(stays)
    assert stays.accelerator is Accelerator.EDGETPU


def test_one_that_took_the_process_down_is_left_alone_for_longer_each_time(tpu: ToyTpu, tmp_path: Path) -> None:
    mark = tmp_path / "state" / "edgetpu-in-use"
    pauses = []
    for _ in range(3):
        ladder = Ladder(tpu, first_pause_s=0.05, mark=mark)
        classifier = Classifier.open(TINY_MODEL, Accelerator.EDGETPU, opener=ladder)
        pauses.append(ladder._first_pause_s)
        assert (ladder.trouble is None) is (len(pauses) == 1)
        wait_until(lambda ladder=ladder: ladder.trouble is None)
        assert right(classifier)
        assert classifier.accelerator is Accelerator.EDGETPU
        assert mark.exists(), "the process ends here, without a word"
        ladder._closed.set()
    assert pauses == pytest.approx([0.05, 0.25, 1.25])
    tpu.fault = "gone"
    assert right(classifier)
    assert not mark.exists(), "it is not in use any more"
    tpu.fault = ""
    last = Ladder(tpu, mark=mark)
    assert Classifier.open(TINY_MODEL, Accelerator.EDGETPU, opener=last).accelerator is Accelerator.EDGETPU
    last.close()
    assert not mark.exists(), "a stop is no crash"


def test_closed_no_thread_is_left(tpu: ToyTpu, ladder: Ladder) -> None:
    before = set(threading.enumerate())
    classifier = Classifier.open(TINY_MODEL, Accelerator.AUTO, opener=ladder)
    assert right(classifier)
    tpu.fault = "gone"
    assert right(classifier)
    ladder.close()
    wait_until(lambda: set(threading.enumerate()) <= before)


@pytest.mark.parametrize(
    ("invoke", "said"),
    [
        ("*(volatile int *)0 = 1; return 0;", "crashes with signal 11 while it is tried"),
        ("return 1;", "Node number"),
        ("for (;;) sleep(1);", "hangs while it is tried"),
    ],
)
def test_a_delegate_that_fails_at_the_first_answer_is_found_out_in_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: str, said: str
) -> None:
    """Loading it says little: libedgetpu has crashed at the first answer as well."""
    library = tmp_path / "delegate.so"
    source = Path(__file__).with_name("invoking_delegate.c")
    subprocess.run([need_program("gcc"), "-shared", "-fPIC", f"-DINVOKE={invoke}", "-o", library, source], check=True)
    assert try_edgetpu(str(library)) is None
    if "hangs" in said:
        run = subprocess.run
        monkeypatch.setattr(subprocess, "run", lambda *args, timeout, **rest: run(*args, timeout=3, **rest))
    reason = try_edgetpu(str(library), TINY_MODEL / "emotion_int8.tflite")
    assert reason is not None
    assert said in reason
    monkeypatch.setattr(runtime, "EDGETPU_LIBRARY", str(library))
    ladder = Ladder(EdgeTpu(), first_pause_s=60)
    classifier = Classifier.open(TINY_MODEL, Accelerator.EDGETPU, opener=ladder)
    assert right(classifier)
    assert said in (ladder.trouble or "")
    ladder.close()


def test_corals_are_found_under_both_ids_and_reset_by_the_right_call(tmp_path: Path) -> None:
    for name, vendor, product, number in (
        ("1-1", "1a6e", "089a", 4),
        ("2-2", "18d1", "9302", 11),
        ("3-1", "046d", "1", 2),
    ):
        folder = tmp_path / "bus/usb/devices" / name
        folder.mkdir(parents=True)
        texts = {"idVendor": vendor, "idProduct": product, "busnum": name[0], "devnum": number}
        for key, text in texts.items():
            (folder / key).write_text(f"{text}\n")
    (tmp_path / "bus/usb/devices/usb1").mkdir()
    assert usb_devices(tmp_path, Path("/dev")) == [Path("/dev/bus/usb/001/004"), Path("/dev/bus/usb/002/011")]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        reset_usb(tmp_path / "file")
