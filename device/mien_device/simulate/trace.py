"""A trace: what breaks, when, for how long, and how soon mien must be well again."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from mien_device.home.messages import PartName
from mien_models.errors import DataError
from mien_models.validation import Strict, explain


class Kind(StrEnum):
    """What can break."""

    CAMERA_UNPLUGGED = "camera-unplugged"
    """It is gone, and cannot be opened."""
    CAMERA_HUNG = "camera-hung"
    """Its driver answers no call any more, not even the one that closes it."""
    CAMERA_SILENT = "camera-silent"
    """It is open and gives no frame: 0 a second."""
    CAMERA_STALE = "camera-stale"
    """It gives its last picture again and again."""
    CAMERA_BLACK = "camera-black"
    """It gives black pictures."""
    BROKER_AWAY = "broker-away"
    """The broker has ended."""
    CLOCK_JUMP = "clock-jump"
    """The time of day is wrong by `ahead_s`."""
    ACCELERATOR_GONE = "accelerator-gone"
    """The Coral is pulled out: each call fails."""
    ACCELERATOR_HUNG = "accelerator-hung"
    """It answers no call any more."""
    ACCELERATOR_CRASH = "accelerator-crash"
    """Its library takes the process down."""
    DISK_FULL = "disk-full"
    """Not a byte is left where mien keeps what it remembers."""
    SOUND_GONE = "sound-gone"
    """The sound card is pulled out."""
    BOARD_HOT = "board-hot"
    """The processor has 79 °C."""
    POWER_LOW = "power-low"
    """The supply gives too little voltage."""

    @property
    def tells(self) -> PartName | None:
        """The part that the home is told of; None where there is nobody to tell, or nothing."""
        first = self.value.partition("-")[0]
        words: dict[str, PartName] = {
            "camera": "camera", "accelerator": "accelerator", "disk": "disk", "sound": "sound", "board": "heat", "power": "power",
        }  # fmt: skip
        return words.get(first)


class Fault(Strict):
    """Something that breaks."""

    kind: Kind
    at_s: float = Field(ge=0)
    """Seconds after mien is well for the first time."""
    for_s: float = Field(gt=0, le=3600)
    ahead_s: float = 0.0
    """Of a `clock-jump`: by so much the clock is ahead of what it was; it may be behind."""
    notice_s: float | None = Field(None, gt=0)
    """The home is told within this time. Not set: whenever."""
    recover_s: float = Field(gt=0)
    """So soon after its end all must be as before."""

    @property
    def end_s(self) -> float:
        return self.at_s + self.for_s


class Trace(Strict):
    """The whole file."""

    version: Literal[1] = 1
    says: str = ""
    """What it shows, in a sentence."""
    source: str = "demo"
    """What the camera sees: demo (generated faces), or replay:PATH, from the trace's folder."""
    faces: bool = True
    """Whether somebody is in view all the time; with footage mostly not."""
    fault: tuple[Fault, ...] = Field(min_length=1)


def load_trace(name: str) -> Trace:
    """The trace in the file of this name, or the one of this name that is shipped.

    Raises:
        DataError: there is none, or it has mistakes; all of them are named at once.

    """
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8") if path.suffix or path.exists() else _shipped(name)
        trace = Trace.model_validate(tomllib.loads(text))
    except OSError as error:
        raise DataError(f"{name}: {error.strerror}; `mien simulate --list` names those that are shipped") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{name}: not valid TOML: {error}") from None
    except ValidationError as error:
        raise DataError(f"{name}: {'; '.join(explain(error, Trace))}") from None
    kind, _, place = trace.source.partition(":")
    if kind == "replay" and place:
        return trace.model_copy(update={"source": f"replay:{(path.parent / place).resolve()}"})
    if trace.source != "demo":
        raise DataError(f"{name}: 'source' is {trace.source!r}; must be demo or replay:PATH")
    return trace


def shipped_traces() -> list[str]:
    """The names of those that come with mien: each fault alone."""
    return sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml"))


def _shipped(name: str) -> str:
    if name not in shipped_traces():
        raise DataError(f"{name}: no such trace; name a file, or one of {', '.join(shipped_traces())}")
    return _folder().joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _folder() -> resources.abc.Traversable:
    return resources.files("mien_device.simulate").joinpath("traces")
