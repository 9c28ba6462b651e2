"""Which way of choosing songs people would like best: `python benchmarks/policy.py EMOTIFY --out FOLDER`.

EMOTIFY is a folder with the `annotations.csv` and `tracks.csv` of the Emotify data. Simulated listeners who answer with recorded
rows (`policy_listeners.py`) sit down once a day (`policy_sessions.py`) before each of these:

follow, lift: the shipped policy. cheer-up-only: by chance from the third of the library with the highest estimates of
valence, as a folder "happy" would be played. shuffle: by chance. Then lift without its learning, and its learning without path.

liking: share of songs that were liked less share that were disliked, over the last tracks of each session, less what the same
listener says of the whole library. late liking: of the second half of the sessions. skips: share of all tracks. jumps: mean
distance of a song to the next on the plane of valence and arousal, a song's spread on an axis being 0.35. felt valence: of the last
tracks, by the feelings that were recorded. All with 95 % intervals, by a bootstrap over listeners. Estimates are as wrong as
the model may be at worst (valence R² 0.20, arousal 0.50); no chooser sees likings or true places.

Constants of the policy were set on one half of the people; the figures are of the other, whose rows the first never touched
(`--half development` shows the first). `--vague` halves what a skip says. `--speed` times a choice from 10,000 songs instead.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mien_device.config.schema import MusicMode
from mien_device.listeners import Listener
from mien_device.policy import Song
from mien_device.policy.policy import Policy
from mien_models.listening import Estimate
from policy_listeners import Floats, Person, Rows, make_people, read_rows
from policy_sessions import FACE_SD, FELT_SHARE, KNOWN, METHODS, SAYS, SKIPS, Heard, listen

LAST = 3
"""Tracks that are a session's end."""
DRAWS = 4000
HALVES = ("development", "held out")

MEASURES: dict[str, Callable[[Heard, float], float]] = {
    "liking": lambda heard, usual: float(heard.liking[:, -LAST:].mean()) - usual,
    "late liking": lambda heard, usual: float(heard.liking[len(heard.liking) // 2 :, -LAST:].mean()) - usual,
    "skips": lambda heard, _: float(heard.skipped.mean()),
    "jumps": lambda heard, _: float(heard.jumps.mean()),
    "felt valence": lambda heard, _: float(heard.felt[:, -LAST:].mean()),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emotify", type=Path, nargs="?", help="folder with annotations.csv and tracks.csv")
    parser.add_argument("--out", type=Path, help="for policy.md, policy.json and policy.png")
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--tracks", type=int, default=10, help="of a session")
    parser.add_argument("--people", type=int, help="not more than so many")
    parser.add_argument("--half", choices=["development", "held-out"], default="held-out")
    parser.add_argument("--vague", action="store_true", help="listeners whose skips say half as much")
    parser.add_argument("--speed", action="store_true", help="time a choice instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.speed:
        speed()
        return 0
    if arguments.emotify is None or not (arguments.emotify / "annotations.csv").is_file():
        parser.error(f"{arguments.emotify or 'EMOTIFY'}: no annotations.csv there; give the folder of Emotify")
    rows = read_rows(arguments.emotify)
    if arguments.vague:
        middle = SKIPS[0]
        SKIPS.update({liking: middle + (chance - middle) / 2 for liking, chance in SKIPS.items()})
    half = 0 if arguments.half == "development" else 1
    people = make_people(rows, seed=0, half=half)[: arguments.people]
    report = compare(rows, people, arguments.sessions, arguments.tracks) | {"half": HALVES[half]}
    text = markdown(report)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "policy.md").write_text(text, encoding="utf-8")
        (arguments.out / "policy.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
        draw(report, arguments.out / "policy.png")
    print(json.dumps(report) if arguments.json else text)
    return 0


def compare(rows: Rows, people: list[Person], sessions: int, tracks: int) -> dict[str, Any]:
    """Every method before every person; the same chance decides what each person is like before all methods."""
    methods: dict[str, Any] = {}
    values: dict[str, Floats] = {}
    usual = [usual_liking(rows, person) for person in people]
    for method in METHODS:
        figures, days = [], []
        for number, person in enumerate(people):
            heard = listen(rows, person, method, np.random.default_rng([number, 1]), sessions, tracks)
            figures.append([measure(heard, usual[number]) for measure in MEASURES.values()])
            days.append(heard.liking.mean(axis=1) - usual[number])
            if sys.stderr.isatty():
                print(f"\r{method}: {number + 1} of {len(people)}  ", end="", file=sys.stderr)
        values[method] = np.array(figures)
        methods[method] = {name: interval(column) for name, column in zip(MEASURES, values[method].T, strict=True)} | {
            "by session": np.mean(days, axis=0).round(4).tolist()
        }
    for method in METHODS:
        methods[method]["late liking beyond"] = {
            other: interval(values[method][:, 1] - values[other][:, 1]) for other in ("cheer-up-only", "shuffle")
        }
    assumed = {"estimates' R2": KNOWN, "skips": SKIPS, "presses": SAYS, "face sd": FACE_SD, "felt share": FELT_SHARE}
    return {
        "people": len(people),
        "songs": len(rows.titles),
        "sessions": sessions,
        "tracks": tracks,
        "usual liking": float(np.mean(usual)),
        "assumed": assumed,
        "methods": methods,
    }


def usual_liking(rows: Rows, person: Person) -> float:
    """What the person says of the whole library, on average over the moods they are in."""
    return float(np.mean([rows.liking[person.answers[mood - 1]].mean() for mood in person.moods]))


def interval(values: Floats) -> list[float]:
    """Mean and 95 % interval, by a bootstrap over listeners (percentiles)."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)
    return [float(value) for value in (values.mean(), *np.percentile(means, (2.5, 97.5)))]


def markdown(report: dict[str, Any]) -> str:
    """The report as a table."""
    lines = [
        f"{report['people']} listeners ({report['half']}), {report['songs']} songs, {report['sessions']} sessions of "
        f"{report['tracks']} tracks; a song of the library is liked by {report['usual liking']:+.2f} on average.",
        "",
        "| | " + " | ".join(MEASURES) + " |",
        "|---|" + "---|" * len(MEASURES),
    ]
    for method, figures in report["methods"].items():
        cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*figures[name]) for name in MEASURES]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    lines.append("")
    for method in ("follow", "lift"):
        for other, gain in report["methods"][method]["late liking beyond"].items():
            ours, theirs = (report["methods"][name]["late liking"] for name in (method, other))
            apart = "apart" if ours[1] > theirs[2] else "overlapping"
            lines.append(
                f"Late liking, {method} against {other}: {gain[0]:+.3f} [{gain[1]:.3f}, {gain[2]:.3f}] "
                f"on the same listeners; intervals {apart}."
            )
    return "\n".join(lines) + "\n"


def draw(report: dict[str, Any], path: Path) -> None:
    """Liking by session."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="session", ylabel="liking, less the listener's usual")
    window = np.ones(5) / 5
    for method, figures in report["methods"].items():
        liking = figures["by session"]
        axes.plot(np.convolve(liking, window, "valid") if len(liking) > 5 else liking, label=method)
    axes.axhline(0, color="grey", linewidth=0.5)
    axes.set_title("mean of five sessions", fontsize="small")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def speed(count: int = 10_000, rounds: int = 40) -> None:
    """A choice from many songs, beside the sorting of as many numbers on the same machine."""
    rng = np.random.default_rng(0)
    songs = [
        Song(
            str(n),
            Path(str(n)),
            str(n),
            str(n % 900),
            Estimate(*rng.uniform(-1, 1, 1), 0.3, *rng.uniform(-1, 1, 1), 0.2),
            120.0,
            "C",
        )
        for n in range(count)
    ]

    class Shelf:
        songs = staticmethod(lambda: songs)
        plays = staticmethod(lambda: ())
        likings = staticmethod(lambda: ())

    policy = Policy(Shelf(), rng)
    listener = Listener(-0.4, 0.3, -0.2, 0.3, 1)
    ours, sorting = [], []
    for n in range(rounds):
        began = time.perf_counter()
        choice = policy.choose(MusicMode.LIFT, listener, 1000.0 * n)
        ours.append(time.perf_counter() - began)
        assert choice is not None
        policy.started(choice)
        numbers = rng.random(count)
        began = time.perf_counter()
        np.sort(numbers)
        sorting.append(time.perf_counter() - began)
    one, other = (1000 * statistics.median(times) for times in (ours, sorting))
    print(f"a choice from {count:,} songs: {one:.1f} ms, {one / other:.0f} times the sorting of as many numbers")


if __name__ == "__main__":
    sys.exit(main())
