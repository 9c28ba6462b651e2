"""The choice of runtime and accelerator, without any Edge TPU: a library of our own takes its place."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mien_models import runtime
from mien_models.errors import MissingDependencyError, ModelError
from mien_models.labels import Emotion
from mien_models.runner import Classifier
from mien_models.runtime import Accelerator, find_runtime, probe_edgetpu
from tests.make_tiny_model import TINY_MODEL, picture
from tests.needs import need_program

MODES = ("WORKS", "NO_DEVICE", "CRASHES", "PREPARE_FAILS")
RUNTIMES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}


@pytest.fixture(autouse=True)
def fresh_choice() -> Iterator[None]:
    """Both answers are kept for the life of a process, which here is many tests."""
    find_runtime.cache_clear()
    probe_edgetpu.cache_clear()
    yield
    find_runtime.cache_clear()
    probe_edgetpu.cache_clear()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make exactly these runtimes importable, each as an empty module."""

    def only(*names: str) -> None:
        for name, module in RUNTIMES.items():
            parts = module.split(".")
            for depth in range(1, len(parts) + 1):
                path = ".".join(parts[:depth])
                # None in sys.modules is Python's own way to make an import fail.
                monkeypatch.setitem(sys.modules, path, ModuleType(path) if name in names else None)

    return only


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (("tensorflow", "tflite-runtime", "ai-edge-litert"), "ai-edge-litert"),
        (("tensorflow", "tflite-runtime"), "tflite-runtime"),
        (("tensorflow",), "tensorflow"),
    ],
)
def test_the_lightest_runtime_is_chosen(
    install: Callable[..., None], installed: tuple[str, ...], chosen: str, caplog: pytest.LogCaptureFixture
) -> None:
    install(*installed)
    caplog.set_level(logging.INFO)

    found = find_runtime()
    find_runtime()

    assert found.name == chosen
    assert found.module is sys.modules[RUNTIMES[chosen]]
    assert len(caplog.records) == 1
    passed_over = list(RUNTIMES)[: list(RUNTIMES).index(chosen)]
    assert all(name in caplog.text for name in passed_over)


def test_without_any_runtime_it_says_what_to_install(install: Callable[..., None]) -> None:
    install()

    with pytest.raises(MissingDependencyError, match="pip install ai-edge-litert") as caught:
        find_runtime()

    assert all(name in str(caught.value) for name in RUNTIMES)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The stand-in for libedgetpu in each of its modes."""
    compiler = need_program("gcc")
    folder = tmp_path_factory.mktemp("delegates")
    numbers = [f"-D{mode}={number}" for number, mode in enumerate(MODES)]
    source = Path(__file__).with_name("stub_delegate.c")
    built = {}
    for mode in MODES:
        built[mode] = folder / f"{mode.lower()}.so"
        subprocess.run(
            [compiler, "-shared", "-fPIC", *numbers, f"-DMODE={mode}", "-o", built[mode], source],
            check=True,
            timeout=60,
        )
    return built


@pytest.fixture
def edgetpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a library in the place of libedgetpu: a mode of the stub, or a path."""
    name = request.param
    library = str(request.getfixturevalue("libraries")[name]) if name in MODES else name
    monkeypatch.setattr(runtime, "EDGETPU_LIBRARY", library)


def answers(classifier: Classifier) -> bool:
    return list(Emotion)[classifier.read(picture(Emotion.FEAR)).probabilities.argmax()] is Emotion.FEAR


@pytest.mark.parametrize("edgetpu", ["WORKS"], indirect=True)
@pytest.mark.parametrize("wanted", [Accelerator.EDGETPU, Accelerator.AUTO])
@pytest.mark.usefixtures("edgetpu")
def test_the_edge_tpu_is_used_when_it_answers(wanted: Accelerator) -> None:
    classifier = Classifier.open(TINY_MODEL, wanted)

    assert classifier.accelerator is Accelerator.EDGETPU
    assert answers(classifier)


FAILURES = {
    "NO_DEVICE": "Failed to load delegate from",
    "CRASHES": "crashes with signal 11 while it is loaded",
    "/nowhere/libedgetpu.so.1": "/nowhere/libedgetpu.so.1: cannot open shared object file",
    "PREPARE_FAILS": "cannot run it",
}


@pytest.mark.parametrize(("edgetpu", "reason"), FAILURES.items(), indirect=["edgetpu"])
@pytest.mark.usefixtures("edgetpu")
def test_an_edge_tpu_that_was_asked_for_must_answer(reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        Classifier.open(TINY_MODEL, Accelerator.EDGETPU)

    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("edgetpu", "reason"), FAILURES.items(), indirect=["edgetpu"])
@pytest.mark.usefixtures("edgetpu")
def test_auto_goes_on_without_it_and_says_why(reason: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    classifier = Classifier.open(TINY_MODEL, Accelerator.AUTO)

    assert classifier.accelerator is Accelerator.CPU
    assert answers(classifier)
    assert reason in caplog.text


def test_a_library_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], *, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hang)

    assert probe_edgetpu("libedgetpu.so.1") == "libedgetpu.so.1 hangs while it is loaded"


@pytest.mark.parametrize("edgetpu", ["WORKS"], indirect=True)
@pytest.mark.usefixtures("edgetpu")
def test_the_processor_is_used_without_asking_the_edge_tpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "probe_edgetpu", lambda _: pytest.fail("asked"))

    assert Classifier.open(TINY_MODEL, Accelerator.CPU).accelerator is Accelerator.CPU


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_change_the_answer(threads: int) -> None:
    assert answers(Classifier.open(TINY_MODEL, threads=threads))
