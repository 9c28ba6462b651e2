"""Models are found by the name of a shipped one, or by a path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mien_models import shipped
from mien_models.errors import ModelError
from mien_models.manifest import load_any_manifest
from tests.make_tiny_model import TINY_MODEL


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package directory with two models and something else in it."""
    for name in ("emotion", "nano"):
        shutil.copytree(TINY_MODEL, tmp_path / name)
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    return tmp_path


def test_shipped_models_are_found_by_name(package: Path) -> None:
    assert shipped.shipped_models() == ("emotion", "nano")
    assert shipped.find_model("nano") == package / "nano"


def test_any_directory_is_found_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))

    assert shipped.find_model(str(tmp_path / "mine")) == tmp_path / "mine"
    assert shipped.find_model("~/mine") == tmp_path / "mine"


@pytest.mark.usefixtures("package")
def test_anything_else_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ModelError, match=r"emotoin: neither .*shipped: emotion, nano"):
        shipped.find_model("emotoin")


def test_what_is_shipped_is_whole() -> None:
    for name in shipped.shipped_models():
        load_any_manifest(shipped.find_model(name))
