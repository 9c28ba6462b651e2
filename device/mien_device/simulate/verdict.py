"""Whether mien was well again in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mien_device.home.messages import PartName
from mien_device.simulate.trace import Fault

USUAL_START_S = 8.0
"""The times of a trace hold where the daemon starts within this time. On a slower or busier machine they are as much longer as
its start is: each restart has one, and everything else waits for the same processor."""
STABLE_S = 1.0
"""All must be well for so long to count."""


@dataclass
class Outcome:
    """What a simulation showed. Times are seconds since its beginning."""

    start_s: float = 0.0
    """From the start of the process until all was well for the first time."""
    stretch: float = 1.0
    """So many times as long as it says may everything take."""
    faults: list[dict[str, object]] = field(default_factory=list)
    """One for each fault: what it was, when the home was told, how long after its end all was well, and whether in time."""
    ends: list[int] = field(default_factory=list)
    """Exit codes: each is a restart of the process."""
    silence_s: float = 0.0
    """The longest time in which mien looked at nobody."""
    kept: bool = True
    """Whether what was set, and said to be kept, was there at the end."""
    stopped: int | None = None
    """Exit code when it was stopped at the end."""
    trouble: str | None = None
    """What was still wrong at the end."""

    @property
    def ok(self) -> bool:
        """Whether it showed what it must."""
        return self.kept and self.trouble is None and self.stopped == 0 and all(fault["ok"] for fault in self.faults)


def clusters(faults: Sequence[Fault], stretch: float = 1.0) -> list[list[Fault]]:
    """Faults that come before the ones before them had time to heal are judged together, from the end of the last of them."""
    groups: list[list[Fault]] = []
    for fault in sorted(faults, key=lambda fault: fault.at_s):
        if groups and fault.at_s < due_s(groups[-1], stretch):
            groups[-1].append(fault)
        else:
            groups.append([fault])
    return groups


def due_s(group: Sequence[Fault], stretch: float = 1.0) -> float:
    """When all must be well again."""
    return max(fault.end_s for fault in group) + stretch * max(fault.recover_s for fault in group)


def stretch_for(start_s: float) -> float:
    """By how much the times of a trace are longer where the daemon needs so long to start."""
    return max(1.0, round(start_s / USUAL_START_S, 2))


def judge(
    fault: Fault,
    group: Sequence[Fault],
    well_at_s: float | None,
    told: Sequence[tuple[float, PartName]],
    stretch: float = 1.0,
) -> dict[str, object]:
    """What became of a fault. `well_at_s`: when all was well after the whole group, None if it never was."""
    part, end_s = fault.kind.tells, max(each.end_s for each in group)
    recover_s = max(each.recover_s for each in group)
    noticed = [at - fault.at_s for at, name in told if name == part and fault.at_s <= at]
    noticed_s = round(min(noticed), 1) if noticed else None
    recovered_s = None if well_at_s is None else round(max(0.0, well_at_s - end_s), 1)
    in_time = recovered_s is not None and recovered_s <= stretch * recover_s
    told_in_time = fault.notice_s is None or (noticed_s is not None and noticed_s <= stretch * fault.notice_s)
    return {
        "kind": str(fault.kind),
        "at_s": fault.at_s,
        "for_s": fault.for_s,
        "noticed_s": noticed_s,
        "recovered_s": recovered_s,
        "recover_s": recover_s,
        "ok": in_time and told_in_time,
    }
