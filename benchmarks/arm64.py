"""mien on the right processor: its wheel in 64-bit ARM Debians, as a user installs it, on an emulated processor (qemu-user).

    sudo python benchmarks/arm64.py [--report docs/arm64.md] [--json]

For bookworm (Python 3.11) and trixie (3.13): install from wheels alone, run `mien demo --seconds 20`, and compare what the shipped
models answer with what they answer here. Takes some minutes and 1.5 GB in .machines; wants root. Says nothing of speed: an
emulated processor is slower than any Pi. Exits with 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
SUITES = ("bookworm", "trixie")
DEMO_S = 20
TOLERANCES = {"emotion": 8.0, "faces": 16.0, "crops": 1.0, "music": 1e-4}
"""The largest difference that two processors may have. Processors round the sums of int8 products differently, and a step in an early
layer becomes several at the end, most of all on noise, which is nobody's face. Eight steps of the emotion network's scale are 0.03 of
probability, a third of the lead that the self-test calls clear; sixteen of the face finder's, on noise, must not be taken for a
bound on boxes. Crops: one of 256 levels of grey; music: 0.0001 of valence and arousal."""
OUTPUTS = Path(__file__).parent / "subjects" / "int8_outputs.py"
# Only in the root's own namespace of mounts, which ends with the command. Not /sys: XNNPACK's cpuinfo trips over the host's.
ENTER = """\
set -e
# A copy of every mount is ours now: what others mount and unmount meanwhile must not be held by it.
awk '$1 ~ "^/dev/loop" { print $2 }' /proc/mounts | xargs -r umount
mount -t proc proc "$1/proc"
for node in null zero random urandom; do [ -e "$1/dev/$node" ] || touch "$1/dev/$node"; mount --bind "/dev/$node" "$1/dev/$node"; done
root=$1; shift
export QEMU_CPU  # for env itself
exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root SDL_AUDIODRIVER=dummy SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \\
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 QEMU_CPU="$QEMU_CPU" "$@"
"""
PROCESSOR = "cortex-a72"
"""The Pi 4's. What qemu makes up by itself has matrix instructions (SME) that no Pi has, and OpenBLAS' kernels for them answer wrongly
on it, or with what is no number.
"""


@dataclass
class Result:
    """What one Debian showed."""

    suite: str
    machine: str = ""
    python: str = ""
    runtime: str = ""
    numpy: str = ""
    packages: int = 0
    install_s: float = 0.0
    moods: int = 0
    """Mood events that came back over MQTT in the demo."""
    differences: dict[str, float] = field(default_factory=dict)
    """The largest, by what was compared."""
    equal: dict[str, float] = field(default_factory=dict)
    """Share of the numbers that are the same."""
    wrong: list[str] = field(default_factory=list)


def inside(root: Path, *command: str, limit_s: float = 1800) -> str:
    """Run a command in the root, and return what it prints.

    Raises:
        RuntimeError: it failed.

    """
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(root), *command],
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
        env=os.environ | {"QEMU_CPU": PROCESSOR},
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:80]}: exit code {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


def prove(suite: str, wheel: Path, ours: dict[str, Any]) -> Result:
    """Install the wheel in one Debian and try it there."""
    root, result = ROOT / ".machines" / f"arm64-{suite}", Result(suite)
    try:
        for words, step in (
            ("installing", lambda: _install(root, wheel, result)),
            ("comparing", lambda: _compare(root, ours, result)),
            ("running the demo", lambda: _demo(root, result)),
        ):
            print(f"{suite}: {words} …", file=sys.stderr, flush=True)
            step()
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        result.wrong.append(str(error))
    print(f"{suite}: {'; '.join(result.wrong) or 'as it must be'}", file=sys.stderr, flush=True)
    return result


def _install(root: Path, wheel: Path, result: Result) -> None:
    shutil.rmtree(root / "opt" / "mien", ignore_errors=True)
    for old in (root / "root").glob("*.whl"):
        old.unlink()
    shutil.copy(wheel, root / "root" / wheel.name)
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    begun = time.monotonic()
    inside(root, "/usr/bin/python3", "-m", "venv", "/opt/mien")
    # Nothing may be compiled: a Pi has no compiler, and should need none.
    pip = ("/opt/mien/bin/pip", "install", "--quiet", "--no-cache-dir", "--no-compile", "--only-binary=:all:")
    inside(root, *pip, f"/root/{wheel.name}[device]")
    result.install_s = round(time.monotonic() - begun)
    result.packages = len(json.loads(inside(root, "/opt/mien/bin/pip", "list", "--format", "json"))) - 1  # pip


def _compare(root: Path, ours: dict[str, Any], result: Result) -> None:
    shutil.copy(OUTPUTS, root / "root" / OUTPUTS.name)
    theirs = json.loads(inside(root, "/opt/mien/bin/python", f"/root/{OUTPUTS.name}"))
    result.machine, result.python = theirs["machine"], theirs["python"]
    result.runtime, result.numpy = theirs["runtime"], theirs["numpy"]
    if result.machine != "aarch64":
        result.wrong.append(f"this is no 64-bit ARM but {result.machine}")
    for name, tolerance in TOLERANCES.items():
        here, there = (np.array(side["outputs"][name], np.float64) for side in (ours, theirs))
        difference = np.abs(here - there)
        result.differences[name] = float(difference.max())
        result.equal[name] = float((difference == 0).mean())
        if not result.differences[name] <= tolerance:  # what is no number is wrong too
            result.wrong.append(f"{name}: answers differ by {result.differences[name]:g}, {tolerance:g} is allowed")


def _demo(root: Path, result: Result) -> None:
    lines = inside(root, "/opt/mien/bin/mien", "demo", "--seconds", str(DEMO_S), "--json").splitlines()
    events = [json.loads(line)["payload"] for line in lines if line.startswith("{")]
    result.moods = sum(event.get("event_type") == "mood_changed" for event in events)
    if not result.moods:
        result.wrong.append("the demo showed no mood")


def build_wheel(folder: Path) -> Path:
    """mien's wheel, of this checkout."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("mien-*.whl")
    return wheel


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", nargs="+", default=SUITES, choices=SUITES, metavar="SUITE")
    parser.add_argument("--report", type=Path, help="write a dated report")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root may run another system's programs in a root of their own")
    subprocess.run(["sh", str(ROOT / "scripts" / "ensure-arm64"), *arguments.suites], check=True, stdout=sys.stderr)
    done = subprocess.run([sys.executable, str(OUTPUTS)], check=True, capture_output=True, text=True)
    ours = json.loads(done.stdout)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        with ThreadPoolExecutor() as side_by_side:
            results = list(side_by_side.map(lambda suite: prove(suite, wheel, ours), arguments.suites))
        text = report(results, ours, wheel)
    print(json.dumps([asdict(result) for result in results], indent=1) if arguments.json else text)
    if arguments.report:
        arguments.report.write_text(text, encoding="utf-8")
    return 1 if any(result.wrong for result in results) else 0


def report(results: list[Result], ours: dict[str, Any], wheel: Path) -> str:
    """The page."""
    rows = [
        ("Debian", [result.suite for result in results]),
        ("processor, Python", [f"{result.machine}, {result.python}" for result in results]),
        ("runtime, NumPy", [f"{result.runtime}, {result.numpy}" for result in results]),
        ("packages, all from wheels", [str(result.packages) for result in results]),
        (f"`mien demo --seconds {DEMO_S}`", [f"{result.moods} moods over MQTT" for result in results]),
        *(
            (f"{WORDS[name]} (allowed: {tolerance:g})", [_difference(result, name) for result in results])
            for name, tolerance in TOLERANCES.items()
        ),
        ("verdict", ["; ".join(result.wrong) or "as it must be" for result in results]),
    ]
    head, *body = (f"| {name} | {' | '.join(values)} |" for name, values in rows)
    table = "\n".join([head, "|---" * (len(results) + 1) + "|", *body])
    return PAGE.format(
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        processor=PROCESSOR,
        machine=f"{platform.machine()}, Python {ours['python']}, {ours['runtime']}, NumPy {ours['numpy']}",
        wheel=wheel.name,
        table=table,
    )


WORDS = {
    "emotion": "emotion network: largest difference, in int8 steps",
    "faces": "face finder: largest difference, in int8 steps",
    "crops": "crops of a face: largest difference, in levels of grey",
    "music": "what songs are heard as: largest difference of valence or arousal",
}


def _difference(result: Result, name: str) -> str:
    if name not in result.differences:
        return "not compared"
    return f"{result.differences[name]:.2g} ({result.equal[name]:.2%} the same)"


PAGE = """\
# On 64-bit ARM

Run on {date}, `{wheel}` on an emulated {processor} (qemu-user), compared with {machine}, by

```sh
sudo python benchmarks/arm64.py --report docs/arm64.md
```

{table}

Each Debian is bare but for Python, libstdc++ and GLib; mien is installed as a user does, with `pip install --only-binary=:all:`, so that
nothing is compiled. The networks are fed with noise, flat and rising brightness, and the emotion network with the average faces too;
every output is compared to the integer; the bounds stand in `benchmarks/arm64.py`, with their reason. The self-test
at each start asks for the average faces again, on the very device.

An emulated processor says that the wheels load and agree. It says nothing of speed, and there is no camera, sound card or Coral.
"""


if __name__ == "__main__":
    sys.exit(main())
