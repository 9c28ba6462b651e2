"""Run directories: whole files, matching settings, known versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mien_models.errors import ConfigError, DataError
from mien_models.labels import Head
from mien_training import runs
from mien_training.emotion.config import TrainConfig

CONFIG = TrainConfig(data="fer2013.csv", fingerprint="f", heads=(Head.FER,))


def test_a_new_run_keeps_its_settings(tmp_path: Path) -> None:
    run = tmp_path / "deep" / "run"
    runs.claim(run, CONFIG)
    assert runs.load_config(run, TrainConfig) == CONFIG
    runs.claim(run, CONFIG)  # taken up again


def test_other_settings_are_named(tmp_path: Path) -> None:
    runs.claim(tmp_path / "run", CONFIG)
    other = CONFIG.model_copy(update={"epochs": 3, "fingerprint": "g"})
    with pytest.raises(ConfigError, match=r"'epochs' was 60, now 3; 'fingerprint' was f, now g.*--out"):
        runs.claim(tmp_path / "run", other)


def test_who_begins_at_the_same_moment_shares_the_run_or_is_told_of_other_settings(tmp_path: Path) -> None:
    """As two hosts that search in one folder do; one that looked while another made it took it for something else."""
    begin, outcomes = threading.Barrier(6), []

    def start(round_: int, epochs: int) -> None:
        begin.wait()
        try:
            runs.claim(tmp_path / str(round_), CONFIG.model_copy(update={"epochs": epochs}))
        except ConfigError as error:
            outcomes.append(str(error))
        else:
            outcomes.append("")

    for round_ in range(40):
        outcomes.clear()
        threads = [threading.Thread(target=start, args=(round_, 3 + number % 2)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count("") == 3, outcomes
        assert all("'epochs' was" in outcome for outcome in outcomes if outcome)
        assert [path.name for path in (tmp_path / str(round_)).iterdir()] == [runs.CONFIG]


def test_two_processes_do_not_train_in_one_run(tmp_path: Path) -> None:
    runs.claim(tmp_path, CONFIG)
    child = f"""
from pathlib import Path
from mien_training import runs
with runs.alone(Path({str(tmp_path)!r})):
    print("trains", flush=True)
    input()
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"trains\n"
        longer = CONFIG.model_copy(update={"epochs": 90})
        runs.claim(tmp_path, longer, free=["epochs"])
        with pytest.raises(ConfigError, match="another process trains there"), runs.alone(tmp_path):
            pass
        assert runs.load_config(tmp_path, TrainConfig) == CONFIG
        other.kill()
    with runs.alone(tmp_path):  # a process that was killed holds nothing
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is no run of mien-train"):
        runs.claim(tmp_path, CONFIG)
    with pytest.raises(ConfigError, match="is no run of mien-train"):
        runs.claim(tmp_path / "photos.txt", CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["photos.txt"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"format": 2}', "'format' is 2, this mien-train reads 1"),
        ("[]", "'format' is None"),
        ("{", "cannot be read"),
        ('{"format": 1, "epoch": 3}', "unknown key 'epoch', did you mean 'epochs'?"),
    ],
)
def test_config_of_another_kind(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / runs.CONFIG).write_text(text)
    with pytest.raises(ConfigError) as caught:
        runs.claim(tmp_path, CONFIG)
    assert complaint in str(caught.value)
    assert runs.CONFIG in str(caught.value)


def test_writing_leaves_the_old_file_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.json"
    runs.write_json(path, [1])

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DataError, match=r"history\.json: cannot be written \(No space left on device\)"):
        runs.write_json(path, [1, 2])
    assert json.loads(path.read_text()) == [1]


def test_arrays_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    runs.write_arrays(path, {"faces": np.arange(6, dtype=np.uint8).reshape(2, 3)})
    np.testing.assert_array_equal(runs.read_arrays(path)["faces"], [[0, 1, 2], [3, 4, 5]])
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=r"a\.npz: damaged"):
        runs.read_arrays(path)
