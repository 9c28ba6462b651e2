"""What a user installs: one wheel with the `device` extra, and nothing of training in reach."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LEAK = """
import importlib.util, sys
from pathlib import Path
import mien_device.__main__, mien_device.daemon, mien_device.demo.show, mien_device.commands.check, mien_models.runner
print([name for name in ("tensorflow", "keras", "matplotlib") if importlib.util.find_spec(name)],
      [name for name in sys.modules if name.partition(".")[0] in {"tensorflow", "keras", "mien_training", "mien_convert"}])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel's `device` extra."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("mien-*.whl")
    venv.create(folder / "venv", with_pip=True)
    interpreter = folder / "venv" / "bin" / "python"
    install = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[device]"]
    subprocess.run(install, check=True, capture_output=True, text=True, cwd=folder)
    return interpreter


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_alone_runs_the_demo(python: Path, tmp_path: Path) -> None:
    mien = [python.with_name("mien"), "demo", "--seconds", "10", "--json"]
    run = subprocess.run(
        mien, capture_output=True, text=True, cwd=tmp_path, env=bare(tmp_path), timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    moods = [m["payload"]["mood"] for m in messages if m["payload"].get("event_type") == "mood_changed"]
    assert moods, run.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_training_library_can_be_imported_by_accident(python: Path, tmp_path: Path) -> None:
    command = [python, "-c", LEAK]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=bare(tmp_path), check=True)
    assert run.stdout.strip() == "[] []"


def bare(home: Path) -> dict[str, str]:
    """An environment with nothing of this checkout in it."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "SDL_AUDIODRIVER": "dummy"}
