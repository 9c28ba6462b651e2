"""The page of faults says what the simulations showed, the bad with the good."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

from benchmarks.faults import kept_in, random_pairs
from benchmarks.faults_page import page
from mien_device.simulate.trace import load_trace, shipped_traces


def result(name: str, trace: Any, *, ok: bool = True) -> dict[str, Any]:
    faults = [
        {"kind": str(fault.kind), "noticed_s": 1.0, "recovered_s": 2.5 if ok else None, "recover_s": fault.recover_s}
        for fault in trace.fault
    ]
    return {
        "name": name,
        "ok": ok,
        "start_s": 3.0,
        "faults": faults,
        "ends": [] if ok else [6],
        "silence_s": 1.2,
        "kept": ok,
        "trouble": None if ok else "the camera is offline",
        "stopped": 0,
    }


def test_pairs_are_the_same_for_a_seed_and_differ_in_kind() -> None:
    alone = [load_trace(name) for name in shipped_traces()]
    one, two = (dict(itertools.islice(random_pairs(alone, random.Random(8)), 50)) for _ in range(2))
    assert one == two
    assert all(len({fault.kind for fault in trace.fault}) == 2 for trace in one.values())
    assert len({fault.kind for trace in one.values() for fault in trace.fault}) == 14, "all of them come up"


def test_what_failed_stands_on_the_page() -> None:
    alone = {name: load_trace(name) for name in shipped_traces()}
    pairs = dict(itertools.islice(random_pairs(list(alone.values()), random.Random(8)), 2))
    first, second = pairs
    results = {name: result(name, trace, ok=name != second) for name, trace in [*alone.items(), *pairs.items()]}
    text = page(alone, results, list(pairs), seed=8, jobs=1)
    assert "1 of\n2 were well in time" in text
    assert second in text
    assert first not in text
    assert "the camera is offline" in text
    assert f"was lost in {second}" in text
    assert "| inf |" in text, "what was never well is no good median"
    assert text.count("| camera-hung |") >= 1


def test_a_line_that_was_cut_off_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text(json.dumps({"name": "a", "ok": True}) + '\n{"name": "b", "o')
    assert set(kept_in(path)) == {"a"}
    assert kept_in(None) == {}
