"""The short form of benchmarks/faults.py: what breaks heals, and the simulation would say so if it did not.

The simulations run beside each other, because most of each is waiting.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import waiting

pytestmark = pytest.mark.timeout(600)  # on a machine that does much else besides

TRACES = {
    # Nothing of this ends the process; each comes while another one is still being mended.
    "many": [
        ("sound-gone", 1, 3, "notice_s = 10"),
        ("disk-full", 2, 3, "notice_s = 10"),
        ("accelerator-gone", 3, 3, "notice_s = 10"),
        ("broker-away", 4, 2, ""),
        ("clock-jump", 5, 3, "ahead_s = -86400.0"),
        ("camera-unplugged", 6, 8, "notice_s = 10"),
        ("power-low", 7, 8, "notice_s = 10"),
    ],
    "crash": [("accelerator-crash", 1, 12, "")],
    "hung": [("camera-hung", 1, 14, "notice_s = 20"), ("sound-gone", 4, 3, "")],
    # A limit that nothing can keep: a verdict that is never bad is worth nothing.
    "impossible": [("power-low", 1, 1, "notice_s = 0.001")],
}
LIMIT_S = 60


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, dict[str, Any], str]]]:
    """Exit code, answer and standard error of each."""
    if os.geteuid() != 0:
        TRACES["many"] = [fault for fault in TRACES["many"] if fault[0] != "disk-full"]
    folder = tmp_path_factory.mktemp("traces")
    processes = {}
    for name, faults in TRACES.items():
        lines = [
            f'[[fault]]\nkind = "{kind}"\nat_s = {at_s}\nfor_s = {for_s}\nrecover_s = {LIMIT_S}\n{more}'
            for kind, at_s, for_s, more in faults
        ]
        path = folder / f"{name}.toml"
        path.write_text("\n".join(lines))
        processes[name] = subprocess.Popen(
            [sys.executable, "-m", "mien_device", "simulate", str(path), "--json"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MIEN_CACHE_DIR": str(folder / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    answers = {}
    try:
        for name, process in processes.items():
            out, err = process.communicate(timeout=500)
            answers[name] = process.returncode, json.loads(out) if out else {}, err
        yield answers
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.terminate()
                process.wait(waiting.LIMIT_S)


@pytest.mark.parametrize("name", ["many", "crash", "hung"])
def test_all_is_well_again(runs: dict[str, tuple[int, dict[str, Any], str]], name: str) -> None:
    code, answer, error = runs[name]
    assert code == 0, (answer, error)
    assert [fault["kind"] for fault in answer["faults"]] == [fault[0] for fault in TRACES[name]]
    assert answer["kept"]
    assert all(fault["ok"] for fault in answer["faults"])


def test_only_what_takes_the_process_down_ends_it(runs: dict[str, tuple[int, dict[str, Any], str]]) -> None:
    assert runs["many"][1]["ends"] == []
    assert runs["hung"][1]["ends"] == []
    assert runs["crash"][1]["ends"][0] == -11, (
        "it is started again, and the crash at the second start costs a child only"
    )


def test_what_is_not_in_time_is_said(runs: dict[str, tuple[int, dict[str, Any], str]]) -> None:
    code, answer, error = runs["impossible"]
    assert code == 10
    assert not answer["ok"]
    assert "not in time: power-low" in error
    assert len(error.strip().splitlines()) == 1


def test_a_simulation_leaves_nothing_behind(runs: dict[str, tuple[int, dict[str, Any], str]]) -> None:
    mounts = Path("/proc/mounts").read_text()
    assert "mien-simulate" not in mounts
