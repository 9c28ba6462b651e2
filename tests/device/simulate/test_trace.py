"""Reading traces, and judging what became of them."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from mien_device.__main__ import main
from mien_device.simulate import supervisor as supervisor_module
from mien_device.simulate.supervisor import Supervisor, environment
from mien_device.simulate.trace import Fault, Kind, load_trace, shipped_traces
from mien_device.simulate.verdict import clusters, judge, stretch_for
from mien_device.simulate.world import World
from mien_models.errors import DataError
from tests.waiting import wait_until


def test_every_fault_has_a_shipped_trace_that_states_its_recovery() -> None:
    traces = {name: load_trace(name) for name in shipped_traces()}
    assert {fault.kind for trace in traces.values() for fault in trace.fault} == set(Kind)
    assert all(trace.says.endswith(".") for trace in traces.values())


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list"]) == 0
    assert "camera-unplugged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fault = 3", "'fault'"),
        ("says = 'nothing breaks'", "fault"),
        ("[[fault]]\nkind = 'camera'\nat_s = 1\nfor_s = 1\nrecover_s = 1", "camera-unplugged"),
        ("[[fault]]\nkind = 'power-low'\nat_s = -1\nfor_s = 1\nrecover_s = 1", "at_s"),
        ("[[fault]]\nkind = 'power-low'\nat_s = 1\nfor_s = 1", "recover_s"),
        (
            "source = 'webcam'\n[[fault]]\nkind = 'power-low'\nat_s = 1\nfor_s = 1\nrecover_s = 1",
            "must be demo or replay",
        ),
        ("= =", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "trace.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"trace\.toml") as caught:
        load_trace(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_such_trace() -> None:
    with pytest.raises(DataError, match=r"no such trace.*camera-hung"):
        load_trace("camera-tired")
    with pytest.raises(DataError, match="mien simulate --list"):
        load_trace("/nowhere/trace.toml")


def test_footage_lies_beside_its_trace(tmp_path: Path) -> None:
    path = tmp_path / "trace.toml"
    path.write_text("source = 'replay:clip.mp4'\n[[fault]]\nkind = 'power-low'\nat_s = 1\nfor_s = 1\nrecover_s = 1")
    assert load_trace(str(path)).source == f"replay:{tmp_path / 'clip.mp4'}"


def fault(
    at_s: float, for_s: float, recover_s: float, kind: Kind = Kind.POWER_LOW, notice_s: float | None = None
) -> Fault:
    return Fault(kind=kind, at_s=at_s, for_s=for_s, recover_s=recover_s, notice_s=notice_s)


def test_what_breaks_before_the_rest_has_healed_is_judged_together() -> None:
    one, two, late = fault(0, 5, 10), fault(14, 1, 3), fault(60, 1, 3)
    assert clusters([late, two, one]) == [[one, two], [late]]
    verdict = judge(one, [one, two], 24.0, [])
    assert (verdict["recovered_s"], verdict["recover_s"], verdict["ok"]) == (9.0, 10, True)
    assert judge(one, [one, two], 26.0, [])["ok"] is False
    assert judge(one, [one, two], 26.0, [], stretch_for(16.0))["ok"] is True, "a start took twice as long as usual"
    assert stretch_for(1.0) == 1
    assert judge(one, [one, two], None, [])["ok"] is False


def test_the_home_must_be_told_in_time_and_of_the_right_part() -> None:
    it = fault(10, 5, 10, notice_s=2)
    assert judge(it, [it], 16.0, [(11.5, "power")])["noticed_s"] == 1.5
    assert judge(it, [it], 16.0, [(11.5, "power")])["ok"] is True
    assert judge(it, [it], 16.0, [(12.5, "power")])["ok"] is False
    assert judge(it, [it], 16.0, [(11.5, "camera"), (9.0, "power")])["ok"] is False


def test_the_world_is_as_the_trace_has_it(tmp_path: Path) -> None:
    trace = load_trace("sound-gone")
    world = World(trace, tmp_path / "begun")
    assert not world.broken(Kind.SOUND_GONE), "it has not begun"
    (tmp_path / "begun").write_text(repr(time.monotonic() - trace.fault[0].at_s))
    assert world.broken(Kind.SOUND_GONE)
    assert not world.broken(Kind.CAMERA_HUNG)


SCRIPT = """\
import os, socket, sys, time
channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
channel.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
if "hang" in sys.argv:
    time.sleep(600)
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [(["0"], [0]), (["3"], [3, 3]), (["0", "hang"], [-signal.SIGABRT, -signal.SIGABRT])],
    ids=["a clean end is the end", "a failure is started again", "a hang is killed and started again"],
)
def test_the_supervisor_does_what_systemd_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], ends: list[int]
) -> None:
    monkeypatch.setattr(supervisor_module, "RESTART_S", 0.1)
    monkeypatch.setattr(supervisor_module, "WATCHDOG_S", 0.5)
    command = [sys.executable, "-c", SCRIPT, *arguments]
    with (
        (tmp_path / "log").open("wb") as log,
        Supervisor(command, environment(tmp_path, tmp_path), tmp_path, log) as it,
    ):
        wait_until(lambda: len(it.ends) >= len(ends))
        if ends == [0]:
            time.sleep(0.5)
    assert it.ends[: len(ends)] == ends
    assert len(it.ends) == 1 or ends != [0]
