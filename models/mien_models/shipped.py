"""The models that come with mien: found by name, so that `emotion` works wherever a model directory does."""

from __future__ import annotations

from pathlib import Path

from mien_models.errors import ModelError
from mien_models.files import user_path
from mien_models.manifest import MANIFEST_NAME

_HERE = Path(__file__).parent


def shipped_models() -> tuple[str, ...]:
    """The names of the models in the package, sorted."""
    return tuple(sorted(path.parent.name for path in _HERE.glob(f"*/{MANIFEST_NAME}")))


def find_model(name_or_directory: str) -> Path:
    """The directory of a shipped model by its name, or of any other by its path.

    Raises:
        ModelError: there is neither.

    """
    if name_or_directory in shipped_models():
        return _HERE / name_or_directory
    directory = user_path(name_or_directory)
    if directory.is_dir():
        return directory
    raise ModelError(
        f"{name_or_directory}: neither a model directory nor a shipped model (shipped: {', '.join(shipped_models()) or 'none'})"
    )
