"""What benchmarks/arm64.py compares is there for every shipped kind of model. The comparison itself takes an emulated machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

OUTPUTS = Path(__file__).parents[2] / "benchmarks" / "subjects" / "int8_outputs.py"


def test_the_shipped_models_answer_to_what_is_compared() -> None:
    run = subprocess.run([sys.executable, str(OUTPUTS)], capture_output=True, text=True, check=True)
    outputs = json.loads(run.stdout)["outputs"]
    assert set(outputs) == {"emotion", "faces", "crops", "music"}
    assert all(len(answers) > 3 and answers[0] != answers[1] for answers in outputs.values())
