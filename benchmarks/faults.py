"""Every fault of `mien simulate` alone, and random pairs: the table in docs/faults.md.

    python benchmarks/faults.py [--pairs 200] [--jobs 4] [--seed 8] [--out docs/faults.md] [--kept FILE]

Each simulation is a process of its own and takes half a minute, most of which is waiting; `--jobs` run at a time. A pair is two
different faults, each of 3 to 15 seconds, the second one 0 to 10 seconds after the first. Exit code 1 if one was not well in time. With
`--kept` each result is written down as it comes, one JSON object a line, and what stands there is not simulated again.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from mien_device.simulate.trace import Fault, Kind, Trace, load_trace, shipped_traces
from mien_device.simulate.verdict import USUAL_START_S
from mien_models import __version__

LONGEST_S = 300.0
Result = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--out", type=Path, help="the page to write (default: print it)")
    parser.add_argument("--kept", type=Path, help="where to keep the results")
    arguments = parser.parse_args()
    alone = {name: load_trace(name) for name in shipped_traces()}
    pairs = dict(itertools.islice(random_pairs(list(alone.values()), random.Random(arguments.seed)), arguments.pairs))
    results = kept_in(arguments.kept)
    wanted = [(name, trace) for name, trace in [*alone.items(), *pairs.items()] if name not in results]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        runs = pool.map(lambda item: simulate(Path(folder), *item), wanted)
        for (name, _), result in zip(wanted, runs, strict=True):
            print(name, "ok" if result["ok"] else f"NOT OK: {result}", file=sys.stderr, flush=True)
            results[name] = result
            if arguments.kept:
                with arguments.kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"name": name, **result}) + "\n")
    results = {name: results[name] for name in [*alone, *pairs]}
    text = page(alone, results, list(pairs), arguments)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0 if all(result["ok"] for result in results.values()) else 1


def random_pairs(alone: Sequence[Trace], rng: random.Random) -> Any:
    """Names and traces without end."""
    limits: dict[Kind, float] = {}
    for trace in alone:
        for fault in trace.fault:
            limits[fault.kind] = max(fault.recover_s, limits.get(fault.kind, 0.0))
    for number in itertools.count(1):
        kinds, at_s, faults = rng.sample(sorted(limits), 2), 2.0, []
        for kind in kinds:
            ahead_s = float(rng.choice([-3.2e7, -3600, 30, 86400])) if kind is Kind.CLOCK_JUMP else 0.0
            for_s = round(rng.uniform(3, 15), 1)
            faults.append(Fault(kind=kind, at_s=at_s, for_s=for_s, ahead_s=ahead_s, recover_s=limits[kind]))
            at_s = round(at_s + rng.uniform(0, 10), 1)
        yield f"{number:03} {' + '.join(kinds)}", Trace(fault=tuple(faults))


def simulate(folder: Path, name: str, trace: Trace) -> Result:
    """What `mien simulate --json` says of it."""
    path = folder / f"{name.replace(' ', '_')}.toml"
    lines = [f"source = {json.dumps(trace.source)}"]
    for fault in trace.fault:
        settings = fault.model_dump(mode="json", exclude_none=True)
        lines += ["[[fault]]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    path.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mien_device", "simulate", str(path), "--json"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
        result: Result = json.loads(run.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        reason = run.stderr.strip() if isinstance(error, ValueError) else "no end"
        return {
            "ok": False,
            "faults": [],
            "ends": [],
            "silence_s": 0,
            "kept": False,
            "trouble": reason,
            "stopped": None,
        }
    return result


def kept_in(path: Path | None) -> dict[str, Result]:
    """By name; a line that was cut off is none."""
    results: dict[str, Result] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else []:
        with contextlib.suppress(ValueError):
            result = json.loads(line)
            results[result["name"]] = result
    return results


def page(alone: dict[str, Trace], results: dict[str, Result], pairs: list[str], arguments: argparse.Namespace) -> str:
    rows = "\n".join(row(name, trace, results[name]) for name, trace in alone.items())
    failed = [name for name in pairs if not results[name]["ok"]]
    worst: dict[str, list[float]] = {}
    for name in pairs:
        for fault in results[name]["faults"]:
            worst.setdefault(fault["kind"], []).append(
                fault["recovered_s"] if fault["recovered_s"] is not None else float("inf")
            )
    figures = "\n".join(
        f"| {kind} | {len(times)} | {median(times):.1f} | {max(times):.1f} |" for kind, times in sorted(worst.items())
    )
    lost = [name for name in results if not results[name]["kept"]]
    restarts = sum(len(results[name]["ends"]) for name in pairs)
    today = datetime.datetime.now(datetime.UTC).date()
    said = "; ".join(f"{name} ({results[name]['trouble'] or 'late'})" for name in failed)
    words = f", not: {said}" if failed else ""
    return f"""\
<!-- Written by `python benchmarks/faults.py --pairs {arguments.pairs} --seed {arguments.seed} --out docs/faults.md`. -->
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

## Each fault alone, {today}

mien {__version__} on {processor()}, {os.cpu_count()} processors shared with other work, {arguments.jobs} simulations at a time, Python
{platform.python_version()}. Seconds. The limits hold where the daemon starts within {USUAL_START_S:g} s; here that took
{median_start(results):.1f} s (median), and each simulation is granted as many times longer as its own start took.

| trace | lasts | the home is told after | well after its end | must be | restarts | longest without a look |
|---|---|---|---|---|---|---|
{rows}

## {len(pairs)} random pairs

Two different faults, each of 3 to 15 s, the second 0 to 10 s after the first, drawn with seed {arguments.seed}.
{len(pairs) - len(failed)} of
{len(pairs)} were well in time{words}. The process was started anew {restarts} times. {settings(lost)}
How long after the end of the later one all was well, by fault:

| fault | pairs | median | longest |
|---|---|---|---|
{figures}
"""


def row(name: str, trace: Trace, result: Result) -> str:
    if not result["faults"]:
        return f"| {name} | {result['trouble']} | | | | | |"
    fault = result["faults"][0]
    told = "" if fault["noticed_s"] is None else fault["noticed_s"]
    well = "not in time" if fault["recovered_s"] is None else fault["recovered_s"]
    restarts = len(result["ends"])
    return f"| {name} | {trace.fault[0].for_s:g} | {told} | {well} | {fault['recover_s']:g} | {restarts} | {result['silence_s']} |"


def settings(lost: list[str]) -> str:
    return f"What was set was lost in {', '.join(lost)}." if lost else "Nothing that was set was lost."


def median_start(results: dict[str, Result]) -> float:
    return median(result["start_s"] for result in results.values() if "start_s" in result)


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
