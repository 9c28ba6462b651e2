"""New emotion models: signed, tried beside the one that runs, put in its place, and taken back if it fails.

Parts: `source` and `search` (where a model comes from, and which is offered), `store` and `versions` (models on the disk,
and which of them counts), `trial` and `shadow` (how often two of them say the same), `reader` (which one answers).
`loops/updates.py` puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from mien_models.validation import Strict


class Phase(StrEnum):
    """Where a new model stands."""

    IDLE = "idle"
    """There is none, or nobody asked for it."""
    FETCHING = "fetching"
    """It is copied or downloaded, and checked."""
    SHADOW = "shadow"
    """It runs beside the one that answers."""
    PROBATION = "probation"
    """It answers, and the one of before runs beside it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that could be installed: its manifest is signed by a key that counts."""

    name: str
    version: str
    sha256: str
    """Of the manifest."""
    place: str
    """The folder or the address of its directory."""


class Record(Strict):
    """What outlives a restart, in `update.json`. Models are named by their folder; "" is the one that came with mien."""

    current: str = ""
    """What answers."""
    previous: str | None = None
    """What answered before, for the way back; None: there is none."""
    candidate: str = ""
    """What is tried, in the shadow."""
    phase: Phase = Phase.IDLE
    starts: int = Field(0, ge=0)
    """Of the daemon in this phase that had no proper end."""
    watched_s: float = Field(0.0, ge=0)
    compared: int = Field(0, ge=0)
    agreed: int = Field(0, ge=0)
    rejected: tuple[str, ...] = ()
    """Manifests (sha256) that failed here."""
    last: str = ""
    """How the last one ended, for people."""
