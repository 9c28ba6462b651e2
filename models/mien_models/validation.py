"""Strict reading of files that people write: all mistakes at once, each with its place and the nearest known key."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError


class Strict(BaseModel):
    """A frozen record in which an unknown key is a mistake, never a silent no-op."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One sentence for each mistake that pydantic found while it read a `model`, none of them quoting the value.

    Values are left out on purpose: one of them may be a password.
    """
    return [_sentence(item["type"], item["loc"], item["msg"], model) for item in error.errors(include_input=False)]


def _sentence(kind: str, location: Sequence[int | str], message: str, model: type[BaseModel]) -> str:
    place = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        parent = _descend(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), list(parent.model_fields) if parent else [], n=1)
        return f"unknown key '{place}'" + (f", did you mean '{near[0]}'?" if near else "")
    if kind == "missing":
        return f"'{place}' is missing"
    message = message.removeprefix("Value error, ")
    return f"'{place}': {message}" if place else message


def _descend(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """The record that holds the key at `location`, found by walking the field types."""
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or current is None:
            continue  # a position in a list: its items have the type that the walk already holds
        field = current.model_fields.get(part)
        current = _record_type(field.annotation) if field else None
    return current


def _record_type(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _record_type(inner):
            return found
    return None
