"""docs/faults.md, of the results of benchmarks/faults.py."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from statistics import median
from typing import Any

from mien_device.simulate.trace import Trace
from mien_device.simulate.verdict import USUAL_START_S
from mien_models import __version__

Result = dict[str, Any]
"""What `mien simulate --json` prints."""


def page(alone: dict[str, Trace], results: dict[str, Result], pairs: list[str], *, seed: int, jobs: int) -> str:
    """The page.

    Args:
        alone: the shipped traces by name.
        results: of those and of the pairs, by name.
        pairs: the names of the pairs.
        seed: with which they were drawn.
        jobs: how many simulations ran at a time.

    """
    failed = [name for name in pairs if not results[name]["ok"]]
    said = "; ".join(f"{name} ({results[name]['trouble'] or 'late'})" for name in failed)
    words = f", not: {said}" if failed else ""
    restarts = sum(len(results[name]["ends"]) for name in pairs)
    return f"""\
<!-- Written by `python benchmarks/faults.py --pairs {len(pairs)} --seed {seed} --out docs/faults.md`. -->
# What breaks, and how soon all is well again

```sh
mien simulate --list                 # the faults that are shipped
mien simulate camera-unplugged       # the very daemon, in a world where this breaks
```

`mien simulate TRACE.toml` runs the daemon in a process of its own, under a supervisor that does what the shipped unit asks of systemd
(watchdog 30 s, restart after 5 s), with a camera, a Coral, a sound card, a disk and a broker that break when the trace says. A client of
that broker plays the home: it turns the volume whenever something breaks or heals, and judges. All is *well* when mien is online and not
degraded, its camera works, somebody is seen, music plays, the Coral computes, and the mood was sent within 3 s; and what mien said it
would keep must be on the disk at the end. A trace is a file such as

```toml
says = "A webcam is pulled out and plugged in again."
source = "demo"            # or replay:PATH, with faces = false where nobody may be in view

[[fault]]
kind = "camera-unplugged"
at_s = 3                   # after mien is well for the first time
for_s = 5
notice_s = 4               # the home is told within
recover_s = 30             # after its end all is as before
```

What is not simulated: a real Coral, camera and sound card, their drivers, and a Raspberry Pi. The small disk is a real file system that
is really full; it wants root or user namespaces.

## Each fault alone, {datetime.datetime.now(datetime.UTC).date()}

mien {__version__} on {processor()}, {os.cpu_count()} processors shared with other work, {jobs} simulations at a time, Python
{platform.python_version()}. Seconds. The limits hold where the daemon starts within {USUAL_START_S:g} s; here that took
{median_start(results):.1f} s (median), and each simulation is granted as many times longer as its own start took.

| trace | lasts | the home is told after | well after its end | must be | restarts | longest without a look |
|---|---|---|---|---|---|---|
{rows(alone, results)}

## {len(pairs)} random pairs

Two different faults, each of 3 to 15 s, the second 0 to 10 s after the first, drawn with seed {seed}.
{len(pairs) - len(failed)} of
{len(pairs)} were well in time{words}. The process was started anew {restarts} times. {settings(results)}
How long after the end of the later one all was well, by fault:

| fault | pairs | median | longest |
|---|---|---|---|
{figures(pairs, results)}
"""


def rows(alone: dict[str, Trace], results: dict[str, Result]) -> str:
    return "\n".join(row(name, trace, results[name]) for name, trace in alone.items())


def row(name: str, trace: Trace, result: Result) -> str:
    if not result["faults"]:
        return f"| {name} | {result['trouble']} | | | | | |"
    fault = result["faults"][0]
    told = "" if fault["noticed_s"] is None else fault["noticed_s"]
    well = "not in time" if fault["recovered_s"] is None else fault["recovered_s"]
    restarts = len(result["ends"])
    return f"| {name} | {trace.fault[0].for_s:g} | {told} | {well} | {fault['recover_s']:g} | {restarts} | {result['silence_s']} |"


def figures(pairs: list[str], results: dict[str, Result]) -> str:
    """By fault: in how many pairs, and how long after its end all was well."""
    times: dict[str, list[float]] = {}
    for name in pairs:
        for fault in results[name]["faults"]:
            recovered_s = fault["recovered_s"]
            times.setdefault(fault["kind"], []).append(float("inf") if recovered_s is None else recovered_s)
    return "\n".join(
        f"| {kind} | {len(each)} | {median(each):.1f} | {max(each):.1f} |" for kind, each in sorted(times.items())
    )


def settings(results: dict[str, Result]) -> str:
    lost = [name for name in results if not results[name]["kept"]]
    return f"What was set was lost in {', '.join(lost)}." if lost else "Nothing that was set was lost."


def median_start(results: dict[str, Result]) -> float:
    return median(result["start_s"] for result in results.values() if "start_s" in result)


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.machine()
