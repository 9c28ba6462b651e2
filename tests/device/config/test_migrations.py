"""A configuration of another version: an older one is read as it was meant, a newer one is said to be newer."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien_device.config import migrations
from mien_device.config.load import load_config
from mien_device.config.migrations import Values, migrate
from mien_models.errors import ConfigError


def test_a_newer_one_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "mien.toml"
    path.write_text("version = 2\n[mood]\nwhat_nobody_knows_yet = 1\n")
    with pytest.raises(
        ConfigError, match=r"mien\.toml: version 2 of the configuration, this mien knows 1; update mien"
    ):
        load_config(path)


@pytest.mark.parametrize("version", ['"1"', "0", "1.5"])
def test_nonsense_is_a_mistake_like_any_other(tmp_path: Path, version: str) -> None:
    path = tmp_path / "mien.toml"
    path.write_text(f"version = {version}\n")
    with pytest.raises(ConfigError, match="version"):
        load_config(path)


def test_steps_from_the_files_version_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def rename(values: Values) -> str:
        values["mood"]["dwell_s"] = values["mood"].pop("patience_s")
        return "mood.patience_s is called mood.dwell_s"

    def widen(values: Values) -> str:
        values["mood"]["dwell_s"] += 1
        return "a second is added"

    monkeypatch.setattr(migrations, "MIGRATIONS", (rename, widen))
    path = tmp_path / "mien.toml"
    old: Values = {"version": 1, "mood": {"patience_s": 3}}
    migrate(old, path)
    assert old == {"version": 3, "mood": {"dwell_s": 4}}
    assert "mood.patience_s is called mood.dwell_s" in caplog.text
    second: Values = {"version": 2, "mood": {"dwell_s": 3}}
    migrate(second, path)
    assert second == {"version": 3, "mood": {"dwell_s": 4}}
    present: Values = {"mood": {"dwell_s": 3}}
    migrate(present, path)
    assert present == {"mood": {"dwell_s": 3}}, "without a version it is of this one"
