"""What the samples of soak.py say: whether the daemon grew, in words and as a picture."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from processes import machine

MOST_MB_PER_HOUR = 1.0
GRAIN_MB = 3.0
"""The heap grows in steps of up to two megabytes: what is less than this in all is no growth, in a run of an hour or two."""
SPARE = 1
"""A file or thread more in one sample than in another is none that is left behind: the broker was away in that one, say."""
WARM_UP_H = 1.0
"""Until everything that is made once was made; of a short run the first half."""


@dataclass(frozen=True)
class Sample:
    """The process at a simulated moment, and what had happened until then."""

    hour: float
    rss_mb: float
    files: int
    threads: int
    written_mb: float
    cpu_s: float
    done: dict[str, int]


@dataclass
class Verdict:
    """Whether it grew."""

    warm_up_h: float
    mb_per_hour: float
    """Slope of the resident memory after the warm-up, by least squares."""
    rss_mb: tuple[float, float]
    """Median of the first and of the last tenth of what is judged."""
    files: tuple[int, int]
    threads: tuple[int, int]
    """The fewest in the first and in the last third: more are there only while something happens."""
    wrong: list[str] = field(default_factory=list)


def verdict(samples: Sequence[Sample]) -> Verdict:
    """Judge them."""
    span_h = samples[-1].hour - samples[0].hour
    warm_up_h = min(WARM_UP_H, span_h / 2)
    judged = [sample for sample in samples if sample.hour - samples[0].hour >= warm_up_h]
    hours, memory = np.array([(sample.hour, sample.rss_mb) for sample in judged]).T
    slope = float(np.polyfit(hours, memory, 1)[0])
    tenth, third = max(1, len(judged) // 10), max(1, len(judged) // 3)
    outcome = Verdict(
        warm_up_h=round(warm_up_h, 2),
        mb_per_hour=round(slope, 3),
        rss_mb=(round(float(np.median(memory[:tenth])), 1), round(float(np.median(memory[-tenth:])), 1)),
        files=(min(s.files for s in judged[:third]), min(s.files for s in judged[-third:])),
        threads=(min(s.threads for s in judged[:third]), min(s.threads for s in judged[-third:])),
    )
    if slope > MOST_MB_PER_HOUR and slope * float(hours[-1] - hours[0]) > GRAIN_MB:
        outcome.wrong.append(f"its memory grows by {slope:.2f} MB an hour, {MOST_MB_PER_HOUR:g} is allowed")
    for what, (first, last) in (("files", outcome.files), ("threads", outcome.threads)):
        if last > first + SPARE:
            outcome.wrong.append(f"it begins with {first} {what} and ends with {last}")
    return outcome


def picture(samples: Sequence[Sample], path: Path) -> None:
    """Memory, files and threads over the hours."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    memory, counts = figure.subplots(2, 1, sharex=True)
    hours = [sample.hour for sample in samples]
    memory.plot(hours, [sample.rss_mb for sample in samples], linewidth=1, color="tab:blue")
    memory.set_ylabel("resident memory, MB")
    memory.set_ylim(0, 1.2 * max(sample.rss_mb for sample in samples))
    counts.plot(hours, [sample.files for sample in samples], linewidth=0.8, label="open files", color="tab:orange")
    counts.plot(hours, [sample.threads for sample in samples], linewidth=0.8, label="threads", color="tab:green")
    counts.set_ylim(bottom=0)
    counts.set_xlabel("simulated hours")
    counts.legend(loc="lower right")
    for axes in (memory, counts):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)


def page(samples: Sequence[Sample], outcome: Verdict, speed: float, out: Path) -> str:
    """The whole page."""
    last, hours = samples[-1], samples[-1].hour
    done = last.done
    rows = "\n".join(f"| {words} | {done.get(name, 0):,} |" for name, words in EVENTS.items())
    return PAGE.format(
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        machine=machine(),
        command=f"python benchmarks/soak.py --hours {hours:.0f} --speed {speed:g} --out docs/{out.name}",
        picture=out.with_suffix(".png").name,
        hours=f"{hours:.1f}",
        speed=f"{speed:g}",
        warm_up=f"{outcome.warm_up_h:g}",
        slope=f"{outcome.mb_per_hour:+.2f}",
        first=outcome.rss_mb[0],
        last=outcome.rss_mb[1],
        files=" → ".join(map(str, outcome.files)),
        threads=" → ".join(map(str, outcome.threads)),
        most_files=max(sample.files for sample in samples),
        most_threads=max(sample.threads for sample in samples),
        most_frames=round(3600 * hours),
        written=f"{last.written_mb / hours:.2f}",
        cpu=f"{last.cpu_s / 60:.0f}",
        verdict="; ".join(outcome.wrong) or "It does not grow.",
        rows=rows,
    )


EVENTS = {
    "rounds": "rounds of ten minutes, with seven faults each",
    "frames": "frames looked at",
    "face_arrived": "people came",
    "face_left": "people went",
    "mood_changed": "moods told",
    "track_started": "songs begun",
    "degraded": "times that it said it was degraded",
    "broker cut": "times that the broker was killed",
    "messages": "MQTT messages heard",
    "commands": "commands given over MQTT",
    "viewers": "pages opened and closed",
    "requests": "other requests to the page",
}

PAGE = """\
# A day of it

Measured {date} on {machine}, by

```sh
{command}
```

**{verdict}** The real daemon in a process of its own, everything on, for {hours} simulated hours at {speed} times the speed.
Judged after the first {warm_up} h:

| | first | last | most | allowed |
|---|---|---|---|---|
| resident memory, MB | {first} | {last} | | {slope} an hour, 1 is allowed |
| open files, at rest | {files} | | {most_files} | as many |
| threads, at rest | {threads} | | {most_threads} | as many |

![Memory, open files and threads over the hours]({picture})

What happened:

| | |
|---|---|
{rows}

The camera gives up to {most_frames:,} frames in this time; the fewer of them were looked at, the busier was this machine with
other work. The daemon took {cpu} minutes of one processor, and wrote {written} MB an hour to the disk: more than in a quiet
home, for songs last a minute here and somebody is at the knobs all the time.

- **Time** runs faster for the process alone, by a library in `LD_PRELOAD` (`benchmarks/subjects/fast_clock.c`) that changes what
  its clocks tell and how long it waits. Nothing in mien knows of it. All else takes as long as ever, so what is late by the
  machine's fault is later here; the camera gives one frame a second, and mien waits longer for it than usual: 30 s to give a
  frame, and 30 to let go.
- **The daemon** is that of `mien run`, with the camera, the sound card and the board of `mien simulate`, which break as
  `benchmarks/subjects/soak.toml` says. Its camera's pictures were drawn before and are part of the memory: 15 MB.
- **Files and threads at rest**: the fewest in the first third and in the last. A page, a connection or a camera that is opened
  anew has some while it lasts.

`tests/benchmarks/test_soak.py` lives through less than an hour and asks the same.
"""
