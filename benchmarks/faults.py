"""Every fault of `mien simulate` alone, and random pairs: the table in docs/faults.md.

    python benchmarks/faults.py [--pairs 200] [--jobs 4] [--seed 8] [--out docs/faults.md] [--kept FILE]

Each simulation is a process of its own and takes half a minute, most of which is waiting; `--jobs` run at a time. A pair is two
different faults, each of 3 to 15 seconds, the second one 0 to 10 seconds after the first. Exit code 1 if one was not well in time. With
`--kept` each result is written down as it comes, one JSON object a line, and what stands there is not simulated again.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from faults_page import Result, page
from mien_device.simulate.trace import Fault, Kind, Trace, load_trace, shipped_traces

LONGEST_S = 300.0


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
    text = page(alone, results, list(pairs), seed=arguments.seed, jobs=arguments.jobs)
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


if __name__ == "__main__":
    sys.exit(main())
