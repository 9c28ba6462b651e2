"""`mien simulate`: starts the world and the daemon in it, breaks what the trace says, and judges."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from mien_device.demo.broker import DemoBroker
from mien_device.demo.tunes import write_tunes
from mien_device.folders import cache_folder
from mien_device.simulate.disk import SmallDisk, become_root
from mien_device.simulate.home import FRESH_S, Home
from mien_device.simulate.supervisor import Supervisor, environment
from mien_device.simulate.trace import Kind, Trace, load_trace, shipped_traces
from mien_device.simulate.verdict import STABLE_S, Outcome, clusters, due_s, judge, stretch_for
from mien_device.simulate.world import World
from mien_models.errors import OutcomeError

DEVICE = "mien_device.simulate.device"
DEVICE_ID = "simulated"
START_S = 120.0
"""The daemon must be well within this time, before anything breaks."""
TURN_S = 0.1
VOLUMES = range(20, 90)

Say = Callable[[str], None]


def list_traces(*, as_json: bool) -> int:
    """Print the traces that are shipped, each with its sentence."""
    traces = {name: load_trace(name).says for name in shipped_traces()}
    lines = [json.dumps(traces, indent=2)] if as_json else [f"{name:<20} {says}" for name, says in traces.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def run_simulation(name: str, port: int, *, as_json: bool, verbose: bool) -> int:
    """Simulate a trace and print what became of each fault.

    Raises:
        DataError: there is no such trace, or it has mistakes.
        OutcomeError: mien was not well in time, or lost what was set; or it never was well.

    """

    def say(words: str) -> None:
        if not as_json:
            sys.stdout.write(f"{words}\n")
            sys.stdout.flush()

    trace = load_trace(name)
    if _wants_disk(trace):
        become_root()
    with tempfile.TemporaryDirectory(prefix="mien-simulate-") as folder:
        outcome = simulate(trace, Path(folder), port, say, verbose=verbose)
    if as_json:
        sys.stdout.write(json.dumps({"trace": name, "ok": outcome.ok, **asdict(outcome)}, indent=2) + "\n")
    if not outcome.ok:
        raise OutcomeError(f"{name}: {_complaint(outcome)}; see the daemon's log with --verbose")
    say("all is well again")
    return 0


def simulate(trace: Trace, folder: Path, port: int, say: Say, *, verbose: bool = False) -> Outcome:
    """Run the daemon in `folder` through the trace.

    Raises:
        OutcomeError: it never was well, or this system has no room for a small disk.

    """
    state, log, begun = folder / "state", folder / "mien.log", folder / "begun"
    state.mkdir()
    disk = SmallDisk(state) if _wants_disk(trace) else None
    (folder / "trace.toml").write_text(_as_toml(trace), encoding="utf-8")
    music = cache_folder() / "demo" / "tunes"
    write_tunes(music)
    with contextlib.ExitStack() as stack:
        if disk is not None:
            stack.callback(disk.close)
        output = sys.stderr.buffer if verbose else stack.enter_context(log.open("wb"))
        broker = _Broker(port)
        stack.callback(broker.stop)
        broker.start()
        say(f"watch with any MQTT client: mosquitto_sub -p {broker.port} -t 'mien/#' -v")
        home = stack.enter_context(Home(broker.port, DEVICE_ID, faces=trace.faces))
        command = [sys.executable, "-m", DEVICE, str(folder / "trace.toml"), str(begun), str(broker.port), str(music)]
        started = time.monotonic()
        supervisor = stack.enter_context(Supervisor(command, environment(state, folder / "cache"), folder, output))
        if not _wait_until_well(home, time.monotonic() + START_S):
            raise OutcomeError(f"mien was never well ({home.trouble()}); its log ends: {_end_of(log)}")
        start_s = round(time.monotonic() - started, 1)
        outcome = Outcome(start_s=start_s, stretch=stretch_for(start_s))
        home.stretch = outcome.stretch
        zero = time.monotonic()
        begun.write_text(repr(zero), encoding="ascii")
        _Story(trace, World(trace, begun), home, broker, disk, say).play(outcome)
        _wait_until_well(home, time.monotonic() + 2 * FRESH_S * outcome.stretch)  # a face may be lost for a moment
        outcome.trouble = home.trouble()
        outcome.silence_s = round(home.silence_s, 1)
        outcome.ends = list(supervisor.ends)
        kept = home.kept_volume
        outcome.stopped = supervisor.stop()
        outcome.kept = kept is not None and _volume_in(state) == kept == int(home.volume or -1)
    return outcome


def _wants_disk(trace: Trace) -> bool:
    return any(fault.kind is Kind.DISK_FULL for fault in trace.fault)


class _Story:
    """From the beginning to the last recovery."""

    def __init__(
        self, trace: Trace, world: World, home: Home, broker: _Broker, disk: SmallDisk | None, say: Say
    ) -> None:
        self._trace, self._world, self._home = trace, world, home
        self._broker, self._disk, self._say = broker, disk, say
        self._volumes = iter(VOLUMES)
        self._asked = 0
        self._broken: set[Kind] = set()
        self._full = False
        self._well_since: float | None = None

    def play(self, outcome: Outcome) -> None:
        """Break and mend what this process has, and note when all was well."""
        self._home.begin()
        self._set_volume()
        for group in clusters(self._trace.fault, outcome.stretch):
            end_s = max(fault.end_s for fault in group)
            well_at_s: float | None = None
            while (at := self._world.at()) < due_s(group, outcome.stretch) and well_at_s is None:
                self._turn(at)
                since = self._well_since
                if since is not None and at >= end_s and at - max(since, end_s) >= STABLE_S:
                    well_at_s = max(since, end_s)
            self._say(_line(well_at_s, end_s, self._home.trouble()))
            zero = time.monotonic() - self._world.at()
            told = [(when - zero, part) for when, part in self._home.told]
            outcome.faults += [judge(fault, group, well_at_s, told, outcome.stretch) for fault in group]
        self._set_volume()
        _wait_until(lambda: self._home.kept_volume == self._asked, 5.0 * outcome.stretch)

    def _turn(self, at: float) -> None:
        broken = {kind for kind in Kind if self._world.broken(kind)}
        for kind in broken - self._broken:
            self._say(f"{at:6.1f} s  {kind} begins")
        for kind in self._broken - broken:
            self._say(f"{at:6.1f} s  {kind} ends")
        changed, self._broken = broken != self._broken, broken
        self._broker.keep(up=Kind.BROKER_AWAY not in broken)
        if self._disk is not None and (Kind.DISK_FULL in broken) != self._full:
            self._full = not self._full
            (self._disk.fill if self._full else self._disk.free)()
        if changed:
            self._set_volume()
        trouble = self._home.trouble()
        if trouble is not None:
            self._well_since = None
        elif self._well_since is None:
            self._well_since = at
        time.sleep(TURN_S)

    def _set_volume(self) -> None:
        """Somebody turns the knob, at the worst moment."""
        self._asked = next(self._volumes)
        self._home.set_volume(self._asked)


class _Broker:
    """The demo's broker, which can be away."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._broker: DemoBroker | None = None

    def keep(self, *, up: bool) -> None:
        """See that it is there, or that it is not."""
        if up and self._broker is None:
            self.start()
        elif not up:
            self.stop()

    def start(self) -> None:
        """On the same port as before."""
        broker = DemoBroker(self.port)
        broker.__enter__()
        self._broker, self.port = broker, broker.port

    def stop(self) -> None:
        """May be called twice."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.__exit__(None, None, None)


def _wait_until_well(home: Home, until: float) -> bool:
    return _wait_until(lambda: home.trouble() is None, until - time.monotonic())


def _wait_until(condition: Callable[[], bool], limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(TURN_S)
    return True


def _volume_in(state: Path) -> int | None:
    try:
        content = json.loads((state / "state.json").read_bytes())
    except (OSError, ValueError):
        return None
    return content.get("volume") if isinstance(content, dict) else None


def _as_toml(trace: Trace) -> str:
    lines = [f"source = {json.dumps(trace.source)}", f"faces = {str(trace.faces).lower()}"]
    for fault in trace.fault:
        lines.append("[[fault]]")
        settings = fault.model_dump(mode="json", exclude_none=True)
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _line(well_at_s: float | None, end_s: float, trouble: str | None) -> str:
    if well_at_s is None:
        return f"{'':>6}    not well in time: {trouble}"
    return f"{well_at_s:6.1f} s  well, {well_at_s - end_s:.1f} s after the end"


def _complaint(outcome: Outcome) -> str:
    late = [str(fault["kind"]) for fault in outcome.faults if not fault["ok"]]
    if late:
        return f"not in time: {', '.join(late)} ({outcome.trouble or 'well by now'})"
    if not outcome.kept:
        return "what was set was lost"
    return outcome.trouble or f"stopped with {outcome.stopped}"


def _end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return lines[-1] if lines else "(nothing)"
