"""What power cuts did: as figures, as a table, and as the page in docs/."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processes import machine


@dataclass
class Outcome:
    """What one kind of cut did."""

    kind: str
    cuts: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    ahead: int = 0
    """Cuts after which something was there that had not yet been acknowledged: the moment was well chosen."""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "kind": outcome.kind,
        "cuts": outcome.cuts,
        "acknowledged": dict(outcome.acknowledged),
        "ahead": outcome.ahead,
        "wrong": outcome.wrong,
        "seconds": round(outcome.seconds, 1),
    }


def table(outcomes: list[Outcome]) -> str:
    names = sorted({name for outcome in outcomes for name in outcome.acknowledged})
    lines = [
        f"| cut | cuts | {' | '.join(f'{name} acknowledged' for name in names)} | cuts amid a write | damaged or lost |"
    ]
    lines.append("|---|" + "---:|" * (len(names) + 3))
    for outcome in outcomes:
        counts = " | ".join(f"{outcome.acknowledged[name]:,}" if name in outcome.acknowledged else "" for name in names)
        lines.append(f"| {outcome.kind} | {outcome.cuts:,} | {counts} | {outcome.ahead:,} | {len(outcome.wrong):,} |")
    return "\n".join(lines)


def page(outcomes: list[Outcome], command: str, blind: dict[str, Any]) -> str:
    """What `command` found; `blind` is what it finds where it must fail."""
    return _PAGE.format(
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        command=command,
        machine=machine(),
        minutes=round(sum(outcome.seconds for outcome in outcomes) / 60),
        total=sum(outcome.cuts for outcome in outcomes),
        table=table(outcomes),
        cuts=blind["cuts"],
        hurt=len({words.partition(":")[0] for words in blind["wrong"]}),
        example=next(iter(blind["wrong"]), "nothing"),
    )


_PAGE = """\
# Power cuts

Measured {date} on {machine}, in {minutes} minutes, by

```sh
{command} --report docs/power-cuts.md
```

{total:,} cuts, each at a random moment of writing, on disks that grew old with them. After each everything was
read as mien reads it at its next start.

{table}

- **settings** (`state.json`), **library** (SQLite) and **model** (signed models that replace each other) are written side by side by
  the very code of the daemon; acknowledged is what it reported as being on the disk. Everything bears a number, so that one that
  is missing is seen.
- **volume** is set over MQTT on the real daemon; acknowledged is what it answered with `ok`.
- **cuts amid a write** found something already there that nobody had been told of: that is allowed, and shows that the moments
  were well chosen.
- **kill** is `kill -9` of the process group. **power** is ext4 on a loop file, mounted `noauto_da_alloc` (without it ext4 hides a
  missing fsync), whose power is cut by the kernel's shutdown ioctl: what was not flushed is gone, and the next mount replays the
  journal. **daemon** is `kill -9` of the process group of `mien run`.

**The test can fail**: with `eatmydata`, which lets no fsync reach the disk, {hurt} of {cuts} power cuts were noticed (the first:
*{example}*).

What this does not show: a card that lies about what it has written, or that breaks. A read-only root with a partition for the state
(`systemd/README.md`) is the answer to the first; nothing is to the second but a backup ([upkeep.md](upkeep.md)).
"""
